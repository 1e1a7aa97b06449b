#include "gateway/http_parser.h"

#include <algorithm>
#include <limits>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace sallyport::gateway {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::size_t max_fields = 100;
constexpr std::size_t usual_fields = 16;

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

/// Takes the parser's events. `Head` is RequestHead or AnswerHead.
template <bool is_request, class Head>
class EventParser : public http::basic_parser<is_request> {
  public:
    explicit EventParser(std::size_t max_head_bytes) {
        this->header_limit(static_cast<std::uint32_t>(max_head_bytes));
        limit_ = max_head_bytes;
        this->body_limit(std::numeric_limits<std::uint64_t>::max());  // limits on bodies are the relay's
    }

    ParsedHead parse_head(std::span<const char> input, Head& head) {
        // The parser consumes piecemeal; it is given a head only when it is whole, so that nothing is judged
        // before all of it is there, and all views point into the same bytes.
        const std::string_view text(input.data(), input.size());
        const auto end = end_of_head(text);
        if (end == bare_line_end) return {ParseStatus::malformed, 0, "a line that does not end with CR LF"};
        if (end == text.npos)
            return {text.size() >= limit_ ? ParseStatus::too_large : ParseStatus::need_more};
        if (end > limit_) return {ParseStatus::too_large};

        head_ = &head;
        head.fields.clear();
        head.fields.reserve(usual_fields);
        beast::error_code error;
        const std::size_t used = this->put(boost::asio::const_buffer(input.data(), end), error);
        head_ = nullptr;
        if (error == http::error::header_limit) return {ParseStatus::too_large};
        if (error) return {ParseStatus::malformed, 0, error.message()};
        if (!this->is_header_done() || used != end)
            return {ParseStatus::malformed, 0, "an empty line within the head"};
        return {ParseStatus::done, used, ""};
    }

  private:
    static constexpr std::size_t bare_line_end = std::string_view::npos - 1;

    /// The offset behind the empty line; npos when it is not there yet.
    std::size_t end_of_head(std::string_view text) {
        for (;; ++scanned_) {
            scanned_ = std::min(text.find('\n', scanned_), text.size());
            if (scanned_ == text.size()) return text.npos;
            if (scanned_ == 0 || text[scanned_ - 1] != '\r') return bare_line_end;
            if (scanned_ >= 3 && text[scanned_ - 2] == '\n') return scanned_ + 1;
        }
    }

    void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int version,
                         beast::error_code&) override {
        if constexpr (is_request) {
            head_->method = view(method);
            head_->target = view(target);
            head_->version = static_cast<unsigned>(version);
        }
    }
    void on_response_impl(int status, beast::string_view reason, int version, beast::error_code&) override {
        if constexpr (!is_request) {
            head_->status = static_cast<unsigned>(status);
            head_->reason = view(reason);
            head_->version = static_cast<unsigned>(version);
        }
    }
    void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                       beast::error_code& error) override {
        if (head_->fields.size() == max_fields) {
            error = http::error::header_limit;
            return;
        }
        head_->fields.push_back({view(name), view(value)});
    }
    void on_header_impl(beast::error_code&) override {}
    void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
    std::size_t on_body_impl(beast::string_view body, beast::error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view body, beast::error_code&) override {
        return body.size();
    }
    void on_finish_impl(beast::error_code&) override {}

    std::size_t limit_;
    std::size_t scanned_ = 0;
    Head* head_ = nullptr;
};

}  // namespace

struct RequestParser::Impl : EventParser<true, RequestHead> {
    using EventParser::EventParser;
};
struct AnswerParser::Impl : EventParser<false, AnswerHead> {
    using EventParser::EventParser;
};

RequestParser::RequestParser(std::size_t max_head_bytes) : impl_(std::make_unique<Impl>(max_head_bytes)) {}
RequestParser::~RequestParser() = default;
ParsedHead RequestParser::parse_head(std::span<const char> input, RequestHead& head) {
    return impl_->parse_head(input, head);
}

AnswerParser::AnswerParser(std::size_t max_head_bytes) : impl_(std::make_unique<Impl>(max_head_bytes)) {}
AnswerParser::~AnswerParser() = default;
ParsedHead AnswerParser::parse_head(std::span<const char> input, AnswerHead& head) {
    return impl_->parse_head(input, head);
}

}  // namespace sallyport::gateway
