#include "pki/tool/publication/store_repository.h"

#include "pki/file.h"
#include "pki/secret_text.h"
#include "pki/tool/publication/foreign_text.h"
#include "s3/address.h"
#include "s3/authorization.h"
#include "s3/checksum.h"
#include "s3/error_document.h"
#include "s3/payload_hash.h"
#include "s3/sigv4.h"

#include <utility>

namespace sallyport::pki {
namespace {

constexpr unsigned ok = 200;
constexpr unsigned not_found = 404;
constexpr std::size_t max_note_bytes = 64 * 1024;

/// `AWS` names the variables AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if it is there, AWS_SESSION_TOKEN.
Result<s3::StoreCredentials> credentials_of_environment(const std::string& prefix) {
    const auto access_key = environment_variable(prefix + "_ACCESS_KEY_ID");
    if (!access_key) return access_key.error();
    auto secret = environment_variable(prefix + "_SECRET_ACCESS_KEY");
    if (!secret) return secret.error();
    auto token = environment_variable(prefix + "_SESSION_TOKEN");
    auto made = s3::make_store_credentials(*access_key, *secret, token ? *token : "");
    wipe(*secret);
    if (token) wipe(*token);
    if (!made) return Error{Fault::input, prefix + "_*: " + made.error().message};
    return std::move(*made);
}

Result<s3::StoreCredentials> read_credentials(const StoreSettings& settings) {
    const config::SecretSource& source = settings.credentials;
    if (source.kind == config::SecretSource::Kind::environment)
        return credentials_of_environment(source.name);
    auto text = secret_text(source);
    if (!text) return text.error();
    auto read = s3::parse_credentials_file(*text, settings.profile);
    wipe(*text);
    if (!read) return Error{Fault::input, source.origin() + ":" + read.error().message};
    return std::move(*read);
}

std::string md5_of(std::string_view bytes) {
    s3::Checksum md5(s3::ChecksumAlgorithm::md5);
    md5.update(bytes);
    return md5.finish();
}

/// Adds the Authorization field, which covers all of the fields.
std::optional<Error> sign(HttpRequest& request, const std::string& payload_hash,
                          const s3::StoreCredentials& credentials, const std::string& region,
                          std::chrono::sys_seconds now) {
    std::vector<s3::HeaderField> fields;
    std::vector<std::string_view> names;
    for (const HttpField& field : request.fields) {
        fields.push_back({field.name, field.value});
        names.push_back(field.name);
    }
    const auto signature = s3::sign({request.method, request.target, fields, payload_hash}, names,
                                    credentials.access_key, credentials.secret_key, region, now);
    if (!signature) return Error{Fault::input, "cannot sign a request: " + signature.error().message};
    request.fields.push_back({"Authorization", s3::authorization_header(*signature)});
    return std::nullopt;
}

/// What to do about an error of S3 API, "List of error codes".
std::string_view advice(std::string_view code) {
    if (code == "NoSuchBucket") return "make the bucket, or mend its name";
    if (code == "InvalidAccessKeyId") return "the store does not know this access key";
    if (code == "SignatureDoesNotMatch") return "the secret key is wrong, or the region";
    if (code == "AuthorizationHeaderMalformed") return "the region is wrong";
    if (code == "RequestTimeTooSkewed") return "set the clock of this machine";
    if (code == "ExpiredToken") return "get new temporary credentials";
    if (code == "AccessDenied")
        return "the access key needs s3:PutObject and s3:GetObject there, and s3:ListBucket: without it, "
               "stores "
               "hide that a file is absent";
    return "";
}

}  // namespace

Result<std::unique_ptr<StoreRepository>> StoreRepository::open(const StoreSettings& settings) {
    const std::string where = "s3://" + settings.bucket + "/" + settings.prefix + ": ";
    auto credentials = read_credentials(settings);
    if (!credentials) {
        return Error{credentials.error().fault, where + "credentials: " + credentials.error().message};
    }
    auto peer = Peer::open(settings.peer);
    if (!peer) return Error{peer.error().fault, where + peer.error().message};
    return std::unique_ptr<StoreRepository>(
        new StoreRepository(settings, std::move(*peer), std::move(*credentials)));
}

std::string StoreRepository::describe() const {
    std::string endpoint = peer_.address().text();
    endpoint.pop_back();  // its path is "/"
    return "s3://" + settings_.bucket + "/" + settings_.prefix + " at " + endpoint;
}

Error StoreRepository::failed(const std::string& name, const std::string& what) const {
    return {Fault::runtime, describe() + ": " + name + ": " + what};
}

Error StoreRepository::refused(const std::string& name, const HttpAnswer& answer) const {
    const auto document = s3::read_error_document(answer.body);
    if (!document) return failed(name, status_text(answer));
    std::string text = "it answered " + std::to_string(answer.status) + " " + shown(document->code);
    if (!document->message.empty()) text += " (" + shown(document->message) + ")";
    const std::string_view what_to_do = advice(document->code);
    return failed(name, text + (what_to_do.empty() ? "" : ": " + std::string(what_to_do)));
}

Result<HttpAnswer> StoreRepository::exchange(std::string method, const std::string& name,
                                             std::vector<HttpField> fields, std::string_view body,
                                             std::size_t answer_bytes) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const std::string payload_hash = s3::sha256_hex(body);
    const auto style = settings_.virtual_hosted ? s3::RequestStyle::virtual_hosted : s3::RequestStyle::path;
    HttpRequest request{std::move(method),
                        s3::request_path({settings_.bucket, settings_.prefix + name}, style),
                        std::move(fields), body};
    const std::string host = peer_.address().authority();
    request.fields.push_back({"Host", settings_.virtual_hosted ? settings_.bucket + "." + host : host});
    request.fields.push_back({"X-Amz-Date", s3::amz_date(now)});
    request.fields.push_back({"X-Amz-Content-SHA256", payload_hash});
    if (!credentials_.session_token.empty())
        request.fields.push_back({"X-Amz-Security-Token", credentials_.session_token});
    if (auto fault = sign(request, payload_hash, credentials_, settings_.region, now)) return *fault;
    auto answer = peer_.exchange(std::move(request), answer_bytes);
    if (!answer) return failed(name, answer.error().what);
    return std::move(*answer);
}

Repository::Trouble StoreRepository::trouble() const {
    const auto problem = peer_.last_problem();
    if (!problem || *problem == HttpProblem::Kind::malformed) return Trouble::none;
    return *problem == HttpProblem::Kind::too_large ? Trouble::too_large : Trouble::no_answer;
}

Result<void> StoreRepository::put(const std::string& name, std::string_view bytes) {
    // What a cache keeps of a CRL it must ask for again: a revocation is not to wait for it.
    const auto answer = exchange(
        "PUT", name,
        {{"Content-Type", media_type(name)}, {"Cache-Control", "no-cache"}, {"Content-MD5", md5_of(bytes)}},
        bytes, max_note_bytes);
    if (!answer) return answer.error();
    if (answer->status == ok) return {};
    return refused(name, *answer);
}

Result<std::optional<std::string>> StoreRepository::get(const std::string& name, std::size_t max_bytes) {
    auto answer = exchange("GET", name, {}, {}, max_bytes);
    if (!answer) return answer.error();
    if (answer->status == ok) return std::optional<std::string>(std::move(answer->body));
    const auto document = s3::read_error_document(answer->body);
    const bool is_absent = answer->status == not_found && (!document || document->code != "NoSuchBucket");
    if (is_absent) return std::optional<std::string>();
    return refused(name, *answer);
}

}  // namespace sallyport::pki
