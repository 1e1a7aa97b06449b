#include "gateway/rules/store_head.h"

#include "gateway/rules/header_rules.h"
#include "s3/authorization.h"
#include "s3/payload_hash.h"

#include <algorithm>
#include <span>

namespace sallyport::gateway {
namespace {

std::string lower_case(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return lowered;
}

/// Of the client's signature, and what we say ourselves.
constexpr std::string_view said_anew[] = {"authorization",        "date",       "host",
                                          "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"};

/// What says how chunks were made, where none are left.
constexpr std::string_view of_chunks[] = {"x-amz-decoded-content-length", "x-amz-trailer",
                                          "x-amz-sdk-checksum-algorithm"};
constexpr std::string_view signed_payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view unsigned_trailer_payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

bool is_signed(std::string_view name) {
    return name.starts_with("x-amz-") || name == "host" || name == "content-md5" || name == "content-type";
}

/// A list of codings without `aws-chunked`.
std::string without_aws_chunked(std::string_view codings) {
    std::string kept;
    while (!codings.empty()) {
        std::string_view coding = codings.substr(0, codings.find(','));
        codings.remove_prefix(std::min(coding.size() + 1, codings.size()));
        while (coding.starts_with(' '))
            coding.remove_prefix(1);
        while (coding.ends_with(' '))
            coding.remove_suffix(1);
        if (coding.empty() || equals_ignoring_case(coding, "aws-chunked")) continue;
        if (!kept.empty()) kept += ", ";
        kept += coding;
    }
    return kept;
}

/// What else of a client's head goes to the store. A store may obey a field that no rule of ours knows, and
/// now it would do so with its own credentials: `x-minio-force-delete`, `rgwx-...`, `X-Forwarded-For`.
constexpr std::string_view plain_fields[] = {"accept",
                                             "cache-control",
                                             "content-disposition",
                                             "content-encoding",
                                             "content-language",
                                             "content-md5",
                                             "content-type",
                                             "expect",
                                             "expires",
                                             "if-match",
                                             "if-modified-since",
                                             "if-none-match",
                                             "if-unmodified-since",
                                             "origin",
                                             "range",
                                             "traceparent",
                                             "tracestate",
                                             "user-agent"};
constexpr std::string_view amz_fields[] = {
    "x-amz-acl",
    "x-amz-bucket-object-lock-enabled",
    "x-amz-bucket-object-lock-token",
    "x-amz-bypass-governance-retention",
    "x-amz-confirm-remove-self-bucket-access",
    "x-amz-decoded-content-length",
    "x-amz-expected-bucket-owner",
    "x-amz-if-match-initiated-time",
    "x-amz-if-match-last-modified-time",
    "x-amz-if-match-size",
    "x-amz-max-parts",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-object-attributes",
    "x-amz-object-ownership",
    "x-amz-optional-object-attributes",
    "x-amz-part-number-marker",
    "x-amz-rename-source",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-skip-destination-validation",
    "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class",
    "x-amz-trailer",
    "x-amz-transition-default-minimum-object-size",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
};
constexpr std::string_view amz_beginnings[] = {"x-amz-checksum-",
                                               "x-amz-copy-source",
                                               "x-amz-grant-",
                                               "x-amz-meta-",
                                               "x-amz-object-lock-",
                                               "x-amz-rename-source-if-",
                                               "x-amz-server-side-encryption",
                                               "x-amz-tagging"};
/// Of no use to a store.
constexpr std::string_view dropped_fields[] = {"x-amz-user-agent"};

bool is_listed(std::string_view name, std::span<const std::string_view> names) {
    return std::ranges::find(names, name) != names.end();
}

bool is_known_to_s3(std::string_view name) {
    return is_listed(name, amz_fields) ||
           std::ranges::any_of(amz_beginnings, [&](auto beginning) { return name.starts_with(beginning); });
}

class HeadForStore {
  public:
    HeadForStore(const RequestHead& head, const StoreTarget& target, const Delivery& delivery,
                 const StorePayload& payload)
        : head_(head),
          target_(target),
          delivery_(delivery),
          payload_(payload),
          is_taken_apart_(payload.coding && !payload.coding->is_chunked) {}

    Result<SignedHead> sign(const StoreSigner& signer) {
        add("Host", target_.host);
        for (const HeaderField& field : head_.fields) {
            if (auto denial = take(field)) return *denial;
        }
        for (const OwnField& field : target_.fields) {
            if (auto denial = refuse_unknown(lower_case(field.name))) return *denial;
            add(field.name, field.value);
        }
        add("x-amz-content-sha256", payload_.hash);
        add("x-amz-date", s3::amz_date(signer.time));
        if (!signer.session_token.empty()) add("x-amz-security-token", signer.session_token);

        const auto names = s3::canonical_header_names(
            std::vector<std::string_view>(signed_names_.begin(), signed_names_.end()));
        if (!names) return bad_request(Reason::malformed, names.error().message);
        std::vector<s3::HeaderField> fields;
        for (const OwnField& field : fields_)
            fields.push_back({field.name, field.value});
        const auto canonical =
            s3::canonical_request({head_.method, target_.target, fields, payload_.hash}, *names);
        if (!canonical) return bad_request(Reason::malformed, canonical.error().message);
        std::string proof =
            s3::signature(signer.key, s3::string_to_sign(signer.time, signer.scope, *canonical));
        const s3::Authorization said{signer.access_key, signer.scope, *names, proof};
        return SignedHead{text(s3::authorization_header(said)), std::move(proof)};
    }

