#pragma once

#include "firmware-client/body_sink.h"
#include "firmware-client/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::device {

/// A whole HTTP/1.1 answer.
struct Answer {
    unsigned status = 0;  ///< 200-599
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    bool keep_alive = false;  ///< another request may follow on the connection

    /// The value of a header that is there exactly once; null otherwise. Letter case does not matter.
    const std::string* header(std::string_view name) const;
};

/// Reads one answer from bytes as they come (RFC 9112), without a socket. Strict: CRLF only, no folded
/// lines, no space before a colon, never both Content-Length and Transfer-Encoding, no coding but
/// `chunked`. A body without a length ends with the connection. Interim answers (1xx) are passed over.
/// Limits: 16 KiB of head, 100 header lines, 5 interim answers, `max_body_bytes`. Errors: store.
class AnswerParser {
  public:
    /// `answers_head`: the request was a HEAD, so the answer has no body whatever its headers say. `sink`, if
    /// any, gets the body of a 200 or 206, by its own limit, and must outlive this. Such a body states its
    /// length: one that ends with the connection would look whole when it was cut.
    AnswerParser(bool answers_head, std::size_t max_body_bytes, BodySink* sink = nullptr)
        : answers_head_(answers_head), max_body_bytes_(max_body_bytes), sink_(sink) {}

    /// Takes bytes; returns how many belonged to this answer. Bytes after `complete()` are not taken.
    Result<std::size_t> feed(std::string_view bytes);

    /// The connection ended in an orderly way. An error unless the answer is, or thereby becomes, whole.
    Result<void> end_of_stream();

    /// Any byte has come.
    bool started() const { return started_; }
    /// The status of the answer itself, not of an interim one, has come.
    bool answering() const { return answer_.status >= 200; }
    bool complete() const { return state_ == State::complete; }

    /// The answer; once, when complete.
    Answer take() { return std::move(answer_); }

  private:
    enum class State {
        status_line,
        header_line,
        counted_body,
        chunk_size,
        chunk_data,
        chunk_end,
        trailer_line,
        body_to_the_end,
        complete,
    };

    Result<void> take_line(std::string_view line);
    Result<void> take_status_line(std::string_view line);
    Result<void> take_header_line(std::string_view line);
    Result<void> take_chunk_size(std::string_view line);
    Result<void> end_of_head();
    Result<void> choose_body();
    Result<void> take_body(std::string_view bytes);
    bool into_sink() const { return sink_ != nullptr && (answer_.status == 200 || answer_.status == 206); }
    std::uint64_t body_limit() const { return into_sink() ? sink_->limit() : max_body_bytes_; }

    bool answers_head_;
    std::size_t max_body_bytes_;
    BodySink* sink_;
    State state_ = State::status_line;
    bool started_ = false;
    std::string line_;
    std::size_t head_bytes_ = 0;
    unsigned interim_answers_ = 0;
    std::uint64_t body_bytes_ = 0;
    std::uint64_t left_ = 0;  ///< bytes of the body or chunk still to come
    Answer answer_;
};

}  // namespace sallyport::device
