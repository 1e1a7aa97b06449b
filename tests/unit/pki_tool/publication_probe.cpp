// Drives the publication of CRLs as a program, for end-to-end tests. Not a product.
//   publish CONFIG ISSUER.pem|- NAME=FILE...   one line of JSON for each repository
//   wait CONFIG ISSUER NUMBER PATIENCE_MS       says "ready", waits for a line on standard input, then one
//   line
//                                               of JSON for each answer that is another one, and one at the
//                                               end
#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/tool/publication/gateway_watch.h"
#include "pki/tool/publication/publish.h"

#include <iostream>
#include <stdexcept>
#include <vector>

#include <boost/json.hpp>

namespace sallyport::pki {
namespace {

namespace json = boost::json;

constexpr std::size_t max_file = std::size_t{256} << 20U;

template <class T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return std::move(*result);
}

PublicationSettings read_settings(const std::string& file) {
    config::Faults faults(file);
    const auto node = config::parse_yaml(must(read_file(file, max_file)), faults);
    PublicationSettings settings;
    if (node) {
        config::MapReader map(*node, "", faults);
        settings = read_publication(map, config::ConfigurationPaths(file));
        map.finish();
    }
    for (const std::string& fault : faults.messages())
        std::cerr << fault << '\n';
    if (!faults.empty()) throw std::runtime_error("the configuration is not used");
    return settings;
}

json::object object_of(const FileOutcome& file) {
    return {{"name", file.name},
            {"placement", std::string(to_string(file.placement))},
            {"detail", file.detail},
            {"missing", file.missing}};
}

int publish_files(const std::vector<std::string>& arguments) {
    const PublicationSettings settings = read_settings(arguments.at(0));
    CertificatePtr issuer;
    if (arguments.at(1) != "-") {
        issuer = std::move(
            must(parse_certificates(must(read_file(arguments[1], max_file)), arguments[1])).front());
    }
    std::vector<CrlFile> files;
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        const auto equals = arguments[i].find('=');
        files.push_back({arguments[i].substr(0, equals),
                         must(read_file(arguments[i].substr(equals + 1), max_file)), issuer.get()});
    }
    std::vector<std::unique_ptr<Repository>> repositories;
    for (const auto& [one, authorities] : settings.places)
        repositories.push_back(must(open_repository(one)));
    bool in_place = true;
    for (const RepositoryOutcome& outcome : must(publish(files, repositories, {}))) {
        json::array placed;
        for (const FileOutcome& file : outcome.files)
            placed.push_back(object_of(file));
        std::cout << json::object{{"repository", outcome.repository},
                                  {"in_place", outcome.in_place()},
                                  {"files", std::move(placed)},
                                  {"manifest", object_of(outcome.manifest)}}
                  << '\n';
        in_place = in_place && outcome.in_place();
    }
    return in_place ? 0 : 1;
}

json::object object_of(const GatewayAnswer& answer, const WantedCrl& wanted, bool is_last) {
    static constexpr const char* kinds[] = {"enforced", "behind", "refused", "unreachable"};
    return {{"gateway", answer.gateway},
            {"kind", kinds[static_cast<int>(answer.kind)]},
            {"number", answer.number},
            {"reason", answer.reason},
            {"after_ms", answer.after.count()},
            {"text", describe(answer, wanted)},
            {"last", is_last}};
}

int wait_for_number(const std::vector<std::string>& arguments) {
    const PublicationSettings settings = read_settings(arguments.at(0));
    auto watch = must(GatewayWatch::begin(settings.gateways));
    std::cout << "ready" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    const WantedCrl wanted{arguments.at(1), arguments.at(2)};
    const std::chrono::milliseconds patience(std::stol(arguments.at(3)));
    bool all = true;
    const auto say = [&](const GatewayAnswer& answer) {
        std::cout << object_of(answer, wanted, false) << std::endl;
    };
    for (const GatewayAnswer& answer : watch.wait_for(wanted, patience, say)) {
        std::cout << object_of(answer, wanted, true) << '\n';
        all = all && answer.kind == GatewayAnswer::Kind::enforced;
    }
    return all ? 0 : 1;
}

}  // namespace
}  // namespace sallyport::pki

int main(int count, char** words) {
    try {
        const std::vector<std::string> arguments(words + 1, words + count);
        const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
        return arguments.at(0) == "publish" ? sallyport::pki::publish_files(rest)
                                            : sallyport::pki::wait_for_number(rest);
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 2;
    }
}
