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
/// nothing copied. (In a translation unit of its own, since Beast is slow to compile.)
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

/// Parses the head of one request; its body is not for this parser.
class RequestParser {
  public:
    explicit RequestParser(std::size_t max_head_bytes);
    ~RequestParser();
    RequestParser(const RequestParser&) = delete;
    RequestParser& operator=(const RequestParser&) = delete;

    /// `input` begins with the head. On `done` the views in `head` point into `input`.
    ParsedHead parse_head(std::span<const char> input, RequestHead& head);

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

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace sallyport::gateway
