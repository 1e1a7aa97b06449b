#include "gateway/rules/store_error.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

std::string document(const std::string& code) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code +
           "</Code><Message>AKIASTORE may not acme-logs</Message><Resource>/acme-logs/eu/k</Resource>"
           "<RequestId>1</RequestId></Error>";
}

struct ErrorCase {
    const char* name;
    unsigned status;
    std::string body;
    const char* code;
    bool is_ours = false;
};

const ErrorCase error_cases[] = {
    {"of_the_client", 404, document("NoSuchKey"), "NoSuchKey"},
    {"another_of_the_client", 412, document("PreconditionFailed"), "PreconditionFailed"},
    {"denied", 403, document("AccessDenied"), "AccessDenied"},
    {"of_the_store", 500, document("InternalError"), "InternalError"},
    {"xml_of_a_vendor", 507, document("XMinioStorageFull"), "XMinioStorageFull"},
    {"our_signature", 403, document("SignatureDoesNotMatch"), "SignatureDoesNotMatch", true},
    {"our_key", 403, document("InvalidAccessKeyId"), "InvalidAccessKeyId", true},
    {"our_clock", 403, document("RequestTimeTooSkewed"), "RequestTimeTooSkewed", true},
    {"our_token", 400, document("ExpiredToken"), "ExpiredToken", true},
    {"our_token_is_none", 400, document("InvalidToken"), "InvalidToken", true},
    {"our_region", 400, document("AuthorizationHeaderMalformed"), "AuthorizationHeaderMalformed", true},
    {"our_endpoint", 301, document("PermanentRedirect"), "PermanentRedirect", true},
    {"lower_case_is_another", 403, document("signaturedoesnotmatch"), "signaturedoesnotmatch"},

    {"page_of_a_proxy", 502, "<html><body>Bad Gateway</body></html>", "InternalError"},
    {"nothing_403", 403, "", "AccessDenied"},
    {"nothing_404", 404, "", "NoSuchKey"},
    {"nothing_405", 405, "", "MethodNotAllowed"},
    {"nothing_412", 412, "", "PreconditionFailed"},
    {"nothing_416", 416, "", "InvalidRange"},
    {"nothing_503", 503, "", "SlowDown"},
    {"nothing_400", 400, "", "InvalidRequest"},
    {"nothing_499", 499, "", "InvalidRequest"},
    {"nothing_500", 500, "", "InternalError"},
    {"nothing_599", 599, "", "InternalError"},
    {"cut", 404, document("NoSuchBucket").substr(0, 80), "NoSuchKey"},
    {"no_code", 404, "<Error><Message>m</Message></Error>", "NoSuchKey"},
    {"empty_code", 404, document(""), "NoSuchKey"},
    {"code_with_markup", 403, document("&lt;Code&gt;"), "AccessDenied"},
    {"code_with_a_name", 403, document("acme-logs"), "AccessDenied"},
    {"code_with_a_blank", 403, document("Access Denied"), "AccessDenied"},
    {"longest_code", 400, document(std::string(64, 'x')),
     "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},
    {"longer_code", 400, document(std::string(65, 'x')), "InvalidRequest"},
    {"endless", 404,
     "<Error><Code>NoSuchBucket</Code><Message>" + std::string(70'000, 'x') + "</Message></Error>",
     "NoSuchKey"},
};

class StoreErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(StoreErrors, leave_their_code_only) {
    const StoreError error = read_store_error(GetParam().status, GetParam().body);
    EXPECT_EQ(error.code, GetParam().code);
    EXPECT_EQ(error.is_ours, GetParam().is_ours);
}
INSTANTIATE_TEST_SUITE_P(table, StoreErrors, testing::ValuesIn(error_cases),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace sallyport::gateway
