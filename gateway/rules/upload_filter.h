#pragma once

#include "gateway/rules/reason.h"
#include "s3/body_writer.h"
#include "s3/payload_check.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::gateway {

/// What of a request's body goes on to the store, and when: a body that is not as it was signed never gets
/// there whole. Memory does not grow with the body. One body, one thread.
class UploadFilter {
  public:
    /// The body goes on as it comes.
    explicit UploadFilter(std::unique_ptr<s3::PayloadCheck> check) : check_(std::move(check)) {}
    UploadFilter(const UploadFilter&) = delete;
    UploadFilter& operator=(const UploadFilter&) = delete;

    /// An aws-chunked body is taken apart, and written anew. Before the first `pass`.
    void write_with(s3::BodyWriter writer);

    /// What goes on after these next bytes of the body, which end it if `is_last`. Lives as long as `data`
    /// and no other call.
    Result<std::string_view> pass(std::string_view data, bool is_last);

  private:
    std::string_view as_it_is(std::string_view data, bool is_last);

    std::unique_ptr<s3::PayloadCheck> check_;
    std::optional<s3::BodyWriter> writer_;
    std::string held_;  ///< what waits for the end; with a writer what goes on at once
};

}  // namespace sallyport::gateway
