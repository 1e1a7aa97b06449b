#include "gateway/exchange.h"

#include "gateway/rules/trace_context.h"
#include "gateway/wall_clock.h"

#include <boost/asio/bind_executor.hpp>

namespace sallyport::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace {

/// A refused body up to this size is taken and dropped, so that the connection stays of use.
constexpr std::uint64_t max_discarded_body = 64 * 1024;
constexpr std::chrono::milliseconds continue_patience{1000};

}  // namespace

Exchange::Exchange(Session& session)
    : session_(session),
      snapshot_(session.worker().shared().snapshots.current()),
      begun_(Clock::now()),
      request_parser_(snapshot_->settings.limits.head_bytes) {
    record_.time = std::chrono::system_clock::now();
    record_.request_id = session.worker().new_request_id();
    record_.generation = snapshot_->generation;
    record_.listener = session.listener().name;
    record_.suite = session.suite();
    record_.client = session.proven();
    record_.serial = session.serial();
    record_.peer = session.peer_address();
    record_.network = session.network();
}

Exchange::~Exchange() {
    session_.store() = nullptr;
    if (watch_) watch_->device = nullptr;
}

asio::awaitable<bool> Exchange::run() {
    const HeadRead head = co_await read_head();
    if (head == HeadRead::nothing) co_return false;
    // A head may have been long on its way: what is in force now decides.
    snapshot_ = session_.worker().shared().snapshots.current();
    record_.generation = snapshot_->generation;
    auto denial = std::move(head_denial_);
    if (!denial) denial = judge();
    if (!denial) {
        auto failure = co_await sign_anew();
        denial = std::move(failure);
    }
    if (!denial) {
        auto failure = co_await forward();
        denial = std::move(failure);
    }
    if (denial) co_await deny(*denial);
    finish_record();
    co_return keep_alive_ && !aborted_ && !session_.stopped_by();
}

asio::awaitable<Exchange::HeadRead> Exchange::read_head() {
    session_.stream().connection().expires_after(limits().head);
    for (;;) {
        const ParsedHead parsed = request_parser_.parse_head(session_.buffer().unread(), head_);
        if (parsed.status == ParseStatus::done) {
            raw_head_ = {session_.buffer().unread().data(), parsed.bytes};
            session_.buffer().consume(parsed.bytes);
            co_return HeadRead::whole;
        }
        const auto room = session_.buffer().make_room();
        if (parsed.status == ParseStatus::malformed) {
            head_denial_ = bad_request(Reason::malformed, parsed.detail);
        } else if (parsed.status == ParseStatus::too_large || room.empty()) {
            head_denial_ =
                Denial{Reason::too_large, 431, "RequestHeaderSectionTooLarge",
                       "Your request's header section is too large", "the head exceeds limits.head_bytes"};
        }
        if (head_denial_) co_return HeadRead::denied;

        const bool first = session_.buffer().empty();
        auto read = session_.stream().try_read(room);
        if (!read) {
            const IoResult read_later = co_await session_.stream().read_some(room);
            read = read_later;
        }
        if (read->status == IoStatus::timed_out) exceeded(Deadline::head);
        if (read->status == IoStatus::timed_out && !first) {
            head_denial_ = request_timeout("the head took too long");
            co_return HeadRead::denied;
        }
        if (read->status != IoStatus::ok) co_return HeadRead::nothing;
        session_.buffer().filled(read->bytes);
    }
}

asio::awaitable<std::optional<Denial>> Exchange::forward() {
    const bool has_body = this->has_body();
    const bool idempotent = record_.method != "POST";
    forwarded_ = Clock::now();
    record_.judged = forwarded_ - begun_;
    for (bool only_fresh = false;; only_fresh = true) {
        auto denial = co_await open_store(only_fresh);
        if (denial) co_return denial;
        // A kept connection may have been closed by the store while our head was on its way (RFC 9112 9.3.1).
        // A body that waits for the store's word has not begun: it can still go elsewhere.
        const bool may_retry = store_->reused() && idempotent && (!has_body || delivery_.expects_continue);

        denial = co_await send_head();
        request_sent_ = !denial && !has_body;
        if (!denial && has_body) {
            const Sent sent = co_await send_body();
            if (sent == Sent::aborted) co_return std::nullopt;
            if (sent == Sent::failed) denial = std::exchange(body_denial_, std::nullopt);
        }
        if (request_sent_) record_.sent = elapsed();
        if (!denial && !has_answer_head_) denial = co_await read_answer_head(false);
        if (denial && may_retry && answer_end_ == 0 && !body_begun_ && !session_.stopped_by() &&
            denial->reason != Reason::store_timeout) {
            continue;
        }
        if (!denial) denial = co_await relay_answer();
        co_return denial;
    }
}

