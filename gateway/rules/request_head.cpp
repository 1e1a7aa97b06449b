#include "gateway/rules/request_head.h"

#include "pki/server_name.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sallyport::gateway {
namespace {

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

Denial malformed(std::string detail) {
    return bad_request(Reason::malformed, std::move(detail));
}

/// What a parser may forgive and a store behind us may read differently.
std::optional<Denial> check_bytes(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto c = static_cast<unsigned char>(raw[i]);
        if (c >= 0x20 && c != 0x7F) continue;  // almost every one
        if (c == '\n') {
            if (i == 0 || raw[i - 1] != '\r') return malformed("a line that does not end with CR LF");
            if (i + 1 < raw.size() && (raw[i + 1] == ' ' || raw[i + 1] == '\t'))
                return malformed("a folded line");
        } else if (c == '\r') {
            if (i + 1 == raw.size() || raw[i + 1] != '\n') return malformed("a CR without LF");
        } else if (c != '\t') {
            return malformed("a control byte in the head");
        }
    }
    return std::nullopt;
}

std::optional<Denial> check_target(std::string_view target) {
    if (!target.starts_with('/')) return malformed("the request target is not in origin form");
    const auto visible = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
    if (!std::ranges::all_of(target, visible))
        return malformed("a byte in the request target that must be encoded");
    return std::nullopt;
}

/// Fields that decide something: what a message is, what it asks for, for whom.
constexpr std::string_view guarded_names[] = {
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "expect",
    "host",
    "if-match",
    "if-none-match",
    "keep-alive",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
};
constexpr std::string_view guarded_beginnings[] = {"x-amz-", "x-http-method", "x-method-override",
                                                   "x-original-url", "x-rewrite-url"};

/// Some stores turn every `-` of a name into `_` (or the reverse), so `x_amz_copy_source` is a copy.
std::optional<Denial> check_name(std::string_view name) {
    if (name.find('_') == name.npos) return std::nullopt;
    std::string mapped(name);
    std::ranges::transform(mapped, mapped.begin(), [](char c) { return c == '_' ? '-' : lower(c); });
    if (std::ranges::any_of(guarded_beginnings,
                            [&](auto beginning) { return mapped.starts_with(beginning); }) ||
        std::ranges::find(guarded_names, mapped) != std::end(guarded_names)) {
        return malformed("a field name that some stores read as " + mapped);
    }
    return std::nullopt;
}

/// The tokens of a comma-separated list (RFC 9110 5.6.1), empty ones left out.
std::vector<std::string_view> tokens(std::string_view list) {
    std::vector<std::string_view> found;
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        std::string_view token = list.substr(0, comma);
        list.remove_prefix(std::min(comma + 1, list.size()));
        while (!token.empty() && (token.front() == ' ' || token.front() == '\t'))
            token.remove_prefix(1);
        while (!token.empty() && (token.back() == ' ' || token.back() == '\t'))
            token.remove_suffix(1);
        if (!token.empty()) found.push_back(token);
    }
    return found;
}

/// The name of a uri-host [":" port] in lower case, IPv6 addresses in brackets; empty when it is none.
std::string host_name(std::string_view value) {
    const auto end_of_name =
        value.starts_with('[') ? value.find(']') + 1 : std::min(value.find(':'), value.size());
    const std::string_view port = value.substr(end_of_name);
    std::string name(value.substr(0, end_of_name));
    std::ranges::transform(name, name.begin(), lower);
    if (!port.empty()) {
        unsigned number = 0;
        const char* last = port.data() + port.size();
        const auto [end, error] = std::from_chars(port.data() + 1, last, number);
        // Nor with leading zeros: whoever compares texts would take it for another port.
        if (port.size() < 2 || port[1] == '0' || error != std::errc{} || end != last || number == 0 ||
            number > 65535)
            return "";
    }
    return name;
}

class HeadJudge {
  public:
    HeadJudge(const RequestHead& head, const HostNames& hosts, std::string_view server_name)
        : head_(head), hosts_(hosts), server_name_(server_name) {
        delivery_.keep_alive = head.version >= 11;
    }

    Result<Delivery> judge() {
        for (const HeaderField& field : head_.fields) {
            if (auto denial = check_name(field.name)) return *denial;
            if (auto denial = judge_field(field)) return *denial;
        }
        if (delivery_.host.empty()) return malformed("no Host");
        if (has_length_ && chunked_) return malformed("Content-Length and Transfer-Encoding at once");
        if (chunked_ && head_.version < 11) return malformed("Transfer-Encoding in HTTP/1.0");
        if (has_length_) delivery_.framing = Framing::length;
        if (chunked_) delivery_.framing = Framing::chunked;
        const bool has_body = chunked_ || delivery_.content_length > 0;
        if (has_body && (head_.method == "GET" || head_.method == "HEAD")) {
            return malformed("a body in a " + std::string(head_.method) + " request");
        }
        if (delivery_.expects_continue && !has_body) delivery_.expects_continue = false;
        return delivery_;
    }

