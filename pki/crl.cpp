#include "pki/crl.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

namespace sallyport::pki {
namespace {

// DER content of the extension identifiers of RFC 5280 5.2 and 5.3.
constexpr std::array<std::uint8_t, 3> oid_crl_number{0x55, 0x1D, 0x14};
constexpr std::array<std::uint8_t, 3> oid_reason_code{0x55, 0x1D, 0x15};
constexpr std::array<std::uint8_t, 3> oid_invalidity_date{0x55, 0x1D, 0x18};
constexpr std::array<std::uint8_t, 3> oid_delta_indicator{0x55, 0x1D, 0x1B};
constexpr std::array<std::uint8_t, 3> oid_issuing_distribution_point{0x55, 0x1D, 0x1C};
constexpr std::array<std::uint8_t, 3> oid_certificate_issuer{0x55, 0x1D, 0x1D};
constexpr std::array<std::uint8_t, 3> oid_authority_key_id{0x55, 0x1D, 0x23};

constexpr std::size_t max_extensions = 64;  // RFC 5280 5.2 knows seven

bool same(Bytes a, Bytes b) noexcept {
    return std::ranges::equal(a, b);
}

CrlError malformed(std::string_view what) {
    return {CrlLoad::parse_error, "malformed CRL: " + std::string(what)};
}
CrlError unsupported(std::string_view what) {
    return {CrlLoad::scope, std::string(what)};
}

struct Extension {
    Bytes id;
    bool critical;
    Bytes value;  ///< content of extnValue
};

std::optional<Extension> read_extension(DerReader& reader) {
    const auto outer = reader.next(Tag::sequence);
    if (!outer) return std::nullopt;
    DerReader inner(outer->content);
    const auto id = inner.next(Tag::object_identifier);
    const auto critical = inner.next(Tag::boolean);
    const auto value = inner.next(Tag::octet_string);
    if (!id || !value || !inner.at_end()) return std::nullopt;
    if (critical && (critical->content.size() != 1 || critical->content[0] != 0xFF)) return std::nullopt;
    return Extension{id->content, critical.has_value(), value->content};
}

/// DistributionPointName (RFC 5280 4.2.1.13), a CHOICE and therefore tagged explicitly.
CrlResult<Bytes> read_point_names(Bytes content) {
    DerReader reader(content);
    const auto full_name = reader.next(Tag::context_0);
    if (!full_name) return unsupported("a distribution point named relative to its issuer is not applied");
    if (!reader.at_end() || full_name->content.empty()) return malformed("issuing distribution point");
    return full_name->content;
}

/// IssuingDistributionPoint (RFC 5280 5.2.5): its fields carry the context tags 0 to 5, in this order.
CrlResult<void> read_issuing_distribution_point(Bytes value, CrlView& view) {
    DerReader outer(value);
    const auto point = outer.next(Tag::sequence);
    if (!point || !outer.at_end()) return malformed("issuing distribution point");
    DerReader fields(point->content);
    unsigned last = 0;
    while (!fields.at_end()) {
        const auto field = fields.next();
        const unsigned number = field ? static_cast<unsigned>(field->tag) & 0x1FU : 0;
        if (!field || number + 1 <= last) return malformed("issuing distribution point");
        last = number + 1;
        const bool yes = field->content.size() == 1 && field->content[0] == 0xFF;  // FALSE is not written
        switch (static_cast<std::uint8_t>(field->tag)) {
            case 0xA0: {
                const auto names = read_point_names(field->content);
                if (!names) return names.error();
                view.point_names = *names;
                break;
            }
            case 0x81:
            case 0x82:
                if (!yes) return malformed("issuing distribution point");
                if (view.scope != CrlScope::all)
                    return malformed("only user and only CA certificates at once");
                view.scope = number == 1 ? CrlScope::users_only : CrlScope::authorities_only;
                break;
            case 0x83:
                return unsupported("a CRL for some reasons only is not applied");
            case 0x84:
                return unsupported("an indirect CRL is not applied");
            case 0x85:
                return unsupported("a CRL of attribute certificates is not applied");
            default:
                return malformed("issuing distribution point");
        }
    }
    return {};
}

CrlResult<Bytes> read_number(Bytes value, std::string_view what) {
    DerReader reader(value);
    const auto number = reader.next(Tag::integer);
    if (!number || number->content.empty() || !reader.at_end()) return malformed(what);
    const Bytes octets = minimal_integer(number->content);
    constexpr std::uint8_t sign = 0x80;
    constexpr std::size_t max_octets = 21;  // RFC 5280 5.2.3: 20, and one for the sign
    if ((octets[0] & sign) != 0 || octets.size() > max_octets) return malformed(what);
    return octets;
}

CrlResult<Bytes> read_authority_key_id(Bytes value) {
    DerReader reader(value);
    const auto identifier = reader.next(Tag::sequence);
    if (!identifier || !reader.at_end()) return malformed("authority key identifier");
    const auto key = DerReader(identifier->content).next(Tag::context_0_primitive);
    return key ? key->content : Bytes{};
}

CrlResult<void> read_extension_value(const Extension& extension, CrlView& view) {
    if (same(extension.id, oid_crl_number)) {
        const auto number = read_number(extension.value, "CRL number");
        if (!number) return number.error();
        view.number = *number;
    } else if (same(extension.id, oid_delta_indicator)) {
        const auto number = read_number(extension.value, "base CRL number");
        if (!number) return number.error();
        view.delta = true;
        view.base_number = *number;
    } else if (same(extension.id, oid_authority_key_id)) {
        const auto key = read_authority_key_id(extension.value);
        if (!key) return key.error();
        view.authority_key_id = *key;
    } else if (same(extension.id, oid_issuing_distribution_point)) {
        return read_issuing_distribution_point(extension.value, view);
    } else if (extension.critical) {
        return unsupported("an unknown critical extension");
    }
    return {};
}

CrlResult<void> read_extensions(Bytes content, CrlView& view) {
    DerReader outer(content);
    const auto list = outer.next(Tag::sequence);
    if (!list || !outer.at_end()) return malformed("extensions");
    DerReader extensions(list->content);
    std::vector<Bytes> seen;
    while (!extensions.at_end()) {
        const auto extension = read_extension(extensions);
        if (!extension) return malformed("an extension");
        // Before the signature is verified: nobody may keep us busy with comparing them.
        if (seen.size() == max_extensions) return malformed("too many extensions");
        if (std::ranges::any_of(seen, [&](Bytes id) { return same(id, extension->id); })) {
            return malformed("an extension stands twice");
        }
        seen.push_back(extension->id);
        if (auto read = read_extension_value(*extension, view); !read) return read.error();
    }
    if (view.delta && view.number.empty()) return malformed("a delta CRL without a number");
    return {};
}

/// tBSCertList (RFC 5280 5.1.2) after its header.
CrlResult<void> read_tbs(Bytes content, CrlView& view) {
    DerReader tbs(content);
    const auto version = tbs.next(Tag::integer);
    if (!version || version->content.size() != 1 || version->content[0] != 1)
        return malformed("not version 2");
    const auto algorithm = tbs.next(Tag::sequence);
    const auto issuer = tbs.next(Tag::sequence);
    if (!algorithm || !issuer) return malformed("issuer");
    if (!same(algorithm->whole, view.algorithm)) return malformed("two different signature algorithms");
    view.issuer = issuer->whole;

    const auto this_update = tbs.next();
    const auto this_time = this_update ? parse_time(*this_update) : std::nullopt;
    if (!this_time) return malformed("thisUpdate");
    view.this_update = *this_time;
    if (tbs.peek() != Tag::utc_time && tbs.peek() != Tag::generalized_time) {
        return malformed("no nextUpdate, which RFC 5280 5.1.2.5 requires");
    }
    const auto next_update = tbs.next();
    const auto next_time = next_update ? parse_time(*next_update) : std::nullopt;
    if (!next_time || *next_time < *this_time) return malformed("nextUpdate");
    view.next_update = *next_time;

    if (const auto revoked = tbs.next(Tag::sequence)) view.revoked = revoked->content;
    if (const auto extensions = tbs.next(Tag::context_0)) {
        if (auto read = read_extensions(extensions->content, view); !read) return read.error();
    }
    if (!tbs.at_end()) return malformed("unknown fields");
    return {};
}

CrlResult<void> read_entry_extensions(Bytes content, CrlEntry& entry) {
    DerReader extensions(content);
    while (!extensions.at_end()) {
        const auto extension = read_extension(extensions);
        if (!extension) return malformed("an entry's extension");
        DerReader value(extension->value);
        if (same(extension->id, oid_reason_code)) {
            const auto code = value.next(Tag::enumerated);
            if (!code || code->content.size() != 1 || code->content[0] > 10 || !value.at_end() ||
                entry.reason != CrlReason::none) {
                return malformed("an entry's reason code");
            }
            entry.reason = static_cast<CrlReason>(code->content[0]);
        } else if (same(extension->id, oid_invalidity_date)) {
            const auto date = value.next(Tag::generalized_time);
            const auto since = date ? parse_time(*date) : std::nullopt;
            if (!since || !value.at_end() || entry.invalid_since)
                return malformed("an entry's invalidity date");
            entry.invalid_since = since;
        } else if (same(extension->id, oid_certificate_issuer)) {
            return unsupported("an indirect CRL is not applied");
        } else if (extension->critical) {
            return unsupported("an unknown critical extension in an entry");
        }
    }
    return {};
}

/// The digest and key type of a signature AlgorithmIdentifier, if we accept it at all.
const EVP_MD* accepted_digest(Bytes algorithm, int& key_type) {
    const unsigned char* cursor = algorithm.data();
    const std::unique_ptr<X509_ALGOR, Releaser<&X509_ALGOR_free>> parsed(
        d2i_X509_ALGOR(nullptr, &cursor, static_cast<long>(algorithm.size())));
    if (!parsed) return nullptr;
    const ASN1_OBJECT* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, parsed.get());
    int digest = NID_undef;
    if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, &key_type) != 1) return nullptr;
    if (digest != NID_sha256 && digest != NID_sha384 && digest != NID_sha512) return nullptr;
    return EVP_get_digestbynid(digest);
}

