#include "gateway/rules/header_rules.h"

#include "s3/error_document.h"

#include <algorithm>
#include <optional>

namespace sallyport::gateway {
namespace {

/// A head, with room for a small object behind it.
constexpr std::size_t usual_answer_bytes = 3072;

void append(std::string& out, std::initializer_list<std::string_view> parts) {
    for (const std::string_view part : parts)
        out += part;
}

void append_end_to_end(std::string& out, const std::vector<HeaderField>& fields) {
    for (const HeaderField& field : fields) {
        if (!is_hop_by_hop(field.name)) append(out, {field.name, ": ", field.value, "\r\n"});
    }
}

std::optional<Denial> check_answer_bytes(std::string_view raw) {
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto c = static_cast<unsigned char>(raw[i]);
        if (c >= 0x20 && c != 0x7F) continue;  // almost every one
        const char next = i + 1 < raw.size() ? raw[i + 1] : '\0';
        if (c == '\n' && (i == 0 || raw[i - 1] != '\r'))
            return bad_gateway("a bare LF in the store's answer");
        if (c == '\n' && (next == ' ' || next == '\t'))
            return bad_gateway("a folded line in the store's answer");
        if (c == '\r' && next != '\n') return bad_gateway("a bare CR in the store's answer");
        if (c != '\t' && c != '\r' && c != '\n') {
            return bad_gateway("a control byte in the store's answer");
        }
    }
    return std::nullopt;
}

std::string_view phrase(unsigned status) {
    switch (status) {
        case 400:
            return "Bad Request";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 411:
            return "Length Required";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 431:
            return "Request Header Fields Too Large";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Error";
    }
}

}  // namespace

void append_framing(std::string& head, const Delivery& delivery) {
    if (delivery.framing == Framing::length) {
        append(head, {"Content-Length: ", std::to_string(delivery.content_length), "\r\n"});
    } else if (delivery.framing == Framing::chunked) {
        head += "Transfer-Encoding: chunked\r\n";
    }
}

std::string upstream_head(const RequestHead& head, const Delivery& delivery, bool only_when_absent) {
    std::string out;
    out.reserve(1024);
    append(out, {head.method, " ", head.target, " HTTP/1.1\r\n"});
    for (const HeaderField& field : head.fields) {
        // An expectation that we do not wait for is not handed on: the store would.
        if (!delivery.expects_continue && equals_ignoring_case(field.name, "Expect")) continue;
        if (!is_hop_by_hop(field.name)) append(out, {field.name, ": ", field.value, "\r\n"});
    }
    append_framing(out, delivery);
    if (only_when_absent && head.find("If-None-Match") == nullptr) out += "If-None-Match: *\r\n";
    out += "\r\n";
    return out;
}

Result<AnswerDelivery> judge_answer(std::string_view raw, const AnswerHead& answer, std::string_view method) {
    if (auto denial = check_answer_bytes(raw)) return *denial;
    if (answer.status < 200 || answer.status > 599)
        return bad_gateway("status " + std::to_string(answer.status));

    AnswerDelivery delivery;
    delivery.keep_alive = answer.version >= 11;
    bool chunked = false;
    for (const HeaderField& field : answer.fields) {
        if (equals_ignoring_case(field.name, "Content-Length")) {
            const auto length = parse_content_length(field.value);
            if (!length || delivery.declares_length) return bad_gateway("a bad or second Content-Length");
            delivery.declares_length = true;
            delivery.content_length = *length;
        } else if (equals_ignoring_case(field.name, "Transfer-Encoding")) {
            if (chunked || !equals_ignoring_case(field.value, "chunked") || answer.version < 11) {
                return bad_gateway("a transfer coding other than chunked");
            }
            chunked = true;
        } else if (equals_ignoring_case(field.name, "Connection")) {
            if (!equals_ignoring_case(field.value, "keep-alive")) delivery.keep_alive = false;
        }
    }
    if (chunked && delivery.declares_length)
        return bad_gateway("Content-Length and Transfer-Encoding at once");

    using Kind = AnswerDelivery::Framing;
    if (method == "HEAD" || answer.status == 204 || answer.status == 304) {
        delivery.framing = Kind::none;
    } else if (chunked) {
        delivery.framing = Kind::chunked;
    } else if (delivery.declares_length) {
        delivery.framing = delivery.content_length == 0 ? Kind::none : Kind::length;
    } else {
        delivery.framing = Kind::until_close;
        delivery.keep_alive = false;
    }
    return delivery;
}

