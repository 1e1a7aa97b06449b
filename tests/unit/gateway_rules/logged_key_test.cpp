#include "gateway/rules/logged_key.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(LoggedKey, hides_what_a_presigned_query_proves) {
    struct Case {
        const char* what;
        std::string key;
        std::string shown;  ///< empty: as it is
    };
    const Case cases[] = {
        {"empty", "", ""},
        {"a usual key", "AABBCCDD/00000001/00000001.MF4", ""},
        {"a question", "why?.txt", ""},
        {"a query without secrets", "a?versionId=1&partNumber=2", ""},
        {"a signature", "a?X-Amz-Signature=0123", "a?X-Amz-Signature=..."},
        {"the first and the last are shown", "a?b=1&X-Amz-Signature=0123&c=2",
         "a?b=1&X-Amz-Signature=...&c=2"},
        {"all of version 4",
         "a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA/20260131/eu/s3/aws4_request&X-Amz-Date=1&"
         "X-Amz-Security-Token=FwoG+/=&X-Amz-SignedHeaders=host&X-Amz-Signature=01",
         "a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=...&X-Amz-Date=1&"
         "X-Amz-Security-Token=...&X-Amz-SignedHeaders=host&X-Amz-Signature=..."},
        {"all of version 2", "a?AWSAccessKeyId=AKIA&Expires=1&Signature=ab%2Bc%3D",
         "a?AWSAccessKeyId=...&Expires=1&Signature=..."},
        {"letter case", "a?x-amz-SIGNATURE=0123&awsaccesskeyid=A",
         "a?x-amz-SIGNATURE=...&awsaccesskeyid=..."},
        {"encoded once more", "a?X-Amz-Signature%3D0123%26b%3D1", "a?X-Amz-Signature%3D...%26b%3D1"},
        {"encoded in capitals and twice more", "a?X%2DAmz%252dSignature%253d0123%2526b",
         "a?X%2DAmz%252dSignature%253d...%2526b"},
        {"a letter is encoded", "a?X-Amz-%53ignature=0123", "a?X-Amz-%53ignature=..."},
        {"an encoded & in a value", "a?X-Amz-Security-Token=12%2634&b=1", "a?X-Amz-Security-Token=...&b=1"},
        {"a raw & behind an encoded =", "a?Signature%3D12&b", "a?Signature%3D...&b"},
        {"& of HTML", "a?b=1&amp;Signature=12", "a?b=1&amp;Signature=..."},
        {"the question mark is encoded", "a%3FX-Amz-Signature=0123", "a%3FX-Amz-Signature=..."},
        {"the question mark is encoded twice", "a%253fX-Amz-Signature=0123", "a%253fX-Amz-Signature=..."},
        {"in front of the question mark", "Signature=12?Signature=34", "Signature=12?Signature=..."},
        {"no question mark", "a&X-Amz-Signature=0123&b", "a&X-Amz-Signature=...&b"},
        {"no question mark, a name that others have, too", "dt=1&Signature=0123", ""},
        {"a percent sign alone", "100%?Signature=1%", "100%?Signature=..."},
        {"no value", "a?Signature=&b", "a?Signature=...&b"},
        {"the name alone", "a?Signature", ""},
        {"twice", "a?Signature=1&Signature=2", "a?Signature=...&Signature=..."},
        {"it ends within an escape", "a?Signature%3", ""},
        {"a folder of that name", "a/Signature=1/b?c", ""},
    };
    for (const Case& c : cases)
        EXPECT_EQ(logged_key(c.key).value_or(""), c.shown) << c.what;
}

}  // namespace
}  // namespace sallyport::gateway
