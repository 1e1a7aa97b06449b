#include "pki/tool/publication/gateway_watch.h"

#include "pki/tool/publication/foreign_text.h"
#include "pki/tool/publication/gateway_answers.h"
#include "pki/tool/publication/peer.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace sallyport::pki {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = GatewayAnswer::Kind;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds first_pause = 20ms;
constexpr milliseconds longest_pause = 250ms;
/// A question that takes longer is put again.
constexpr milliseconds question_deadline = 2s;
/// A load that refuses one file may take another one: then its number follows at once.
constexpr milliseconds patience_after_refusal = 2s;
constexpr std::size_t max_answer_bytes = std::size_t{64} << 20U;

Result<std::string> ask(Peer& peer, std::string target, milliseconds deadline) {
    const auto answer = peer.exchange_once({"GET", std::move(target)},
                                           {std::max(deadline, milliseconds{1}), max_answer_bytes});
    if (!answer) return Error{Fault::runtime, answer.error().what};
    constexpr unsigned ok = 200;
    if (answer->status != ok) return Error{Fault::runtime, status_text(*answer)};
    return answer->body;
}

milliseconds since(Clock::time_point start) {
    return std::chrono::duration_cast<milliseconds>(Clock::now() - start);
}

bool says_the_same(const GatewayAnswer& a, const GatewayAnswer& b) {
    return a.kind == b.kind && a.number == b.number && a.reason == b.reason;
}

}  // namespace

struct GatewayWatch::Watched {
    std::string name;
    Peer peer;
    /// /metrics before the publication; nothing when the gateway did not give it.
    std::optional<std::string> metrics_before = std::nullopt;
};

namespace {

/// The questions to one gateway. `Watched` is private to the watch: its parts are handed in.
class Poll {
  public:
    Poll(const std::string& name, Peer& peer, const std::optional<std::string>& metrics_before,
         const WantedCrl& wanted, milliseconds patience)
        : name_(name), peer_(peer), wanted_(wanted), patience_(patience) {
        if (metrics_before) before_ = refusals(*metrics_before, wanted.issuer);
    }

    GatewayAnswer run(const OnProgress& say) {
        GatewayAnswer last = question();
        say(last);
        for (auto pause = first_pause; last.kind != Kind::enforced && time_left() > 0ms;
             pause = std::min(pause * 3 / 2, longest_pause)) {
            std::this_thread::sleep_for(std::min(pause, time_left()));
            GatewayAnswer next = question();
            if (!says_the_same(next, last)) say(next);
            last = std::move(next);
        }
        return last;
    }

  private:
    milliseconds time_left() const {
        const milliseconds end =
            refused_after_ ? std::min(patience_, *refused_after_ + patience_after_refusal) : patience_;
        return end - since(start_);
    }

    GatewayAnswer answer(Kind kind, std::string number, std::string reason) const {
        return {name_, kind, std::move(number), std::move(reason), since(start_)};
    }

    GatewayAnswer question() {
        const milliseconds deadline = std::clamp(patience_ - since(start_), first_pause, question_deadline);
        const auto status = ask(peer_, "/status", deadline);
        if (!status) return answer(Kind::unreachable, "", shown(status.error().message));
        const auto crl = enforced_crl(*status, wanted_);
        if (!crl) return answer(Kind::unreachable, "", shown(crl.error().message));
        if (!crl->is_spreading && is_at_least(crl->number, wanted_.number))
            return answer(Kind::enforced, crl->number, "");
        if (const auto metrics = ask(peer_, "/metrics", deadline)) {
            const Refusals now = refusals(*metrics, wanted_.issuer);
            if (!before_) before_ = now;
            if (auto reason = new_refusals(*before_, now); !reason.empty()) {
                if (!refused_after_) refused_after_ = since(start_);
                return answer(Kind::refused, crl->number, std::move(reason));
            }
        }
        return answer(Kind::behind, crl->number, "");
    }

    const std::string& name_;
    Peer& peer_;
    const WantedCrl& wanted_;
    const milliseconds patience_;
    const Clock::time_point start_ = Clock::now();
    std::optional<Refusals> before_;
    std::optional<milliseconds> refused_after_;
};

}  // namespace

std::string describe(const GatewayAnswer& answer, const WantedCrl& wanted) {
    const std::string who = "gateway " + answer.gateway;
    const std::string after = " after " + std::to_string(answer.after.count()) + " ms";
    const std::string at = answer.number.empty() ? "no CRL of this issuer" : "number " + answer.number;
    switch (answer.kind) {
        case Kind::enforced:
            return who + " enforces " + at + after;
        case Kind::behind:
            return who + " still enforces " + at + " instead of " + wanted.number + after +
                   "; does it read the place where the CRL was published?";
        case Kind::refused:
            return who + " still enforces " + at + " instead of " + wanted.number + after +
                   ", and has refused a CRL: " + answer.reason;
        case Kind::unreachable:
            return who + " cannot be asked: " + answer.reason;
    }
    return who;
}

GatewayWatch::GatewayWatch(std::vector<std::unique_ptr<Watched>> watched) : watched_(std::move(watched)) {}
GatewayWatch::GatewayWatch(GatewayWatch&&) noexcept = default;
GatewayWatch& GatewayWatch::operator=(GatewayWatch&&) noexcept = default;
GatewayWatch::~GatewayWatch() = default;

Result<GatewayWatch> GatewayWatch::begin(std::span<const GatewaySettings> gateways) {
    std::vector<std::unique_ptr<Watched>> watched;
    for (const GatewaySettings& gateway : gateways) {
        auto peer = Peer::open(gateway.admin);
        if (!peer) return Error{peer.error().fault, "gateway " + gateway.name + ": " + peer.error().message};
        watched.push_back(std::make_unique<Watched>(Watched{gateway.name, std::move(*peer)}));
    }
    std::vector<std::jthread> threads;
    for (const auto& one : watched) {
        threads.emplace_back([&gateway = *one] {
            if (auto metrics = ask(gateway.peer, "/metrics", question_deadline))
                gateway.metrics_before = std::move(*metrics);
        });
    }
    threads.clear();  // joins
    return GatewayWatch(std::move(watched));
}

std::vector<GatewayAnswer> GatewayWatch::wait_for(const WantedCrl& wanted, std::chrono::milliseconds patience,
                                                  const OnProgress& on_progress) {
    std::mutex mutex;
    const OnProgress say = [&](const GatewayAnswer& answer) {
        const std::lock_guard lock(mutex);
        if (on_progress) on_progress(answer);
    };
    std::vector<GatewayAnswer> answers(watched_.size());
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < watched_.size(); ++i) {
        threads.emplace_back([&, i] {
            Watched& gateway = *watched_[i];
            answers[i] = Poll(gateway.name, gateway.peer, gateway.metrics_before, wanted, patience).run(say);
        });
    }
    threads.clear();  // joins
    return answers;
}

Result<std::vector<GatewayAnswer>> wait_for_gateways(std::span<const GatewaySettings> gateways,
                                                     const WantedCrl& wanted,
                                                     std::chrono::milliseconds patience,
                                                     const OnProgress& on_progress) {
    auto watch = GatewayWatch::begin(gateways);
    if (!watch) return watch.error();
    return watch->wait_for(wanted, patience, on_progress);
}

}  // namespace sallyport::pki