  private:
    void add(std::string_view name, std::string_view value) {
        fields_.push_back({std::string(name), std::string(value)});
        std::string lowered = lower_case(name);
        if (is_signed(lowered) && std::ranges::find(signed_names_, lowered) == signed_names_.end())
            signed_names_.push_back(std::move(lowered));
    }

    /// Drops what is no business of the store; refuses what S3 might obey and we do not know.
    std::optional<Denial> take(const HeaderField& field) {
        const std::string name = lower_case(field.name);
        if (is_listed(name, said_anew) || is_listed(name, dropped_fields)) return std::nullopt;
        if (!name.starts_with("x-amz-") && !is_listed(name, plain_fields)) return std::nullopt;
        if (auto denial = refuse_unknown(name)) return denial;
        if (name == "expect" && !delivery_.expects_continue) return std::nullopt;
        const auto is_own = [&](const OwnField& own) { return equals_ignoring_case(own.name, name); };
        if (std::ranges::any_of(target_.fields, is_own)) return std::nullopt;
        if (is_taken_apart_ && is_listed(name, of_chunks)) return std::nullopt;
        const bool loses_coding = is_taken_apart_ && name == "content-encoding";
        const std::string value = loses_coding ? without_aws_chunked(field.value) : std::string(field.value);
        if (!loses_coding || !value.empty()) add(field.name, value);
        return std::nullopt;
    }

    std::optional<Denial> refuse_unknown(const std::string& name) const {
        const bool is_known = !name.starts_with("x-amz-") || is_known_to_s3(name);
        // Its value may name another place in the store.
        const bool is_elsewhere = target_.mapping != nullptr && name == "x-amz-website-redirect-location";
        if (is_known && !is_elsewhere) return std::nullopt;
        return Denial{Reason::malformed, 501, "NotImplemented",
                      "A header you provided implies functionality that is not implemented.",
                      name + " is not passed on with signing: resign"};
    }

    std::string text(const std::string& authorization) const {
        std::string out;
        out.reserve(1536);
        const auto append = [&](std::initializer_list<std::string_view> parts) {
            for (const std::string_view part : parts)
                out += part;
        };
        append({head_.method, " ", target_.target, " HTTP/1.1\r\n"});
        for (const OwnField& field : fields_)
            append({field.name, ": ", field.value, "\r\n"});
        append({"Authorization: ", authorization, "\r\n"});
        append_framing(out, delivery_);
        out += "\r\n";
        return out;
    }

    const RequestHead& head_;
    const StoreTarget& target_;
    const Delivery& delivery_;
    const StorePayload& payload_;
    const bool is_taken_apart_;
    std::vector<OwnField> fields_;
    std::vector<std::string> signed_names_;
};

}  // namespace

StorePayload payload_for_store(const s3::PayloadPromise& promise, const s3::ChunkedPayload& chunked,
                               StoreAddressing::Chunks way) {
    using Kind = s3::PayloadPromise::Kind;
    using Chunks = StoreAddressing::Chunks;
    if (promise.kind == Kind::nothing) return {std::string(s3::unsigned_payload)};
    if (promise.kind == Kind::hash) return {promise.sha256};
    const bool has_trailer = promise.form.has_trailer;
    const bool is_signed = promise.form.has_signatures && way == Chunks::as_signed;
    // Chunks that have neither signatures nor a trailer would say nothing.
    const bool is_chunked = way != Chunks::taken_apart && (is_signed || has_trailer);
    if (!is_chunked) return {std::string(s3::unsigned_payload), s3::BodyCoding{}, chunked.decoded_length};
    if (!promise.form.has_signatures) return {std::string(unsigned_trailer_payload)};
    s3::BodyCoding coding{.is_chunked = true, .form = {is_signed, has_trailer}};
    if (has_trailer) {
        coding.trailer = *chunked.trailer;
        coding.trailer_bytes = s3::text_length(*s3::checksum_of_field(*chunked.trailer));
    }
    std::string hash(unsigned_trailer_payload);
    if (is_signed) hash = std::string(signed_payload) + (has_trailer ? "-TRAILER" : "");
    const std::uint64_t length = s3::encoded_length(coding, chunked.decoded_length);
    return {std::move(hash), std::move(coding), length};
}

Result<SignedHead> signed_head(const RequestHead& head, const StoreTarget& target, const Delivery& delivery,
                               const StorePayload& payload, const StoreSigner& signer) {
    return HeadForStore(head, target, delivery, payload).sign(signer);
}

}  // namespace sallyport::gateway
