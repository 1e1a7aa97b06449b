// Our verdict beside OpenSSL's, on 10,000 random CRLs and serials. OpenSSL checks a CRL anew in each path; we
// take it in once. Where the two differ, ours must be the stricter, for one of the reasons named here.
#include "pki/chain_verifier.h"
#include "pki/revocation_index_builder.h"
#include "tests/support/certificates.h"
#include "tests/support/crl_writer.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

using test::now;
using test::octets;
using test::tlv;
using namespace std::chrono_literals;

constexpr int rounds = 10'000;
constexpr unsigned remove_from_crl = 8;

/// What OpenSSL says: "ok", "revoked", or "refused" for any other reason.
std::string verdict_of_openssl(X509& leaf, X509& anchor, const std::vector<std::string>& crls) {
    const StorePtr store(X509_STORE_new());
    X509_STORE_add_cert(store.get(), &anchor);
    X509_STORE_set_flags(store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_X509_STRICT);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store.get()), now.time_since_epoch().count());
    for (const std::string& der : crls) {
        const auto* cursor = reinterpret_cast<const unsigned char*>(der.data());
        const CrlPtr crl(d2i_X509_CRL(nullptr, &cursor, static_cast<long>(der.size())));
        if (crl) X509_STORE_add_crl(store.get(), crl.get());
    }
    const StoreContextPtr context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), &leaf, nullptr);
    const bool good = X509_verify_cert(context.get()) == 1;
    take_openssl_errors("");
    if (good) return "ok";
    return X509_STORE_CTX_get_error(context.get()) == X509_V_ERR_CERT_REVOKED ? "revoked" : "refused";
}

/// The same words for ours. `all_taken` is false when a CRL was refused: then it is as if it were not there,
/// while OpenSSL may choose it and refuse the certificate for what it does not understand.
std::string our_verdict(X509& leaf, X509& anchor, const std::vector<std::string>& crls, bool& all_taken) {
    X509_up_ref(&anchor);
    std::vector<CertificatePtr> anchors;
    anchors.emplace_back(&anchor);
    const auto trust = TrustAnchors::create(std::move(anchors), {}).value();
    RevocationIndexBuilder builder(trust.authorities(), {}, nullptr);
    for (const std::string& der : crls)
        all_taken &= builder.add("a.crl", test::bytes(der)).has_value();
    const auto path = verify_path(leaf, {}, trust, now);
    if (!path) return "refused: " + path.error().detail;
    const auto refusal = recheck(*path, builder.finish().index, RevocationRequirement::leaf, now);
    if (!refusal) return "ok";
    return refusal->reason == Refusal::revoked ? "revoked" : "refused";
}

/// Makes certificates and CRLs that often have to do with each other.
class Generator {
  public:
    explicit Generator(unsigned seed) : random_(seed) {}

    bool chance(unsigned percent) { return below(100) < percent; }
    unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }

    /// Legal (RFC 5280 4.1.2.2) but for its length; from a small pool, so that lists and certificates meet.
    std::string serial() {
        static constexpr std::size_t lengths[] = {1, 2, 8, 16, 17, 20};
        const std::size_t length = lengths[below(std::size(lengths))];
        std::string serial(length, '\x22');
        serial.front() = static_cast<char>(1 + below(0x7F));
        serial.back() = static_cast<char>(1 + below(4));
        if (length > 1 && chance(30)) serial.replace(0, 2, octets({0x00, 0x80 + below(0x80)}));
        return serial;
    }

    std::string point() { return tlv(0x86, "http://crl.test/" + std::to_string(below(3))); }

    std::string entry(const std::string& of_leaf, bool& may_differ) {
        const bool same = chance(15);
        const std::string number = same ? of_leaf : serial();
        static constexpr unsigned reasons[] = {0, 1, 2, 3, 4, 5, 6, 9, 10, remove_from_crl};
        const unsigned reason = reasons[below(std::size(reasons))];
        // OpenSSL lets removeFromCRL stand for "not revoked" also where it has no business.
        if (reason == remove_from_crl && number == of_leaf) may_differ = true;
        if (chance(3)) return test::crl_entry(number, {test::extension(test::id_ce(99), true, "")});
        return chance(50) ? test::crl_entry(number) : test::crl_entry(number, {test::reason_code(reason)});
    }

    std::string issuing_point() {
        const std::string yes = octets({0xFF});
        std::string fields;
        if (chance(50)) fields += test::distribution_point_name(point() + (chance(30) ? point() : ""));
        if (chance(30)) fields += tlv(chance(70) ? 0x81 : 0x82, yes);
        if (chance(5)) fields += tlv(0x83, octets({7, 0x80}));
        if (chance(5)) fields += tlv(0x84, yes);
        return fields;
    }

  private:
    std::mt19937 random_;
};

