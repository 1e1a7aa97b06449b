#include "gateway/store_watch.h"

#include "gateway/http_parser.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Sign = StoreHealth::Sign;

constexpr auto tuple_awaitable = asio::as_tuple(asio::use_awaitable);
/// The resolution of all that is due here, deadlines included.
constexpr std::chrono::milliseconds tick_interval = 50ms;
constexpr std::size_t max_head_bytes = 16 * 1024;
constexpr unsigned first_bad_status = 500;

std::string check_request(const StoreUrl& url, const std::string& path) {
    return "GET " + path + " HTTP/1.1\r\nHost: " + url.authority() +
           "\r\nUser-Agent: sallyport-gateway\r\nConnection: close\r\n\r\n";
}

}  // namespace

StoreWatch::StoreWatch(StoreEvents& events, NameLookup::LookUp look_up)
    : events_(events), lookup_(std::move(look_up)) {
    asio::co_spawn(io_, run(), asio::detached);
}

StoreWatch::~StoreWatch() {
    stop();
}

void StoreWatch::start() {
    thread_ = std::thread([this] { io_.run(); });
}

void StoreWatch::stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
}

void StoreWatch::follow(std::shared_ptr<StoreUpstream> upstream) {
    asio::post(io_, [this, upstream = std::move(upstream)] { take_up(upstream); });
}

void StoreWatch::take_up(std::shared_ptr<StoreUpstream> upstream) {
    if (upstream == upstream_) return;
    upstream_ = std::move(upstream);
    names_.clear();
    for (std::size_t i = 0; i < upstream_->endpoints().size(); ++i)
        names_.emplace_back(upstream_->settings().resolve_interval, upstream_->addresses(i));
    look_up_names(Clock::now());
}

asio::awaitable<void> StoreWatch::run() {
    for (;;) {
        timer_.expires_after(tick_interval);
        co_await timer_.async_wait(tuple_awaitable);
        if (!upstream_) continue;
        const auto now = Clock::now();
        for (const auto& check : checks_) {
            if (check->in_progress != nullptr) check->in_progress->tick(now);
        }
        look_up_names(now);
        follow_addresses();
        begin_checks(now);
    }
}

// ---- names -------------------------------------------------------------------------------------------

void StoreWatch::look_up_names(Clock::time_point now) {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const StoreUrl& url = upstream_->endpoints()[i]->url;
        if (!url.is_name || !names_[i].begins_look_up(now)) continue;
        lookup_.begin(url.host, [this, upstream = upstream_, i](FoundAddresses found) {
            asio::post(io_, [this, upstream, i, found = std::move(found)]() mutable {
                name_looked_up(upstream, i, std::move(found));
            });
        });
    }
}

void StoreWatch::name_looked_up(const std::shared_ptr<StoreUpstream>& upstream, std::size_t endpoint,
                                FoundAddresses found) {
    if (upstream != upstream_) return;  // a reload has asked anew
    const auto outcome = names_[endpoint].looked_up(std::move(found.addresses), Clock::now());
    upstream->looked_up(endpoint, names_[endpoint].addresses());
    const StoreEndpoint& its = *upstream->endpoints()[endpoint];
    if (outcome == NameAddresses::Outcome::changed) events_.found(*upstream, its);
    if (outcome == NameAddresses::Outcome::failed) events_.not_found(*upstream, its, found.problem);
}

// ---- checks ------------------------------------------------------------------------------------------

void StoreWatch::follow_addresses() {
    auto servers = upstream_->servers();
    if (servers == checked_servers_) return;
    std::vector<std::shared_ptr<Check>> checks;
    for (const auto& server : *servers) {
        const auto is_of_server = [&](const auto& check) { return check->server == server; };
        const auto known = std::ranges::find_if(checks_, is_of_server);
        checks.push_back(known == checks_.end() ? std::make_shared<Check>(Check{server}) : *known);
    }
    // Checks of servers that are gone get no ticks any more: they end now.
    for (const auto& check : checks_) {
        const bool stays = std::ranges::find(checks, check) != checks.end();
        if (!stays && check->in_progress != nullptr) check->in_progress->stop();
    }
    checks_ = std::move(checks);
    checked_servers_ = std::move(servers);
}

void StoreWatch::begin_checks(Clock::time_point now) {
    for (const auto& each : checks_) {
        if (each->running || now < each->next) continue;
        each->running = true;
        each->next = now + upstream_->settings().check.interval;
        asio::co_spawn(io_, check(each, upstream_), asio::detached);
    }
}

asio::awaitable<void> StoreWatch::check(std::shared_ptr<Check> check,
                                        std::shared_ptr<StoreUpstream> upstream) {
    const Outcome outcome = co_await try_server(check, upstream);
    check->running = false;
    if (outcome.sign) events_.note(*upstream, *check->server, *outcome.sign, outcome.detail);
}

asio::awaitable<StoreWatch::Outcome> StoreWatch::try_server(std::shared_ptr<Check> check,
                                                            std::shared_ptr<StoreUpstream> upstream) {
    using Failure = StoreConnect::Failure;
    const StoreCheckSettings& settings = upstream->settings().check;
    StoreConnect made =
        co_await connect_to_store(io_, check->server, upstream->tls(), settings.timeout, check->in_progress);
    if (made.failure == Failure::stopped || made.failure == Failure::ours) co_return Outcome{std::nullopt};
    if (made.failure != Failure::none)
        co_return Outcome{Sign::check_unreachable, "health check: " + made.detail};
    if (settings.path.empty()) co_return Outcome{Sign::check_passed};
    check->in_progress = &made.stream->connection();
    Outcome outcome = co_await ask(*made.stream, check_request(check->server->endpoint->url, settings.path));
    check->in_progress = nullptr;
    co_return outcome;
}

/// Under the deadline that the connection has.
asio::awaitable<StoreWatch::Outcome> StoreWatch::ask(StoreStream& stream, std::string request) {
    const std::string_view parts[] = {request};
    const IoStatus written = co_await stream.write(parts);
    if (written == IoStatus::stopped) co_return Outcome{std::nullopt};
    std::string received(max_head_bytes, '\0');
    std::size_t size = 0;
    AnswerParser parser(max_head_bytes);
    AnswerHead answer;
    for (;;) {
        const ParsedHead parsed = parser.parse_head({received.data(), size}, answer);
        if (parsed.status == ParseStatus::done) break;
        if (parsed.status != ParseStatus::need_more || size == received.size())
            co_return Outcome{Sign::check_bad_answer, "health check: no HTTP answer: " + parsed.detail};
        const IoResult read = co_await stream.read_some(std::span(received).subspan(size));
        if (read.status == IoStatus::stopped) co_return Outcome{std::nullopt};
        if (read.status == IoStatus::timed_out)
            co_return Outcome{Sign::check_bad_answer, "health check: no answer in time"};
        if (read.status != IoStatus::ok)
            co_return Outcome{Sign::check_bad_answer, "health check: closed without an answer"};
        size += read.bytes;
    }
    if (answer.status >= 100 && answer.status < first_bad_status) co_return Outcome{Sign::check_passed};
    co_return Outcome{Sign::check_bad_answer, "health check: status " + std::to_string(answer.status)};
}

}  // namespace sallyport::gateway
