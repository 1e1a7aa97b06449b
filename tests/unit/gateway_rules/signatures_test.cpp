#include "gateway/rules/signatures.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(CanonicalRequest, is_told_without_its_secrets) {
    EXPECT_EQ(
        without_secrets(
            "PUT\n/b/k\nX-Amz-Security-Token=TOKEN&b=1\nhost:h\n"
            "x-amz-security-token:TOKEN\nx-amz-server-side-encryption-customer-key:KEY\n\nhost\nhash"),
        "PUT\n/b/k\nX-Amz-Security-Token=(hidden)&b=1\nhost:h\n"
        "x-amz-security-token:(hidden)\nx-amz-server-side-encryption-customer-key:(hidden)\n\nhost\nhash");
    EXPECT_EQ(without_secrets("GET\n/b/k%3FX-Amz-Signature%3D12%26a\n\nhost:h\n\nhost\nhash"),
              "GET\n/b/k%3FX-Amz-Signature%3D...%26a\n\nhost:h\n\nhost\nhash");
    EXPECT_EQ(without_secrets("GET\n/\n\nhost:h\n\nhost\nhash"), "GET\n/\n\nhost:h\n\nhost\nhash");
}

struct DenialCase {
    s3::SignatureFault fault;
    unsigned status;
    const char* code;
    Reason reason;
};

TEST(SignatureDenials, are_those_of_s3) {
    using Fault = s3::SignatureFault;
    const DenialCase cases[] = {
        {Fault::missing, 403, "AccessDenied", Reason::bad_signature},
        {Fault::twice, 400, "InvalidArgument", Reason::malformed},
        {Fault::version_2, 400, "InvalidRequest", Reason::malformed},
        {Fault::malformed_header, 400, "AuthorizationHeaderMalformed", Reason::malformed},
        {Fault::malformed_query, 400, "AuthorizationQueryParametersError", Reason::malformed},
        {Fault::wrong_scope, 400, "AuthorizationHeaderMalformed", Reason::bad_signature},
        {Fault::unknown_key, 403, "InvalidAccessKeyId", Reason::access_key},
        {Fault::skewed, 403, "RequestTimeTooSkewed", Reason::clock_skew},
        {Fault::not_yet_valid, 403, "AccessDenied", Reason::clock_skew},
        {Fault::expired, 403, "AccessDenied", Reason::clock_skew},
        {Fault::uncovered_field, 403, "AccessDenied", Reason::bad_signature},
        {Fault::malformed_payload, 400, "InvalidArgument", Reason::malformed},
        {Fault::mismatch, 403, "SignatureDoesNotMatch", Reason::bad_signature},
    };
    for (const DenialCase& row : cases) {
        const Denial denial = denial_of(s3::SignatureRefusal{row.fault, "detail"});
        EXPECT_EQ(denial.status, row.status) << row.code;
        EXPECT_EQ(denial.s3_code, row.code);
        EXPECT_EQ(denial.reason, row.reason) << row.code;
        EXPECT_EQ(denial.detail, "detail");
    }
}

struct LengthCase {
    std::uint64_t decoded;
    Framing framing;
    std::uint64_t content_length;
    std::uint64_t body_bytes;
    const char* code;  ///< null: taken
};

TEST(DecodedLength, is_held_against_what_may_come) {
    constexpr std::uint64_t most = ~0ULL;
    const LengthCase cases[] = {
        {5, Framing::length, 177, 1'000, nullptr},
        {5, Framing::length, 5, 5, nullptr},
        {0, Framing::length, 0, 0, nullptr},
        {0, Framing::none, 0, 0, nullptr},
        {5, Framing::chunked, 0, 5, nullptr},
        {6, Framing::chunked, 0, 5, "EntityTooLarge"},
        {6, Framing::length, 177, 5, "EntityTooLarge"},
        {178, Framing::length, 177, 1'000, "IncompleteBody"},
        {1, Framing::none, 0, 1'000, "IncompleteBody"},
        {most, Framing::length, 177, 1'000, "EntityTooLarge"},
        {most, Framing::length, 177, most, "IncompleteBody"},
        {most - 86, Framing::chunked, 0, 1ULL << 40U, "EntityTooLarge"},
    };
    for (const LengthCase& row : cases) {
        Delivery delivery;
        delivery.framing = row.framing;
        delivery.content_length = row.content_length;
        const auto denial = check_decoded_length({row.decoded}, delivery, row.body_bytes);
        ASSERT_EQ(denial.has_value(), row.code != nullptr) << row.decoded;
        if (denial) {
            EXPECT_EQ(denial->s3_code, row.code) << row.decoded;
        }
    }
}

}  // namespace
}  // namespace sallyport::gateway