/// Of at least eight characters, eight at a time: a CRL has a date in every entry.
bool are_digits(Bytes text) noexcept {
    constexpr std::uint64_t in_each = 0x0101010101010101;
    const auto beyond_digits = [&](std::size_t at) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + at, sizeof word);
        const std::uint64_t high = word & (0xF0 * in_each);  // 3 in all digits, still when 6 is added
        return (high ^ (0x30 * in_each)) | (((word & (0x0F * in_each)) + 0x06 * in_each) & (0xF0 * in_each));
    };
    return (beyond_digits(0) | beyond_digits(text.size() - sizeof(std::uint64_t))) == 0;
}

int two_digits(Bytes text, std::size_t at) noexcept {
    return (text[at] - '0') * 10 + (text[at + 1] - '0');
}

}  // namespace

std::string_view to_string(CrlLoad result) noexcept {
    switch (result) {
        case CrlLoad::loaded:
            return "loaded";
        case CrlLoad::unchanged:
            return "unchanged";
        case CrlLoad::bad_signature:
            return "bad_signature";
        case CrlLoad::rollback:
            return "rollback";
        case CrlLoad::shrink:
            return "shrink";
        case CrlLoad::scope:
            return "scope";
        case CrlLoad::too_large:
            return "too_large";
        case CrlLoad::parse_error:
            return "parse_error";
        case CrlLoad::fetch_error:
            return "fetch_error";
    }
    return "?";
}