struct Round {
    std::string serial;
    std::string points;  ///< a CRLDistributionPoints value for OpenSSL's configuration; empty: none
    bool may_differ = false;
};

test::CrlDraft random_crl(Generator& generator, const X509& anchor, Round& round, unsigned place) {
    test::CrlDraft draft;
    draft.issuer = test::name_der(anchor);
    // Later CRLs have higher numbers and dates: OpenSSL goes by the date, we by the number.
    const auto this_update = generator.chance(5) ? now + 2h : now - 10h + std::chrono::hours(place);
    const auto next_update = generator.chance(10) ? now - 30min : now + 3h;
    draft.this_update = test::generalized_time(test::time_text(this_update));
    draft.next_update = test::generalized_time(test::time_text(std::max(next_update, this_update + 1h)));
    draft.extensions = {test::crl_number(octets({1 + place}))};
    if (generator.chance(50)) {
        const ASN1_OCTET_STRING* id = X509_get0_subject_key_id(const_cast<X509*>(&anchor));
        std::string key(reinterpret_cast<const char*>(ASN1_STRING_get0_data(id)),
                        static_cast<std::size_t>(ASN1_STRING_length(id)));
        if (generator.chance(5)) key.front() = static_cast<char>(key.front() + 1);
        draft.extensions.push_back(test::authority_key_id(key));
    }
    if (generator.chance(40)) {
        const std::string fields = generator.issuing_point();
        if (!fields.empty()) draft.extensions.push_back(test::issuing_distribution_point(fields));
    }
    if (generator.chance(3))
        draft.extensions.push_back(test::extension(test::id_ce(99), true, test::integer("\x01")));
    for (unsigned i = generator.below(12); i > 0; --i)
        draft.entries.push_back(generator.entry(round.serial, round.may_differ));
    return draft;
}

CertificatePtr leaf_of(const Round& round, const test::Issuer& issuer) {
    test::Extensions extensions = test::device_extensions();
    if (!round.points.empty()) extensions.emplace_back(NID_crl_distribution_points, round.points.c_str());
    return test::certificate(
        {.common_name = "device", .serial = round.serial, .extensions = std::move(extensions)}, test::key(2),
        &issuer);
}

/// Of two lists of one issuer we heed what either says, wherever the certificate claims to belong: only with
/// one must the verdicts be the same.
std::string contradiction(const std::string& openssl, const std::string& ours, bool one_list,
                          bool may_differ) {
    if (ours == "ok" && openssl != "ok") return "let in what OpenSSL calls " + openssl;
    if (!one_list) return "";
    if (openssl == "revoked" && ours != "revoked") return "a revoked certificate is called " + ours;
    if (openssl == "ok" && ours != "ok" && !may_differ) return "a good certificate is called " + ours;
    return "";
}

TEST(Revocation, is_never_laxer_than_openssl) {
    const CertificatePtr anchor = test::authority("CA", test::key(0));
    const test::Issuer issuer{anchor.get(), &test::key(0)};
    Generator generator(20260115);
    std::map<std::string, int> seen;
    for (int i = 0; i < rounds; ++i) {
        Round round;
        round.serial = generator.serial();
        if (generator.chance(50)) round.points = "URI:http://crl.test/" + std::to_string(generator.below(3));
        const unsigned count = generator.chance(30) ? 2 : 1;
        std::vector<std::string> crls;
        for (unsigned place = 0; place < count; ++place) {
            const auto draft = random_crl(generator, *anchor, round, place);
            crls.push_back(draft.signed_by(test::key(generator.chance(5) ? 1 : 0)));
        }
        const CertificatePtr leaf = leaf_of(round, issuer);
        const std::string openssl = verdict_of_openssl(*leaf, *anchor, crls);
        bool all_taken = true;
        const std::string ours = our_verdict(*leaf, *anchor, crls, all_taken);
        ++seen[openssl + "/" + ours];

        if (count > 1 && !all_taken) continue;
        ASSERT_EQ(contradiction(openssl, ours, count == 1, round.may_differ), "") << "round " << i;
    }
    for (const auto& [pair, times] : seen)
        RecordProperty(pair, times);
    EXPECT_GT(seen["ok/ok"], rounds / 20) << "the rounds must say something";
    EXPECT_GT(seen["revoked/revoked"], rounds / 20);
    EXPECT_GT(seen["refused/refused"], rounds / 20);
}

}  // namespace
}  // namespace sallyport::pki
