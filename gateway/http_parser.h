#pragma once

#include "gateway/rules/header_rules.h"
#include "gateway/rules/request_head.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// Beast's HTTP/1.1 parser, used without its message containers: heads become views into the caller's buffer,
/// and chunked bodies come out without their framing, nothing copied. (In a translation unit of its own,
/// since Beast is slow to compile.)
enum class ParseStatus {
    need_more,  ///< give what was not consumed again, with more behind it
    done,
    too_large,
    malformed,
};

struct ParsedHead {
    ParseStatus status;
    std::size_t bytes = 0;    ///< of the head, when done
    std::string detail = {};  ///< when malformed
};

/// A piece of a chunked body.
struct ParsedChunk {
    ParseStatus status =
        ParseStatus::need_more;  ///< `done` means that one step was made, `finished` that it was the last
    std::size_t bytes = 0;       ///< consumed from the input, also on `need_more`
    std::string_view body = {};  ///< within the input; may be empty
    bool finished = false;
    std::string detail = {};
};

/// Parses one request: first its head, then, if it is chunked, its body.
class RequestParser {
  public:
    explicit RequestParser(std::size_t max_head_bytes);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// `input` begins with the head. On `done` the views in `head` point into `input`.
    ParsedHead parse_head(std::span<const char> input, RequestHead& head);
    /// Takes one step through a chunked body. Trailer fields are malformed.
    ParsedChunk parse_chunk(std::span<const char> input);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The same for one answer of the store.
class AnswerParser {
  public:
    explicit AnswerParser(std::size_t max_head_bytes);
    ~AnswerParser();
    AnswerParser(const AnswerParser&) = delete;
    AnswerParser& operator=(const AnswerParser&) = delete;

    ParsedHead parse_head(std::span<const char> input, AnswerHead& head);
    ParsedChunk parse_chunk(std::span<const char> input);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::gateway