  private:
    std::optional<Denial> judge_field(const HeaderField& field) {
        if (equals_ignoring_case(field.name, "Host")) return judge_host(field.value);
        if (equals_ignoring_case(field.name, "Content-Length")) return judge_length(field.value);
        if (equals_ignoring_case(field.name, "Transfer-Encoding")) return judge_coding(field.value);
        if (equals_ignoring_case(field.name, "Connection")) return judge_connection(field.value);
        if (equals_ignoring_case(field.name, "Upgrade")) return malformed("Upgrade is not served");
        if (equals_ignoring_case(field.name, "Trailer")) return malformed("trailer fields are not served");
        if (equals_ignoring_case(field.name, "Authorization")) {
            if (has_authorization_) return malformed("two Authorization fields");
            has_authorization_ = true;
        }
        if (equals_ignoring_case(field.name, "Expect")) {
            if (!equals_ignoring_case(field.value, "100-continue")) {
                return Denial{Reason::malformed, 417, "InvalidRequest", "Unknown expectation",
                              "an unknown expectation"};
            }
            delivery_.expects_continue = head_.version >= 11;
        }
        return std::nullopt;
    }

    std::optional<Denial> judge_host(std::string_view value) {
        if (!delivery_.host.empty()) return malformed("two Host fields");
        const std::string name = host_name(value);
        const auto suits = [&](const std::string& host) {
            return pki::fit_of(host, name) != pki::NameFit::none;
        };
        const bool ours = std::ranges::any_of(hosts_, suits);
        if (!ours || (!server_name_.empty() && !equals_ignoring_case(name, server_name_))) {
            return Denial{Reason::malformed, 421, "InvalidRequest",
                          "This gateway does not answer to that host name",
                          ours ? "a Host that is not the server name of the handshake"
                               : "a Host that is none of this listener's names"};
        }
        delivery_.host = value;
        return std::nullopt;
    }

    std::optional<Denial> judge_length(std::string_view value) {
        if (has_length_) return malformed("two Content-Length fields");
        has_length_ = true;
        const auto length = parse_content_length(value);
        if (!length) return malformed("a bad Content-Length");
        delivery_.content_length = *length;
        return std::nullopt;
    }

    std::optional<Denial> judge_coding(std::string_view value) {
        if (chunked_ || !equals_ignoring_case(value, "chunked"))
            return malformed("a transfer coding other than chunked");
        chunked_ = true;
        return std::nullopt;
    }

    std::optional<Denial> judge_connection(std::string_view value) {
        for (const std::string_view option : tokens(value)) {
            if (equals_ignoring_case(option, "close")) {
                delivery_.keep_alive = false;
            } else if (equals_ignoring_case(option, "keep-alive")) {
                if (head_.version < 11) delivery_.keep_alive = true;
            } else if (!equals_ignoring_case(option, "TE")) {
                // Taking away the field that it names could take away what a signature covers.
                return malformed("an unknown Connection option");
            }
        }
        return std::nullopt;
    }

    const RequestHead& head_;
    const HostNames& hosts_;
    std::string_view server_name_;
    Delivery delivery_;
    bool has_length_ = false;
    bool chunked_ = false;
    bool has_authorization_ = false;
};

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && std::ranges::equal(a, b, {}, lower, lower);
}

const HeaderField* RequestHead::find(std::string_view name) const noexcept {
    const auto found =
        std::ranges::find_if(fields, [&](const auto& f) { return equals_ignoring_case(f.name, name); });
    return found == fields.end() ? nullptr : &*found;
}

Result<Delivery> judge_head(std::string_view raw, const RequestHead& head, const HostNames& hosts,
                            std::string_view server_name) {
    if (auto denial = check_bytes(raw)) return *denial;
    constexpr std::string_view methods[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};
    if (std::ranges::find(methods, head.method) == std::end(methods)) {
        return method_not_allowed("method " + std::string(head.method.substr(0, 16)));
    }
    if (auto denial = check_target(head.target)) return *denial;
    return HeadJudge(head, hosts, server_name).judge();
}

std::optional<std::uint64_t> parse_content_length(std::string_view value) noexcept {
    std::uint64_t length = 0;
    const char* last = value.data() + value.size();
    const auto [end, error] = std::from_chars(value.data(), last, length);
    const bool canonical = value.size() == 1 || !value.starts_with('0');
    if (value.empty() || !canonical || error != std::errc{} || end != last) return std::nullopt;
    return length;
}

bool is_hop_by_hop(std::string_view name) noexcept {
    constexpr std::string_view names[] = {"Connection",
                                          "Content-Length",
                                          "Keep-Alive",
                                          "Proxy-Connection",
                                          "Proxy-Authenticate",
                                          "Proxy-Authorization",
                                          "TE",
                                          "Trailer",
                                          "Transfer-Encoding",
                                          "Upgrade"};
    return std::ranges::any_of(names,
                               [&](std::string_view known) { return equals_ignoring_case(known, name); });
}

}  // namespace sallyport::gateway
