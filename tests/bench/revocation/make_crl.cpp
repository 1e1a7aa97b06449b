#include "pki/certificate.h"
#include "pki/file.h"
#include "pki/key.h"
#include "tests/bench/revocation/random_crl.h"

#include <chrono>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace {

using namespace sallyport;

constexpr int exit_wrong_input = 2;
constexpr int exit_runtime = 3;
constexpr std::size_t max_pem_bytes = 1U << 20U;
constexpr std::chrono::days default_lifetime{30};

struct Arguments {
    std::string certificate;
    std::string key;
    std::string out;
    std::string format = "pem";
    std::int64_t this_update = 0;
    std::int64_t next_update = 0;
    unsigned reason = static_cast<unsigned>(pki::CrlReason::none);
    std::vector<std::string> serials;
    bench::RandomCrl crl;
};

struct Authority {
    pki::CertificatePtr certificate;
    pki::KeyPtr key;
};

pki::Result<Authority> read_authority(const Arguments& arguments) {
    const auto certificate_pem = pki::read_file(arguments.certificate, max_pem_bytes);
    if (!certificate_pem) return certificate_pem.error();
    auto certificates = pki::parse_certificates(*certificate_pem, arguments.certificate);
    if (!certificates) return certificates.error();
    auto key_pem = pki::read_secret_file(arguments.key, max_pem_bytes);
    if (!key_pem) return key_pem.error();
    auto key = pki::parse_private_key(*key_pem, arguments.key);
    pki::wipe(*key_pem);
    if (!key) return key.error();
    if (!pki::key_matches(**key, *certificates->front()))
        return pki::Error{pki::Fault::input, arguments.key + ": not the key of " + arguments.certificate};
    return Authority{std::move(certificates->front()), std::move(*key)};
}

pki::Result<std::string> serial_of(const std::string& hex) {
    long size = 0;
    const pki::BufferPtr octets(OPENSSL_hexstr2buf(hex.c_str(), &size));
    if (!octets || size == 0) {
        pki::take_openssl_errors("");
        return pki::Error{pki::Fault::input, "not a serial number in hex: " + hex};
    }
    std::string serial(1, '\0');  // what minimal_integer takes away where it is not needed
    serial.append(reinterpret_cast<const char*>(octets.get()), static_cast<std::size_t>(size));
    const auto minimal =
        pki::minimal_integer({reinterpret_cast<const std::uint8_t*>(serial.data()), serial.size()});
    return std::string(minimal.begin(), minimal.end());
}

pki::Result<void> write(const Arguments& arguments, const bench::RandomCrl& crl, const Authority& authority) {
    std::ofstream file(arguments.out, std::ios::binary | std::ios::trunc);
    const auto sink = [&](std::string_view block) {
        file.write(block.data(), static_cast<std::streamsize>(block.size()));
    };
    const auto write_crl = arguments.format == "der" ? bench::write_der : bench::write_pem;
    write_crl(crl, *authority.certificate, *authority.key, sink);
    file.close();
    if (!file) return pki::Error{pki::Fault::runtime, arguments.out + ": cannot write"};
    return {};
}

pki::Result<void> run(const Arguments& arguments) {
    const auto authority = read_authority(arguments);
    if (!authority) return authority.error();
    bench::RandomCrl crl = arguments.crl;
    for (const std::string& hex : arguments.serials) {
        const auto serial = serial_of(hex);
        if (!serial) return serial.error();
        crl.also.push_back(*serial);
    }
    crl.reason = static_cast<pki::CrlReason>(arguments.reason);
    crl.this_update = std::chrono::sys_seconds(std::chrono::seconds(arguments.this_update));
    crl.next_update = arguments.next_update != 0
                          ? std::chrono::sys_seconds(std::chrono::seconds(arguments.next_update))
                          : crl.this_update + default_lifetime;
    return write(arguments, crl, *authority);
}

void declare(CLI::App& app, Arguments& arguments) {
    app.add_option("--ca-cert", arguments.certificate, "certificate of the CA that signs, PEM")->required();
    app.add_option("--ca-key", arguments.key, "its private key, PEM")->required();
    app.add_option("--out", arguments.out, "the CRL")->required();
    app.add_option("--format", arguments.format, "pem or der")->check(CLI::IsMember({"pem", "der"}));
    app.add_option("--entries", arguments.crl.entries, "how many random serials");
    app.add_option("--serial-octets", arguments.crl.serial_octets, "their length; default 16")
        ->check(CLI::Range(bench::RandomSerials::min_octets, bench::RandomSerials::max_octets));
    app.add_option("--seed", arguments.crl.seed, "of the random serials; default 1");
    app.add_option("--number", arguments.crl.number, "CRL number; default 1");
    app.add_option("--this-update", arguments.this_update, "in seconds since 1970; default now");
    app.add_option("--next-update", arguments.next_update, "the same; default 30 days later");
    app.add_option("--reason", arguments.reason, "reason code of each entry; default none")
        ->check(CLI::Range(0, 10));
    app.add_option("--serial", arguments.serials, "a serial in hex that must be listed; may be repeated");
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app{"Makes a large CRL of random serial numbers."};
    Arguments arguments;
    arguments.this_update = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    declare(app, arguments);
    try {
        app.parse(argc, argv);
        const auto done = run(arguments);
        if (done) return 0;
        std::cerr << "bench_make_crl: " << done.error().message << '\n';
        return done.error().fault == pki::Fault::input ? exit_wrong_input : exit_runtime;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : exit_wrong_input;
    } catch (const std::exception& error) {
        std::cerr << "bench_make_crl: " << error.what() << '\n';
        return exit_runtime;
    }
}