asio::awaitable<std::optional<Denial>> Exchange::open_store(bool only_fresh) {
    session_.store() = nullptr;
    auto opened = co_await session_.worker().pool().open(snapshot_->upstream, limits().store_connect,
                                                         only_fresh, session_.store());
    session_.store() = nullptr;
    if (!opened.connection) {
        if (opened.timed_out) exceeded(Deadline::store_connect);
        co_return store_unavailable(opened.timed_out ? Reason::store_timeout : Reason::store_down,
                                    opened.detail);
    }
    store_ = std::move(opened.connection);
    endpoint_ = store_->endpoint();
    record_.upstream = endpoint_->label;
    record_.connected = elapsed();
    session_.store() = &store_->connection();
    // The wait may have been long: a device that was revoked meanwhile sends nothing.
    if (session_.stopped_by())
        co_return access_denied(*session_.stopped_by(), "cut while connecting to the store");
    co_return session_.refused_now();
}

asio::awaitable<std::optional<Denial>> Exchange::send_head() {
    std::string passed_through;
    if (store_head_.empty()) passed_through = upstream_head(head_, delivery_, permission_.only_when_absent);
    store_->connection().stalls_after(limits().body_progress);
    const std::string_view parts[] = {store_head_.empty() ? passed_through : store_head_, document_};
    const bool body_follows = has_body() && !delivery_.expects_continue;
    auto written = store_->stream().try_write(parts, body_follows);
    if (!written) {
        const IoStatus written_later = co_await store_->stream().write_rest();
        written = written_later;
    }
    if (written == IoStatus::ok) co_return std::nullopt;
    char next = 0;
    store_->stream().peek({&next, 1});  // over TLS it may have said why
    co_return store_unavailable(Reason::store_down, "the store closed the connection" + why_broken());
}

asio::awaitable<std::optional<Denial>> Exchange::read_answer_head(bool until_continue) {
    constexpr int max_interim_answers = 8;
    if (!block_) block_.emplace(session_.worker().lend_block());
    // A store need not say 100 (RFC 9110 10.1.1): after a moment the body goes up without.
    const bool may_stay_silent = until_continue && continue_patience < limits().store_answer;
    store_->connection().expires_after(may_stay_silent ? continue_patience : limits().store_answer);
    for (int interim = 0; interim <= max_interim_answers; ++interim) {
        answer_parser_ = std::make_unique<AnswerParser>(Block::bytes);
        for (;;) {
            const auto unread = block_->span().subspan(answer_begin_, answer_end_ - answer_begin_);
            const ParsedHead parsed = answer_parser_->parse_head(unread, answer_);
            if (parsed.status == ParseStatus::done) {
                raw_answer_ = {unread.data(), parsed.bytes};
                answer_begin_ += parsed.bytes;
                break;
            }
            if (parsed.status != ParseStatus::need_more)
                co_return bad_gateway("a malformed answer: " + parsed.detail);
            if (answer_begin_ > 0) {  // behind interim answers
                std::copy(unread.begin(), unread.end(), block_->span().begin());
                answer_end_ -= answer_begin_;
                answer_begin_ = 0;
            }
            const auto room = block_->span().subspan(answer_end_);
            auto read = store_->stream().try_read(room);
            if (!read) {
                const IoResult read_later = co_await store_->stream().read_some(room);
                read = read_later;
            }
            if (read->status == IoStatus::timed_out) {
                if (may_stay_silent && answer_end_ == 0) co_return std::nullopt;
                exceeded(Deadline::store_answer);
                co_return gateway_timeout("no answer within limits.store_answer");
            }
            if (read->status != IoStatus::ok)
                co_return bad_gateway("the store closed the connection without an answer" + why_broken());
            answer_end_ += read->bytes;
        }
        if (answer_.status < 100) co_return bad_gateway("status " + std::to_string(answer_.status));
        if (answer_.status >= 200) {
            has_answer_head_ = true;
            note_answer();
            co_return std::nullopt;
        }
        if (answer_.status == 101) co_return bad_gateway("an unasked switch of protocols");
        if (answer_.status == 100 && until_continue) co_return std::nullopt;
    }
    co_return bad_gateway("too many interim answers");
}