std::string_view to_string(CrlReason reason) noexcept {
    switch (reason) {
        case CrlReason::unspecified:
            return "unspecified";
        case CrlReason::key_compromise:
            return "keyCompromise";
        case CrlReason::ca_compromise:
            return "cACompromise";
        case CrlReason::affiliation_changed:
            return "affiliationChanged";
        case CrlReason::superseded:
            return "superseded";
        case CrlReason::cessation_of_operation:
            return "cessationOfOperation";
        case CrlReason::certificate_hold:
            return "certificateHold";
        case CrlReason::remove_from_crl:
            return "removeFromCRL";
        case CrlReason::privilege_withdrawn:
            return "privilegeWithdrawn";
        case CrlReason::aa_compromise:
            return "aACompromise";
        case CrlReason::none:
            return "not stated";
    }
    return "?";
}

void throw_exception_from_error(const CrlError& error, const boost::source_location&) {
    throw std::logic_error("unchecked CRL error: " + error.message);
}

std::optional<std::chrono::sys_seconds> parse_time(const DerElement& element) noexcept {
    const bool utc = element.tag == Tag::utc_time;
    if (!utc && element.tag != Tag::generalized_time) return std::nullopt;
    const std::size_t year_digits = utc ? 2 : 4;
    const Bytes& text = element.content;
    if (text.size() != year_digits + 11 || text.back() != 'Z') return std::nullopt;
    if (!are_digits(text.first(text.size() - 1))) return std::nullopt;
    const int year = utc ? (two_digits(text, 0) >= 50 ? 1900 : 2000) + two_digits(text, 0)
                         : two_digits(text, 0) * 100 + two_digits(text, 2);
    const auto part = [&](std::size_t index) { return two_digits(text, year_digits + 2 * index); };
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(part(0))},
                                           std::chrono::day{static_cast<unsigned>(part(1))}};
    if (!date.ok() || part(2) > 23 || part(3) > 59 || part(4) > 59) return std::nullopt;
    return std::chrono::sys_days{date} + std::chrono::hours{part(2)} + std::chrono::minutes{part(3)} +
           std::chrono::seconds{part(4)};
}

