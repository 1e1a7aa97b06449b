#include "gateway/rules/store_health.h"

namespace sallyport::gateway {

bool StoreHealth::note(Sign sign, TimePoint now) {
    switch (sign) {
        case Sign::connected:
            return down_by_ == Cause::connection && go_up(now);
        case Sign::check_passed:
            failed_checks_ = 0;
            return !up() && go_up(now);
        case Sign::connect_failed:
            return up() && go_down(Cause::connection, now);
        case Sign::check_unreachable:
        case Sign::check_bad_answer:
            break;
    }
    const Cause cause = sign == Sign::check_bad_answer ? Cause::answer : Cause::connection;
    if (!up()) {
        if (cause == Cause::answer) down_by_ = cause;
        return false;
    }
    return ++failed_checks_ >= fall && go_down(cause, now);
}

bool StoreHealth::go_down(Cause cause, TimePoint now) {
    down_by_ = cause;
    since_ = now;
    return true;
}

bool StoreHealth::go_up(TimePoint now) {
    down_by_.reset();
    failed_checks_ = 0;
    since_ = now;
    return true;
}

std::optional<std::size_t> choose_server(std::span<const StoreCandidate> servers, std::size_t turn) {
    std::optional<std::size_t> best;
    const auto is_better = [&](const StoreCandidate& candidate) {
        if (!best) return true;
        const StoreCandidate& other = servers[*best];
        return candidate.up != other.up ? candidate.up : candidate.in_flight < other.in_flight;
    };
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const std::size_t at = (turn + i) % servers.size();
        if (!servers[at].tried && is_better(servers[at])) best = at;
    }
    return best;
}

}  // namespace sallyport::gateway
