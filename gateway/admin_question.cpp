#include "gateway/admin_question.h"

#include "s3/uri.h"

#include <charconv>
#include <map>
#include <string>

#include <boost/asio/ip/address.hpp>
#include <boost/beast/core/string.hpp>

namespace sallyport::gateway {
namespace {

constexpr std::uint64_t latest_time = 253'402'300'799;  // 9999-12-31

pki::Error fault(const std::string& what) {
    return {pki::Fault::input, what + "\n"};
}

std::optional<std::uint64_t> number_in(const std::string& text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || number < least || number > most)
        return {};
    return number;
}

/// One parameter of a view of devices; an error in words when it is none.
pki::Result<void> take(InventoryQuestion& question, const std::string& name, const std::string& value) {
    if (name == "format") {
        if (value == "csv" && question.view == InventoryQuestion::View::devices) {
            question.format = InventoryQuestion::Format::csv;
        } else if (value != "json") {
            return fault("format is json, or, with view=devices, csv");
        }
    } else if (name == "after") {
        if (value.size() > max_device_bytes) return fault("after is the id of a device");
        question.after = value;
    } else if (name == "limit") {
        const auto limit = number_in(value, 1, max_page_rows);
        if (!limit) return fault("limit is a number from 1 to " + std::to_string(max_page_rows));
        question.limit = static_cast<std::size_t>(*limit);
    } else if (name == "since") {
        const auto since = number_in(value, 0, latest_time);
        if (!since) return fault("since is a time in seconds since 1970");
        question.since = std::chrono::sys_seconds(std::chrono::seconds(*since));
    } else {
        return fault("a view of devices has the parameters format, after, limit and since");
    }
    return {};
}

pki::Result<AdminQuestion> read_view(std::string_view query) {
    const auto parsed = s3::parse_query(query);
    if (!parsed) return fault("the query cannot be read");
    std::map<std::string, std::string> parameters;
    for (const s3::QueryParameter& parameter : *parsed) {
        if (parameter.value.empty() || !parameters.emplace(parameter.name, parameter.value).second)
            return fault("each parameter has a value, once");
    }
    const auto view = parameters.extract("view");
    if (!view) return fault("which view? /status?view=devices, view=shadow or view=events");
    if (view.mapped() == "events") {
        if (!parameters.empty()) return fault("view=events has no parameters");
        return AdminQuestion(AdminPage::events);
    }
    InventoryQuestion question;
    if (view.mapped() == "shadow") {
        question.view = InventoryQuestion::View::shadow;
    } else if (view.mapped() != "devices") {
        return fault("the views are devices, shadow and events");
    }
    for (const auto& [name, value] : parameters) {
        if (auto taken = take(question, name, value); !taken) return taken.error();
    }
    return AdminQuestion(std::move(question));
}

}  // namespace

pki::Result<AdminQuestion> read_admin_target(std::string_view target) {
    constexpr std::string_view views = "/status?";
    if (target.starts_with(views)) return read_view(target.substr(views.size()));
    static constexpr std::pair<std::string_view, AdminPage> pages[] = {{"/", AdminPage::status_page},
                                                                       {"/metrics", AdminPage::metrics},
                                                                       {"/healthz", AdminPage::healthz},
                                                                       {"/readyz", AdminPage::readyz},
                                                                       {"/status", AdminPage::status}};
    for (const auto& [path, page] : pages) {
        if (target == path) return AdminQuestion(page);
    }
    return AdminQuestion(AdminPage::nothing);
}

bool is_address_or_localhost(std::string_view host) {
    const bool is_v6 = host.starts_with('[');
    const std::size_t end = is_v6 ? host.find(']') : host.rfind(':');
    std::string_view name = host.substr(0, end);
    if (is_v6) name.remove_prefix(1);
    const std::string_view port = end == host.npos ? "" : host.substr(is_v6 ? end + 1 : end);
    const bool is_port =
        port.starts_with(':') && port.size() > 1 && port.find_first_not_of("0123456789", 1) == port.npos;
    if ((is_v6 && end == host.npos) || !(port.empty() || is_port)) return false;
    boost::system::error_code code;
    const auto address = boost::asio::ip::make_address(std::string(name), code);
    if (!code) return address.is_v6() == is_v6;
    return !is_v6 && boost::beast::iequals({name.data(), name.size()}, "localhost");
}

}  // namespace sallyport::gateway