std::string downstream_head(const AnswerHead& answer, const AnswerDelivery& delivery, bool chunked,
                            bool keep_alive) {
    std::string out;
    out.reserve(usual_answer_bytes);
    append(out, {"HTTP/1.1 ", std::to_string(answer.status), " ", answer.reason, "\r\n"});
    append_end_to_end(out, answer.fields);
    if (chunked) {
        out += "Transfer-Encoding: chunked\r\n";
    } else if (delivery.declares_length && answer.status != 204) {
        append(out, {"Content-Length: ", std::to_string(delivery.content_length), "\r\n"});
    }
    if (!keep_alive) out += "Connection: close\r\n";
    out += "\r\n";
    return out;
}

std::string error_head(const AnswerHead& answer, bool keep_alive) {
    std::string out;
    append(out, {"HTTP/1.1 ", std::to_string(answer.status), " ", answer.reason, "\r\n"});
    for (const HeaderField& field : answer.fields) {
        const bool is_of_body = equals_ignoring_case(field.name.substr(0, 8), "content-");
        if (!is_of_body && !is_hop_by_hop(field.name)) append(out, {field.name, ": ", field.value, "\r\n"});
    }
    if (!keep_alive) out += "Connection: close\r\n";
    out += "Content-Type: application/xml\r\nContent-Length: ";
    return out;
}

void keep_known_fields(AnswerHead& answer) {
    constexpr std::string_view known[] = {"accept-ranges",
                                          "cache-control",
                                          "connection",
                                          "content-disposition",
                                          "content-encoding",
                                          "content-language",
                                          "content-length",
                                          "content-range",
                                          "content-type",
                                          "date",
                                          "etag",
                                          "expires",
                                          "last-modified",
                                          "retry-after",
                                          "server",
                                          "transfer-encoding",
                                          "vary"};
    constexpr std::string_view beginnings[] = {"x-amz-", "access-control-"};
    const auto begins_with = [](std::string_view name, std::string_view beginning) {
        return equals_ignoring_case(name.substr(0, beginning.size()), beginning);
    };
    std::erase_if(answer.fields, [&](const HeaderField& field) {
        const auto is_name = [&](std::string_view name) { return equals_ignoring_case(name, field.name); };
        const auto is_beginning = [&](std::string_view beginning) {
            return begins_with(field.name, beginning);
        };
        return std::ranges::none_of(known, is_name) && std::ranges::none_of(beginnings, is_beginning);
    });
}

std::string denial_answer(const Denial& denial, std::string_view resource, std::string_view request_id,
                          bool head_only, bool keep_alive) {
    const std::string body =
        s3::write_error_document({std::string(denial.s3_code), std::string(denial.message),
                                  std::string(resource), std::string(request_id)});
    std::string out;
    append(out, {"HTTP/1.1 ", std::to_string(denial.status), " ", phrase(denial.status), "\r\n",
                 "Content-Type: application/xml\r\nContent-Length: ", std::to_string(body.size()),
                 "\r\nx-amz-request-id: ", request_id, "\r\n"});
    if (denial.retry_after.count() > 0)
        append(out, {"Retry-After: ", std::to_string(denial.retry_after.count()), "\r\n"});
    if (!keep_alive) out += "Connection: close\r\n";
    out += "\r\n";
    if (!head_only) out += body;
    return out;
}

}  // namespace sallyport::gateway
