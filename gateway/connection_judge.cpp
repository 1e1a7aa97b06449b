#include "gateway/connection_judge.h"

#include "gateway/wall_clock.h"
#include "pki/certificate.h"

namespace sallyport::gateway {
namespace {

/// Kept with a session in shadow mode whose certificate led to no anchor: such a one is judged each time.
constexpr std::string_view unproven = "?";

}  // namespace

pki::ChainRefusal changed_rules() {
    return {pki::Refusal::untrusted_issuer, "trust or identity rules have changed; come again"};
}

std::size_t choose_listener(const Snapshot& snapshot, const std::vector<std::size_t>& port,
                            std::string_view server_name) {
    using pki::NameFit;
    std::size_t chosen = port.front();
    NameFit best = NameFit::none;
    for (const std::size_t place : port) {
        for (const std::string& pattern : snapshot.listeners[place].server_names) {
            const NameFit fit = pki::fit_of(pattern, server_name);
            if (fit <= best) continue;
            best = fit;
            chosen = place;
        }
    }
    return chosen;
}

bool ConnectionJudge::serves(std::string_view server_name) {
    server_name_ = server_name;
    if (port_.size() == 1) return true;
    auto snapshot = snapshots_.current();
    const std::size_t chosen = choose_listener(*snapshot, port_, server_name);
    if (chosen == listener_) return true;
    other_choice_ = Choice{std::move(snapshot), chosen};
    return false;
}

const std::vector<std::size_t>& ConnectionJudge::only_listener() {
    static const std::vector<std::size_t> one(1);
    return one;
}

pki::ChainResult<std::string> ConnectionJudge::judge(X509_STORE_CTX& context) {
    const auto snapshot = snapshots_.current();
    // Nothing is verified yet: a stranger's serial may be as long as its certificate, and goes into logs.
    constexpr std::size_t most_told_octets = 64;
    const std::string serial = pki::serial_octets(*X509_STORE_CTX_get0_cert(&context));
    serial_ = pki::hex(std::string_view(serial).substr(0, most_told_octets));
    // OpenSSL verifies against the anchors of the time when the connection was accepted.
    if (snapshot->listeners[listener_].admission->digest != admission_->digest) {
        refusal_ = changed_rules();
        if (admission_->is_shadow()) return std::string(unproven);
        return *refusal_;
    }
    const auto verdict = find_or_verify(context, *snapshot);
    if (verdict) {
        // Signatures first: a stranger's forged certificate must not reach the index, nor be told what it
        // holds.
        refusal_ = snapshot->recheck((*verdict)->peer, now_seconds());
        if (!refusal_ || admission_->is_shadow()) return (*verdict)->encoded;
        refused_ = *verdict;
        return *refusal_;
    }
    refusal_ = verdict.error();
    if (admission_->is_shadow()) return std::string(unproven);
    return *refusal_;
}

pki::ChainResult<ConnectionJudge::Verdict> ConnectionJudge::find_or_verify(X509_STORE_CTX& context,
                                                                           const Snapshot& snapshot) {
    const auto key = VerdictCache::key_of(*X509_STORE_CTX_get0_cert(&context),
                                          X509_STORE_CTX_get0_untrusted(&context), admission_->digest);
    const Verdict known = key ? snapshot.verdicts->find(*key) : nullptr;
    if (known) {
        name_ = known->peer.name;
        // A path may have aged while another one, over a renewed CA, has not: only a fresh look can tell.
        if (!snapshot.recheck(known->peer, now_seconds())) return known;
    }
    auto verdict = verify(context);
    if (verdict && key && !snapshot.recheck((*verdict)->peer, now_seconds()))
        snapshot.verdicts->put(*key, *verdict);
    return verdict;
}

pki::ChainResult<ConnectionJudge::Verdict> ConnectionJudge::verify(X509_STORE_CTX& context) {
    auto name =
        admission_->identification->identify(pki::certificate_names(*X509_STORE_CTX_get0_cert(&context)));
    if (name) name_ = *name;
    auto path = pki::verify_path(context, *admission_->trust, admission_->leaf_rules);
    if (!path) return path.error();
    if (!name) return name.error();
    Peer peer{name_, std::move(*path)};
    std::string encoded = encode_peer(peer);
    return std::make_shared<const VerdictCache::Verdict>(std::move(peer), std::move(encoded));
}

bool ConnectionJudge::may_resume(std::string_view remembered) {
    if (!admission_->asks()) return true;
    const auto peer = decode_peer(remembered);
    // Who had no certificate the last time may have one now: it is asked again.
    if (admission_->is_shadow()) return peer.has_value();
    return peer && !snapshots_.current()->recheck(*peer, now_seconds());
}

}  // namespace sallyport::gateway