CrlResult<CrlView> parse_crl(Bytes der) {
    DerReader outer(der);
    const auto list = outer.next(Tag::sequence);
    if (!list || !outer.at_end()) return malformed("not one DER sequence");
    DerReader reader(list->content);
    const auto tbs = reader.next(Tag::sequence);
    const auto algorithm = reader.next(Tag::sequence);
    const auto signature = reader.next(Tag::bit_string);
    if (!tbs || !algorithm || !signature || !reader.at_end()) return malformed("not a CertificateList");
    if (signature->content.empty() || signature->content[0] != 0) return malformed("signature");

    CrlView view{};
    view.tbs = tbs->whole;
    view.algorithm = algorithm->whole;
    view.signature = signature->content.subspan(1);
    if (auto read = read_tbs(tbs->content, view); !read) return read.error();
    return view;
}

CrlResult<bool> CrlEntries::next(CrlEntry& entry) {
    if (reader_.at_end()) return false;
    const auto whole = reader_.next(Tag::sequence);
    if (!whole) return malformed("an entry");
    DerReader fields(whole->content);
    const auto serial = fields.next(Tag::integer);
    const auto date = fields.next();
    const auto revoked_at = date ? parse_time(*date) : std::nullopt;
    if (!serial || serial->content.empty() || !revoked_at) return malformed("an entry");
    entry.serial = minimal_integer(serial->content);
    entry.reason = CrlReason::none;
    entry.revoked_at = *revoked_at;
    entry.invalid_since.reset();
    if (const auto extensions = fields.next(Tag::sequence)) {
        if (auto done = read_entry_extensions(extensions->content, entry); !done) return done.error();
    }
    if (!fields.at_end()) return malformed("an entry");
    return true;
}

CrlResult<void> verify_crl(const CrlView& view, const X509& issuer) {
    const unsigned char* cursor = view.issuer.data();
    const NamePtr name(d2i_X509_NAME(nullptr, &cursor, static_cast<long>(view.issuer.size())));
    if (!name) return malformed("issuer name");
    if (X509_NAME_cmp(name.get(), X509_get_subject_name(&issuer)) != 0) {
        return CrlError{CrlLoad::bad_signature, "the CRL is of another issuer"};
    }
    auto* certificate = const_cast<X509*>(&issuer);  // the getters below cache parsed extensions under a lock
    const ASN1_OCTET_STRING* key_id = X509_get0_subject_key_id(certificate);
    if (key_id != nullptr && !view.authority_key_id.empty() &&
        !same(view.authority_key_id,
              {ASN1_STRING_get0_data(key_id), static_cast<std::size_t>(ASN1_STRING_length(key_id))})) {
        return CrlError{CrlLoad::bad_signature, "the CRL is of another key of its issuer"};
    }
    if ((X509_get_key_usage(certificate) & X509v3_KU_CRL_SIGN) == 0) {
        return CrlError{CrlLoad::bad_signature, "its issuer's certificate lacks key usage cRLSign"};
    }
    int key_type = NID_undef;
    const EVP_MD* digest = accepted_digest(view.algorithm, key_type);
    if (digest == nullptr) {
        return CrlError{CrlLoad::bad_signature,
                        "its signature algorithm is not accepted (SHA-256 or better is needed)"};
    }
    EVP_PKEY* key = X509_get0_pubkey(&issuer);
    if (key == nullptr || EVP_PKEY_get_base_id(key) != key_type) {
        return CrlError{CrlLoad::bad_signature, "its signature algorithm does not fit its issuer's key"};
    }
    const DigestContextPtr context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) != 1 ||
        EVP_DigestVerify(context.get(), view.signature.data(), view.signature.size(), view.tbs.data(),
                         view.tbs.size()) != 1) {
        return CrlError{CrlLoad::bad_signature, take_openssl_errors("its signature is wrong")};
    }
    return {};
}

}  // namespace sallyport::pki
