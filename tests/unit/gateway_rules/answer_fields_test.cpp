#include "gateway/rules/header_rules.h"

#include <string>

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

std::string names_of(const AnswerHead& answer) {
    std::string names;
    for (const HeaderField& field : answer.fields)
        names += std::string(field.name) + " ";
    return names;
}

TEST(KnownFields, are_those_of_s3_clients) {
    AnswerHead answer{200, "OK", 11, {}};
    for (const char* name : {"Accept-Ranges",
                             "Cache-Control",
                             "Connection",
                             "Content-Disposition",
                             "Content-Encoding",
                             "Content-Language",
                             "Content-Length",
                             "Content-Range",
                             "CONTENT-TYPE",
                             "date",
                             "ETag",
                             "Expires",
                             "Last-Modified",
                             "Retry-After",
                             "Server",
                             "Transfer-Encoding",
                             "Vary",
                             "x-amz-meta-a",
                             "X-Amz-Version-Id",
                             "x-amz-",
                             "Access-Control-Allow-Origin"})
        answer.fields.push_back({name, "v"});
    const std::string all = names_of(answer);
    keep_known_fields(answer);
    EXPECT_EQ(names_of(answer), all);
}

TEST(KnownFields, are_no_names_and_counts_of_the_store) {
    AnswerHead answer{200, "OK", 11, {}};
    for (const char* name : {"Location", "Content-Location", "Link", "Set-Cookie", "Via", "WWW-Authenticate",
                             "Strict-Transport-Security", "X-RGW-Object-Count", "x-rgw-quota-bucket-size",
                             "x-minio-deployment-id", "x-emc-id", "rgwx-mtime", "x-amz", "x-amzn-requestid",
                             "access-control", "Alt-Svc", "Refresh", "X-Trans-Id"})
        answer.fields.push_back({name, "v"});
    answer.fields.push_back({"ETag", "e"});
    keep_known_fields(answer);
    EXPECT_EQ(names_of(answer), "ETag ");
}

TEST(ErrorHead, leaves_what_was_said_of_the_stores_document) {
    const AnswerHead answer{404,
                            "Not Found",
                            11,
                            {{"Content-Type", "text/html"},
                             {"content-length", "99"},
                             {"Content-Encoding", "gzip"},
                             {"Content-MD5", "m"},
                             {"x-amz-request-id", "tx1"},
                             {"Transfer-Encoding", "chunked"},
                             {"Connection", "keep-alive"},
                             {"Keep-Alive", "timeout=5"},
                             {"Retry-After", "3"},
                             {"ETag", "e"}}};
    EXPECT_EQ(error_head(answer, true),
              "HTTP/1.1 404 Not Found\r\nx-amz-request-id: tx1\r\nRetry-After: 3\r\nETag: e\r\n"
              "Content-Type: application/xml\r\nContent-Length: ");
    EXPECT_EQ(error_head({403, "", 10, {}}, false),
              "HTTP/1.1 403 \r\nConnection: close\r\nContent-Type: application/xml\r\nContent-Length: ");
}

}  // namespace
}  // namespace sallyport::gateway