/// What TLS says about it, for the log.
std::string Exchange::why_broken() const {
    const std::string problem = store_->stream().problem();
    return problem.empty() ? "" : ": " + problem;
}

asio::awaitable<void> Exchange::deny(const Denial& denial) {
    record_.reason = session_.stopped_by().value_or(denial.reason);
    record_.detail = denial.detail;
    if (answered_ || session_.stopped_by()) {
        abort(denial.reason, denial.detail);
        co_return;
    }
    const bool discardable = delivery_.framing == Framing::length && !delivery_.expects_continue &&
                             body_left_ <= max_discarded_body && store_ == nullptr;
    if (discardable) keep_alive_ = delivery_.keep_alive;
    if (record_.method.empty() || denial.reason == Reason::revoked || session_.is_surplus() ||
        session_.worker().draining())
        keep_alive_ = false;
    const std::string answer =
        denial_answer(denial, path_, record_.request_id, record_.method == "HEAD", keep_alive_);
    record_.status = denial.status;
    answered_ = true;
    session_.stream().connection().stalls_after(limits().body_progress);
    const IoStatus written = co_await session_.stream().write(answer);
    if (written != IoStatus::ok) aborted_ = true;
    if (keep_alive_ && !aborted_) co_await discard_body();
}

asio::awaitable<void> Exchange::discard_body() {
    auto& buffer = session_.buffer();
    char dropped[4096];
    while (body_left_ > 0) {
        if (!buffer.empty()) {
            const std::size_t bytes = std::min<std::uint64_t>(body_left_, buffer.unread().size());
            buffer.consume(bytes);
            body_left_ -= bytes;
            continue;
        }
        session_.stream().connection().stalls_after(limits().body_progress);
        const std::size_t wanted = std::min<std::uint64_t>(body_left_, sizeof dropped);
        const IoResult read = co_await session_.stream().read_some({dropped, wanted});
        if (read.status != IoStatus::ok) {
            aborted_ = true;
            co_return;
        }
        body_left_ -= read.bytes;
    }
}

void Exchange::abort(Reason reason, std::string detail) {
    if (!record_.reason) record_.reason = session_.stopped_by().value_or(reason);
    if (record_.detail.empty()) record_.detail = session_.stopped_by() ? "cut" : std::move(detail);
    aborted_ = true;
    session_.stop(reason);
}

void Exchange::note_answer() {
    constexpr std::size_t max_bytes = 128;
    record_.answered = elapsed();
    record_.store_request_id = answer_field("x-amz-request-id").substr(0, max_bytes);
}

void Exchange::note_trace() {
    const auto trace = trace_of(head_);
    if (!trace) return;
    record_.trace_id = trace->trace_id;
    record_.parent_id = trace->parent_id;
}

/// What the store has accepted vouches for the claim of a client without certificate.
void Exchange::note_device() {
    if (!shadow_) {
        const ListenerRules& rules = snapshot_->listeners[session_.listener().index];
        if (!rules.admission->is_shadow()) session_.note_device();
        return;
    }
    const unsigned status = record_.upstream_status;
    shadow_->accepted = status / 100 == 2 || status == 304 || status == 412 || status == 416;
    const auto& denial = shadow_->verdict.under_high;
    if (denial && shadow_->accepted) session_.worker().shared().metrics.would_deny(denial->reason);
    session_.note_in_shadow(*shadow_, *snapshot_);
}

void Exchange::finish_record() {
    session_.store() = nullptr;
    session_.set_committing(false);
    session_.set_finishing_upload(false);
    if (watch_) watch_->device = nullptr;
    if (reserved_bytes_) {
        session_.worker().shared().devices.settle(session_.proven().name, *reserved_bytes_,
                                                  record_.bytes_in + record_.bytes_out, now_seconds());
    }
    record_.duration = Clock::now() - begun_;
    if (record_.upstream_status != 0) record_.upstream_duration = Clock::now() - forwarded_;
    session_.count_use(record_);
    note_device();
    session_.worker().requests().count(record_);
    session_.worker().shared().log.request(record_);
}

}  // namespace sallyport::gateway
