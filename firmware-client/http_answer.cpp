#include "firmware-client/http_answer.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace sallyport::device {
namespace {

constexpr std::size_t max_head_bytes = 16 * 1024;
constexpr std::size_t max_header_lines = 100;
constexpr unsigned max_interim_answers = 5;

Error malformed(std::string_view what) {
    return {Fault::store, "the server's answer is malformed: " + std::string{what}};
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [](char a, char b) { return lower(a) == lower(b); });
}

bool is_token(std::string_view text) {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
               marks.find(c) != std::string_view::npos;
    });
}

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
}

/// Digits only; nothing when there are others, none, or too many for the type.
std::optional<std::uint64_t> number(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, value, base);
    if (failure != std::errc{} || stop != end) return std::nullopt;
    return value;
}

bool lists(std::string_view value, std::string_view member) {
    while (!value.empty()) {
        const std::size_t end = std::min(value.find(','), value.size());
        if (equal_ignoring_case(trim(value.substr(0, end)), member)) return true;
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return false;
}

}  // namespace

const std::string* Answer::header(std::string_view name) const {
    const std::string* found = nullptr;
    for (const auto& [known, value] : headers) {
        if (!equal_ignoring_case(known, name)) continue;
        if (found != nullptr) return nullptr;
        found = &value;
    }
    return found;
}

Result<std::size_t> AnswerParser::feed(std::string_view bytes) {
    const std::size_t offered = bytes.size();
    while (!bytes.empty() && state_ != State::complete) {
        started_ = true;
        if (state_ == State::counted_body || state_ == State::chunk_data ||
            state_ == State::body_to_the_end) {
            const bool open_ended = state_ == State::body_to_the_end;
            const auto count = open_ended
                                   ? bytes.size()
                                   : static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
            if (auto taken = take_body(bytes.substr(0, count)); !taken) return taken.error();
            bytes.remove_prefix(count);
            if (open_ended) continue;
            left_ -= count;
            if (left_ == 0) {
                state_ = state_ == State::chunk_data ? State::chunk_end : State::complete;
            }
            continue;
        }
        const std::size_t end = bytes.find('\n');
        const std::size_t count = end == std::string_view::npos ? bytes.size() : end + 1;
        head_bytes_ += count;
        if (head_bytes_ > max_head_bytes) return malformed("its head is too large");
        line_.append(bytes.substr(0, count));
        bytes.remove_prefix(count);
        if (end == std::string_view::npos) continue;
        if (!line_.ends_with("\r\n")) return malformed("a line does not end with CRLF");
        line_.resize(line_.size() - 2);
        auto taken = take_line(line_);
        line_.clear();
        if (!taken) return taken.error();
    }
    return offered - bytes.size();
}

Result<void> AnswerParser::take_body(std::string_view bytes) {
    if (bytes.size() > body_limit() - body_bytes_) return malformed("its body is too large");
    body_bytes_ += bytes.size();
    if (into_sink()) return sink_->take(std::as_bytes(std::span{bytes}));
    answer_.body.append(bytes);
    return {};
}

Result<void> AnswerParser::end_of_stream() {
    if (state_ == State::body_to_the_end) state_ = State::complete;
    if (state_ == State::complete) return {};
    return Error{Fault::network, started_ ? "the server closed the connection in the middle of its answer"
                                          : "the server closed the connection without an answer"};
}

Result<void> AnswerParser::take_line(std::string_view line) {
    switch (state_) {
        case State::status_line:
            return take_status_line(line);
        case State::header_line:
            return line.empty() ? end_of_head() : take_header_line(line);
        case State::chunk_size:
            return take_chunk_size(line);
        case State::chunk_end:
            if (!line.empty()) return malformed("a chunk is longer than announced");
            state_ = State::chunk_size;
            head_bytes_ = 0;  // the limit is meant for each chunk's line, not for their sum
            return {};
        case State::trailer_line:
            if (line.empty()) state_ = State::complete;
            return {};
        default:
            return malformed("a line where a body was expected");
    }
}

Result<void> AnswerParser::take_status_line(std::string_view line) {
    const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    const auto status = version ? number(line.substr(9, 3), 10) : std::nullopt;
    const bool separated = line.size() == 12 || (line.size() > 12 && line[12] == ' ');
    if (!status || !separated || *status < 100 || *status > 599 || has_control(line)) {
        return malformed("its first line is not an HTTP/1.1 status line");
    }
    answer_.status = static_cast<unsigned>(*status);
    answer_.keep_alive = line[7] == '1';
    state_ = State::header_line;
    return {};
}

Result<void> AnswerParser::take_header_line(std::string_view line) {
    if (answer_.headers.size() == max_header_lines) return malformed("it has more than 100 header lines");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon)) || has_control(line)) {
        return malformed("a header line has no valid name");
    }
    answer_.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    return {};
}

Result<void> AnswerParser::end_of_head() {
    if (answer_.status < 200) {
        if (answer_.status == 101) return malformed("it switches protocols");
        if (++interim_answers_ > max_interim_answers) return malformed("too many interim answers");
        answer_ = {};
        state_ = State::status_line;
        return {};
    }
    head_bytes_ = 0;
    for (const auto& [name, value] : answer_.headers) {
        if (equal_ignoring_case(name, "connection") && lists(value, "close")) answer_.keep_alive = false;
    }
    return choose_body();
}

/// RFC 9112 6.3.
Result<void> AnswerParser::choose_body() {
    const auto count = [&](std::string_view wanted) {
        return std::count_if(answer_.headers.begin(), answer_.headers.end(),
                             [&](const auto& header) { return equal_ignoring_case(header.first, wanted); });
    };
    const auto lengths = count("content-length");
    const auto codings = count("transfer-encoding");
    if (lengths + codings > 1) return malformed("its length is stated more than once");
    if (lengths == 1) {
        const auto length = number(*answer_.header("content-length"), 10);
        if (!length) return malformed("its Content-Length is not a number");
        left_ = *length;
    }
    if (codings == 1 && !equal_ignoring_case(*answer_.header("transfer-encoding"), "chunked")) {
        return malformed("its transfer coding is not chunked");
    }
    if (answers_head_ || answer_.status == 204 || answer_.status == 304 || (lengths == 1 && left_ == 0)) {
        state_ = State::complete;
    } else if (codings == 1) {
        state_ = State::chunk_size;
    } else if (lengths == 1) {
        if (left_ > body_limit()) return malformed("its body is too large");
        state_ = State::counted_body;
    } else if (into_sink()) {
        return malformed("an object without a length");
    } else {
        state_ = State::body_to_the_end;
        answer_.keep_alive = false;
    }
    return {};
}

Result<void> AnswerParser::take_chunk_size(std::string_view line) {
    // An extension after ';' is to be ignored (RFC 9112 7.1.1).
    const std::string_view digits = trim(line.substr(0, line.find(';')));
    const auto size = digits.size() <= 8 ? number(digits, 16) : std::nullopt;
    if (!size || has_control(line)) return malformed("a chunk has no valid size");
    left_ = *size;
    state_ = left_ == 0 ? State::trailer_line : State::chunk_data;
    return {};
}

}  // namespace sallyport::device
