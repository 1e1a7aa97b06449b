#include "s3/payload_check.h"
#include "tests/fuzz/check.h"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace sallyport::s3;
using sallyport::fuzz::check;

namespace {

CheckedSignature signature_for(AwsChunkedForm form) {
    const auto time = parse_amz_date("20130524T000000Z").value();
    CredentialScope scope = scope_at(time, "us-east-1");
    const auto secret = SecretKey::parse("secret");
    SigningKey key(*secret, scope);
    return {{*AccessKey::parse("KEY"), std::move(scope), {"host"}, std::string(64, '0')},
            std::move(key),
            time,
            {PayloadPromise::Kind::chunks, "", form}};
}

/// "" for a body that is taken, else the fault.
std::string verdict(const CheckedSignature& signature, const ChunkedPayload& chunked, std::string_view body,
                    std::size_t piece) {
    PayloadCheck payload(signature, chunked);
    for (std::size_t at = 0; at < body.size(); at += piece) {
        if (const auto wrong = payload.update(body.substr(at, piece))) return wrong->detail;
    }
    const auto wrong = payload.finish();
    return wrong ? wrong->detail : "";
}

}  // namespace

/// The first bytes choose the form, the pieces in which the body comes, which change nothing, and its length.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > 4096) return 0;
    const AwsChunkedForm form{(data[0] & 1U) != 0, (data[0] & 2U) != 0};
    ChunkedPayload chunked{data[1]};
    if (form.has_trailer) chunked.trailer = "x-amz-checksum-crc32";
    const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
    const CheckedSignature signature = signature_for(form);
    const std::string whole = verdict(signature, chunked, body, body.size() + 1);
    check(whole.empty() <= (body.size() > chunked.decoded_length),
          "what is taken has all that was announced");
    for (const std::size_t piece : {std::size_t{1}, std::size_t{data[0] / 4U + 1U}})
        check(verdict(signature, chunked, body, piece) == whole, "pieces change nothing");
    return 0;
}
