// The gates of one request, from the head alone: no waiting, and no store.
#include "gateway/exchange.h"
#include "gateway/rules/access_keys.h"
#include "gateway/rules/device_concerned.h"
#include "gateway/wall_clock.h"

namespace sallyport::gateway {
namespace {

/// Longer ones are refused, and need not stand whole in the log.
constexpr std::size_t max_method_bytes = 16;

}  // namespace

std::optional<Denial> Exchange::judge() {
    record_.method = head_.method.substr(0, max_method_bytes);
    version_ = head_.version;
    path_ = head_.target.substr(0, head_.target.find('?'));
    // In shadow mode what is wrong with a certificate is a matter of the request: see below.
    const bool is_shadow = snapshot_->listeners[session_.listener().index].admission->is_shadow();
    if (!is_shadow) {
        if (auto refused = session_.refused_now()) return refused;
    }
    const auto delivery = judge_head(raw_head_, head_, snapshot_->listeners[session_.listener().index].hosts,
                                     session_.server_name());
    if (!delivery) return delivery.error();
    delivery_ = *delivery;
    body_left_ = delivery_.content_length;
    note_trace();
    keep_alive_ =
        delivery_.keep_alive && !has_body();  // until the body was taken, the next head is not in sight

    if (auto denial = check_device_requests()) return denial;
    auto operation = classify(head_, snapshot_->settings.store.virtual_hosts);
    if (!operation) return operation.error();
    record_.operation = operation->action;
    record_.bucket = operation->address.bucket;
    record_.key = operation->address.key;
    if (auto denial = authorize_operation(*operation)) return denial;
    if (is_shadow) {
        if (auto refused = session_.refused_now()) return refused;
    }
    if (auto denial = check_access_key(*snapshot_->access_keys, acting_client(), head_)) return denial;
    if (auto denial = check_signature()) return denial;
    if (auto denial = bound(*operation)) return denial;
    if (auto denial = check_decoded_length(chunked_payload_, delivery_, permission_.body_bytes))
        return denial;
    if (snapshot_->store_signing) operation_ = std::move(*operation);
    return reserve_device_bytes();
}

std::optional<Denial> Exchange::check_signature() {
    if (!snapshot_->signing_keys) return std::nullopt;
    const AccessKeySettings& settings = snapshot_->settings.access_keys;
    auto checked =
        check_signature_of(head_, {now_seconds(), settings.clock_skew, settings.region,
                                   [keys = snapshot_->signing_keys.get()](
                                       const auto& key, const auto& scope) { return keys->of(key, scope); }});
    if (!checked) {
        if (checked.error().fault == s3::SignatureFault::mismatch) {
            session_.worker().shared().log.event(
                Log::Level::debug, "signature_mismatch",
                {{"request_id", record_.request_id},
                 {"canonical_request", without_secrets(checked.error().canonical_request)},
                 {"string_to_sign", checked.error().string_to_sign}});
        }
        return denial_of(checked.error());
    }
    auto chunked = chunked_payload_of(checked->payload, head_);
    if (!chunked) return chunked.error();
    chunked_payload_ = *chunked;
    auto check = payload_check_of(*checked, std::move(*chunked), has_body());
    if (!check) return check.error();
    if (*check) upload_filter_ = std::make_unique<UploadFilter>(std::move(*check));
    if (snapshot_->store_signing) signature_ = std::move(*checked);
    return std::nullopt;
}

/// What the rules leave to a request that they allow.
std::optional<Denial> Exchange::bound(const S3Operation& operation) {
    const bool length_is_known = delivery_.framing != Framing::chunked;
    const auto permission = permission_of(snapshot_->settings.policy, acting_client(), operation,
                                          length_is_known ? std::optional(body_left_) : std::nullopt);
    if (!permission) return permission.error();
    permission_ = *permission;
    if (body_left_ > limits().body_bytes) return entity_too_large("Content-Length beyond limits.body_bytes");
    permission_.body_bytes = std::min(permission_.body_bytes, limits().body_bytes);
    return permission_.only_when_absent ? check_makes_only(head_) : std::nullopt;
}

Client Exchange::acting_client() const {
    const ListenerRules& rules = snapshot_->listeners[session_.listener().index];
    const Client proven = session_.proven();
    const bool is_known =
        shadow_ ? shadow_->verdict.enforced : rules.admission->asks() && !rules.admission->is_shadow();
    return is_known ? Client{proven.kind, proven.name, rules.name} : Client{.listener = rules.name};
}

std::optional<Denial> Exchange::check_device_requests() {
    const Client client = session_.proven();
    if (client.kind != ClientKind::devices) return std::nullopt;
    if (session_.is_surplus()) {
        Denial denial = slow_down("more connections than limits.device.connections", std::chrono::seconds(5));
        denial.reason = Reason::limit;
        return denial;
    }
    const auto wait = session_.worker().shared().devices.request(client.name, limits().device, begun_);
    if (!wait) return std::nullopt;
    return slow_down("more requests than limits.device.requests_per_second", *wait);
}

std::optional<Denial> Exchange::reserve_device_bytes() {
    const Client client = session_.proven();
    if (client.kind != ClientKind::devices || limits().device.bytes_per_day == 0) return std::nullopt;
    const auto wait =
        session_.worker().shared().devices.reserve(client.name, limits().device, body_left_, now_seconds());
    if (wait) return slow_down("more bytes than limits.device.bytes_per_day", *wait);
    reserved_bytes_ = body_left_;
    return std::nullopt;
}

std::optional<Denial> Exchange::authorize_operation(const S3Operation& operation) {
    const ListenerRules& rules = snapshot_->listeners[session_.listener().index];
    const Policy& policy = snapshot_->settings.policy;
    const Client proven = session_.proven();
    const Client unknown{.listener = rules.name};
    if (!rules.admission->is_shadow()) {
        return authorize(policy, acting_client(), operation);
    }
    // Whom other rules let in was not asked what these want to know: it is refused below, or served as
    // before.
    if (!session_.was_admitted_by(rules)) return authorize(policy, unknown, operation);
    const auto concerned = devices_concerned(policy, *rules.admission->identification, operation);
    shadow_.emplace();
    shadow_->refusal = session_.refusal_under_high(*snapshot_);
    if (!proven.name.empty()) {
        shadow_->device = proven.name;
    } else if (!concerned.empty()) {
        shadow_->device = concerned.front();
    }
    shadow_->verdict = judge_in_shadow(policy, rules.ramp,
                                       {shadow_->refusal, proven.name, concerned, rules.name}, operation);
    return shadow_->verdict.now;
}

}  // namespace sallyport::gateway
