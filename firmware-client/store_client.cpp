#include "firmware-client/store_client.h"

#include "pki/time.h"
#include "s3/authorization.h"
#include "s3/error_document.h"
#include "s3/sigv4.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>

namespace sallyport::device {
namespace {

ObjectInfo info_of(const Answer& answer) {
    ObjectInfo info{};
    if (const std::string* const length = answer.header("content-length")) {
        std::uint64_t bytes = 0;
        const char* const end = length->data() + length->size();
        const auto [stop, failure] = std::from_chars(length->data(), end, bytes);
        if (failure == std::errc{} && stop == end) info.bytes = bytes;
    }
    const std::string* const header = answer.header("etag");
    constexpr std::size_t longest_etag = 256;
    if (header == nullptr || header->size() > longest_etag) return info;
    // RFC 9110 8.8.3 also allows bytes above 127; no store sends them, and device.json could not hold them.
    if (std::any_of(header->begin(), header->end(), [](char c) { return c <= ' ' || c > '~'; })) return info;
    std::string_view etag = *header;
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
    info.etag = etag;

    const std::string* const encryption = answer.header("x-amz-server-side-encryption");
    if (encryption != nullptr && *encryption != "AES256") return info;
    if (answer.header("x-amz-server-side-encryption-customer-algorithm") != nullptr) return info;
    std::string md5{etag};
    std::transform(md5.begin(), md5.end(), md5.begin(),
                   [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    const bool hex = md5.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (md5.size() == 32 && hex) info.md5 = std::move(md5);
    return info;
}

/// Passes a body on and hashes what passes.
class HashingSink final : public BodySink {
  public:
    explicit HashingSink(BodySink& sink) : sink_(sink) {}
    std::uint64_t limit() const override { return sink_.limit(); }
    Result<void> take(std::span<const std::byte> block) override {
        md5_.update(block);
        return sink_.take(block);
    }
    std::string md5() { return md5_.finish(); }

  private:
    BodySink& sink_;
    s3::PayloadHash md5_{s3::HashAlgorithm::md5};
};

}  // namespace

std::optional<std::chrono::sys_seconds> parse_http_date(std::string_view value) {
    std::tm date{};
    const std::string text{value};
    const char* const rest = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
    if (rest == nullptr || *rest != '\0') return std::nullopt;
    return pki::instant_of(date);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, std::chrono::sys_seconds now) {
    constexpr std::chrono::seconds longest = std::chrono::hours{24};
    long seconds = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, failure] = std::from_chars(value.data(), end, seconds);
    if (failure == std::errc{} && stop == end && seconds >= 0) {
        return std::min(std::chrono::seconds{seconds}, longest);
    }
    const auto then = parse_http_date(value);
    if (!then) return std::nullopt;
    return std::clamp<std::chrono::seconds>(*then - now, std::chrono::seconds{0}, longest);
}

Result<std::optional<ObjectInfo>> StoreClient::head(const std::string& key) {
    TextBody nothing{""};
    const auto answer = request("HEAD", key, nothing, {{}, s3::empty_payload});
    if (!answer) return answer.error();
    if (answer->status == 404) return std::optional<ObjectInfo>{};
    if (answer->status == 200) return std::optional{info_of(*answer)};
    return refusal(*answer, "HEAD " + key);
}

Result<std::optional<ObjectInfo>> StoreClient::get(const std::string& key, BodySink& sink) {
    TextBody nothing{""};
    HashingSink received(sink);
    const auto answer = request("GET", key, nothing, {{}, s3::empty_payload, {}, &received});
    if (!answer) return answer.error();
    if (answer->status == 404) return std::optional<ObjectInfo>{};
    if (answer->status != 200) return refusal(*answer, "GET " + key);
    ObjectInfo info = info_of(*answer);
    if (info.md5 && *info.md5 != received.md5()) {
        return Error{Fault::store, "GET " + key + ": the store sent other bytes than its ETag says"};
    }
    return std::optional{std::move(info)};
}

Result<std::optional<std::string>> StoreClient::get_prefix(const std::string& key, std::size_t count,
                                                           std::uint64_t limit) {
    TextBody nothing{""};
    PrefixSink sink(count, limit);
    const std::string range = "bytes=0-" + std::to_string(count - 1);
    const auto answer = request("GET", key, nothing, {{}, s3::empty_payload, range, &sink});
    if (!answer) return answer.error();
    if (answer->status == 404) return std::optional<std::string>{};
    // 416: an object without bytes has no range at all.
    if (answer->status == 416) return std::optional<std::string>{std::string{}};
    if (answer->status != 200 && answer->status != 206) return refusal(*answer, "GET " + key);
    return std::optional{std::move(sink.text)};
}

Result<Receipt> StoreClient::put(const std::string& key, Body& body, const Metadata& metadata,
                                 HashedBody::Progress progress) {
    std::string payload_hash{s3::unsigned_payload};
    if (settings_.signed_payload) {
        HashedBody first_pass(body, s3::HashAlgorithm::sha256, {});
        for (;;) {
            const auto block = first_pass.next();
            if (!block) return block.error();
            if (block->empty()) break;
        }
        payload_hash = first_pass.hash();
        if (auto again = body.rewind(); !again) return again.error();
    }
    HashedBody sent(body, s3::HashAlgorithm::md5, std::move(progress));
    const auto answer = request("PUT", key, sent, {metadata, payload_hash});
    if (!answer) return answer.error();
    if (answer->status != 200) return refusal(*answer, "PUT " + key);
    const ObjectInfo stored = info_of(*answer);
    if (stored.etag.empty()) {
        return Error{Fault::store, "PUT " + key + ": the answer has no ETag, as if it were not from a store"};
    }
    const std::string md5 = sent.hash();
    if (stored.md5 && *stored.md5 != md5) {
        return Error{Fault::store, "PUT " + key + ": the store confirms other bytes than were sent"};
    }
    return Receipt{body.size(), md5};
}

Result<HttpRequest> StoreClient::signed_request(const std::string& method, const std::string& key,
                                                const RequestParts& parts) const {
    const std::chrono::sys_seconds now = clock_();
    HttpRequest request{method, s3::request_path({settings_.bucket, key}, settings_.style), {}};
    request.headers = {{"Host", settings_.host_header()},
                       {"x-amz-content-sha256", std::string{parts.payload_hash}},
                       {"x-amz-date", s3::amz_date(now)}};
    if (!parts.range.empty()) request.headers.emplace_back("Range", parts.range);
    for (const auto& [name, value] : parts.metadata)
        request.headers.emplace_back("x-amz-meta-" + name, value);

    std::vector<s3::HeaderField> fields;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : request.headers) {
        fields.push_back({name, value});
        names.push_back(name);
    }
    const auto authorization = s3::sign({method, request.target, fields, parts.payload_hash}, names,
                                        settings_.access_key, settings_.secret_key, settings_.region, now);
    if (!authorization)
        return Error{Fault::card, "cannot sign " + key + ": " + authorization.error().message};
    request.headers.emplace_back("Authorization", s3::authorization_header(*authorization));
    return request;
}

Result<Answer> StoreClient::request(const std::string& method, const std::string& key, Body& body,
                                    const RequestParts& parts) {
    for (;;) {
        const bool reused = stream_ != nullptr;
        if (!reused) {
            auto connected = connector_.connect();
            if (!connected) return connected.error();
            stream_ = std::move(*connected);
        }
        const auto head = signed_request(method, key, parts);
        if (!head) return head.error();
        auto answer = exchange(*stream_, *head, body, limits_, parts.sink);
        if (answer) {
            if (!answer->keep_alive) stream_.reset();
            return std::move(*answer);
        }
        stream_.reset();
        const auto& [error, answer_began] = answer.error();
        if (!reused || answer_began || error.fault != Fault::network) return error;
        if (auto again = body.rewind(); !again) return again.error();
    }
}

Error StoreClient::refusal(const Answer& answer, const std::string& what) const {
    const auto document = s3::read_error_document(answer.body);
    std::string message = what + ": " + std::to_string(answer.status);
    if (document) {
        message += ' ' + document->code;
        if (!document->message.empty()) message += " (" + document->message.substr(0, 200) + ')';
    } else if (answer.status == 403) {  // the answer to a HEAD has no room for a reason
        message += " Forbidden; check access key, secret key and clock";
    }
    Trouble trouble = document ? trouble_of_answer(answer.status, document->code, document->message)
                               : trouble_of_answer(answer.status, "", "");
    const std::string* const date = answer.header("date");
    const auto server_time = date != nullptr ? parse_http_date(*date) : std::nullopt;
    // S3 refuses signatures that are off by more than this, and a HEAD does not say so.
    constexpr std::chrono::minutes longest_skew{15};
    if (trouble == Trouble::policy && answer.status == 403 && server_time &&
        std::chrono::abs(*server_time - clock_()) > longest_skew) {
        trouble = Trouble::clock_wrong;
    }
    if (trouble == Trouble::region) {
        if (const std::string* const region = answer.header("x-amz-bucket-region")) {
            message += "; the bucket lies in region " + region->substr(0, 32);
        }
    }
    const bool later = answer.status >= 500 || answer.status == 408 || answer.status == 429;
    const bool no = answer.status >= 400 && !later;
    Error error{no ? Fault::refused : Fault::store, std::move(message)};
    error.trouble = trouble;
    if (trouble == Trouble::clock_wrong) error.server_time = server_time;
    if (const std::string* const wish = answer.header("retry-after"); wish != nullptr && !no) {
        error.retry_after = parse_retry_after(*wish, clock_());
    }
    return error;
}

}  // namespace sallyport::device
