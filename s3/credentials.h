#pragma once

#include "s3/result.h"

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace sallyport::s3 {

/// The public half of an S3 key pair.
class AccessKey {
  public:
    /// 1-128 visible ASCII characters without `/` and `,`, which separate the parts of a credential.
    static Result<AccessKey> parse(std::string_view text);

    const std::string& text() const noexcept { return text_; }
    bool operator==(const AccessKey&) const = default;

  private:
    explicit AccessKey(std::string_view text) : text_(text) {}
    std::string text_;
};

/// The secret half. It is wiped when it goes, cannot be copied and has no way into a stream or a log.
class SecretKey {
  public:
    /// 1-256 bytes of printable ASCII. The caller still owns, and should wipe, the text it hands in.
    static Result<SecretKey> parse(std::string_view text);

    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&& other) noexcept;
    SecretKey(const SecretKey&) = delete;
    SecretKey& operator=(const SecretKey&) = delete;
    ~SecretKey();

    /// For the HMAC chain and for nothing else.
    std::string_view reveal() const noexcept { return text_; }

  private:
    explicit SecretKey(std::string_view text) : text_(text) {}
    void wipe() noexcept;
    std::string text_;
};

/// `YYYYMMDD/region/service/aws4_request`: what a signing key is good for.
struct CredentialScope {
    std::string date;  ///< UTC day, YYYYMMDD
    std::string region;
    std::string service = "s3";

    std::string text() const;
    bool operator==(const CredentialScope&) const = default;
};

/// `YYYYMMDDTHHMMSSZ`, the value of x-amz-date. Years 1970-9999.
std::string amz_date(std::chrono::sys_seconds time);

/// The inverse; anything that is not a moment of the calendar in exactly this form is malformed.
Result<std::chrono::sys_seconds> parse_amz_date(std::string_view text);

/// The scope of a signature made at `time`.
CredentialScope scope_at(std::chrono::sys_seconds time, std::string_view region);

}  // namespace sallyport::s3
