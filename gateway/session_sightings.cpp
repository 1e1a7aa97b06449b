// What the inventory of devices hears of a session.

#include "gateway/rules/reason.h"
#include "gateway/session.h"
#include "gateway/wall_clock.h"

namespace sallyport::gateway {
namespace {

/// A connection tells no more often: requests cost the inventory nothing.
constexpr std::chrono::seconds telling_interval{1};

}  // namespace

Sighting Session::sighting() const {
    Sighting shown{.listener = listener_->name,
                   .version = SSL_get_version(&tls_->ssl()),
                   .cipher = SSL_get_cipher_name(&tls_->ssl()),
                   .key_bits = pki::peer_key_bits(tls_->ssl()),
                   .proven = peer_.has_value(),
                   .serial = serial_,
                   .use = &use_};
    if (peer_) shown.certificate_not_after = peer_->path.links.front().not_after;
    return shown;
}

void Session::count_use(const RequestRecord& record) {
    if (tls_ == nullptr || !judge_->admission().asks() || judge_->admission().kind != ClientKind::devices)
        return;
    ++use_.requests;
    use_.bytes_in += record.bytes_in;
    use_.bytes_out += record.bytes_out;
    if (!record.reason || !is_refusal(*record.reason)) return;
    ++use_.refusals.count;
    use_.refusals.last = record.reason;
    use_.refusals.detail = record.detail;
    use_.refusals.at = now_seconds();
}

void Session::hand_over_use() {
    if (use_.is_empty()) return;
    if (told_ && told_->repetition.requests > 0) {
        worker_.shared().inventory.repeated(told_->device, told_->repetition, use_, now_seconds());
        told_->repetition.requests = 0;
        use_ = {};
        noted_at_ = Clock::now();
        return;
    }
    // Whose it was, without a certificate, each request in shadow mode has said for itself.
    if (peer_) worker_.shared().inventory.count(peer_->name, use_, now_seconds());
    use_ = {};
    noted_at_ = Clock::now();
}

void Session::note_refused_handshake(Reason reason, std::string_view detail) {
    if (!judge_->refusal() || judge_->admission().kind != ClientKind::devices) return;
    RefusedHandshake refused{.listener = listener_->name, .reason = reason, .detail = detail};
    if (const Peer* const peer = judge_->refused_peer()) {
        refused.proven = true;
        refused.serial = judge_->serial();
        refused.certificate_not_after = peer->path.links.front().not_after;
    }
    Shared& shared = worker_.shared();
    shared.inventory.refused(judge_->name(), refused,
                             shared.snapshots.current()->settings.limits.known_devices, now_seconds());
}

void Session::note_device() {
    const auto now = Clock::now();
    if (!peer_ || judge_->admission().kind != ClientKind::devices || now < noted_at_ + telling_interval)
        return;
    noted_at_ = now;
    Shared& shared = worker_.shared();
    shared.inventory.note(peer_->name, sighting(), shared.snapshots.current()->settings.limits.known_devices,
                          now_seconds());
    use_ = {};
}

bool Session::ToldInShadow::shows(const ShadowSighting& seen, const Snapshot& snapshot) const {
    const auto& under_high = seen.verdict.under_high;
    return generation == snapshot.generation && accepted == seen.accepted && device == seen.device &&
           refusal == (seen.refusal ? std::optional(seen.refusal->reason) : std::nullopt) &&
           denial == (under_high ? std::optional(under_high->reason) : std::nullopt) &&
           denial_detail == (under_high ? std::string_view(under_high->detail) : std::string_view());
}

void Session::note_in_shadow(const ShadowSighting& seen, const Snapshot& snapshot) {
    const auto time = Clock::now();
    if (told_ && time < noted_at_ + telling_interval && told_->shows(seen, snapshot)) {
        ++told_->repetition.requests;
        return;
    }
    DeviceUse of_this = std::exchange(use_, {});
    if (told_ && told_->repetition.requests > 0) {
        // What was only counted came before this one; its bytes are not told apart from this one's.
        worker_.shared().inventory.repeated(told_->device, told_->repetition, of_this, now_seconds());
        of_this = {};
    }
    use_ = std::move(of_this);
    noted_at_ = time;
    Sighting shown = sighting();
    shown.accepted = seen.accepted;
    shown.rules = std::hash<std::string>{}(snapshot.inputs);
    shown.shadow = true;
    shown.enforced = snapshot.listeners[listener_->index].ramp.includes(seen.device);
    if (seen.refusal) {
        shown.refusal = gateway::reason_of(seen.refusal->reason);
        shown.refusal_detail = seen.refusal->detail;
    }
    if (seen.verdict.under_high) {
        shown.denial = seen.verdict.under_high->reason;
        shown.denial_detail = seen.verdict.under_high->detail;
    }
    Shared& shared = worker_.shared();
    const bool changed =
        shared.inventory.note(seen.device, shown, snapshot.settings.limits.known_devices, now_seconds());
    use_ = {};
    const bool vouched_for = shown.proven || shown.accepted;
    told_.reset();
    if (vouched_for && !seen.device.empty()) {
        told_ = std::make_unique<ToldInShadow>(
            ToldInShadow{.device = seen.device,
                         .refusal = seen.refusal ? std::optional(seen.refusal->reason) : std::nullopt,
                         .denial = shown.denial,
                         .denial_detail = std::string(shown.denial_detail),
                         .accepted = seen.accepted,
                         .generation = snapshot.generation,
                         .repetition = {0, shown.denial.has_value(), shown.proven, shown.rules}});
    }
    if (!changed) return;
    shared.log.event(Log::Level::info, "shadow",
                     {{"listener", shown.listener},
                      {"device", seen.device},
                      {"under_high", seen.refusal ? "refused" : "let_in"},
                      {"reason", seen.refusal ? pki::to_string(seen.refusal->reason) : ""},
                      {"detail", shown.refusal_detail},
                      {"enforced", shown.enforced},
                      {"serial", serial_},
                      {"version", shown.version},
                      {"cipher", shown.cipher},
                      {"key_bits", shown.key_bits}});
}

}  // namespace sallyport::gateway
