// The body of a request: device -> store, through one lent block.
#include "gateway/chunk.h"
#include "gateway/exchange.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::gateway {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

asio::awaitable<Exchange::Sent> Exchange::send_body() {
    block_.emplace(session_.worker().lend_block());
    const bool is_upload = record_.operation == "PutObject" || record_.operation == "UploadPart";
    session_.set_finishing_upload(is_upload && snapshot_->settings.finish_uploads);
    if (delivery_.expects_continue) {
        // The device waits for the store's word before it sends: it hears a refusal before the body.
        body_denial_ = co_await read_answer_head(true);
        if (!body_denial_ && !has_answer_head_) pass_over_interim_answers();
        if (!body_denial_ && !has_answer_head_ && answer_begin_ != answer_end_) {
            body_denial_ = co_await read_answer_head(false);  // it goes on to its final word
        }
        if (body_denial_) co_return Sent::failed;
        if (has_answer_head_) co_return Sent::answered_early;
        body_begun_ = true;
        answer_begin_ = answer_end_ = 0;
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        session_.stream().connection().stalls_after(limits().body_progress);
        const IoStatus written = co_await session_.stream().write(go_on);
        if (written != IoStatus::ok) {
            abort(Reason::peer_closed, "the device left before its body");
            co_return Sent::aborted;
        }
    }
    watch_store();
    // TLS may hold what the socket does not show any more.
    watch_->readable = store_->stream().has_pending();
    Sent sent = Sent::whole;
    if (delivery_.framing == Framing::chunked) {
        sent = co_await send_chunked_body();
    } else {
        sent = co_await send_plain_body();
    }
    watch_->device = nullptr;
    session_.set_finishing_upload(false);
    if (sent == Sent::whole) {
        request_sent_ = true;
        keep_alive_ = delivery_.keep_alive && keep_alive_after_body_;
        session_.set_committing(true);
    }
    co_return sent;
}

/// The store has spoken while the body goes up: interim answers are passed over (RFC 9110 15.2).
bool Exchange::store_has_answered() {
    constexpr int max_interim_answers = 8;
    for (;;) {
        switch (store_->stream().take_interim()) {
            case StoreStream::Heard::nothing:
                watch_store();
                return false;
            case StoreStream::Heard::more:
                return true;
            case StoreStream::Heard::interim:
                if (++interim_answers_ > max_interim_answers) return true;
        }
    }
}

void Exchange::pass_over_interim_answers() {
    std::size_t length = 0;
    do {
        answer_begin_ += length;
        length = interim_answer_length({block_->span().data() + answer_begin_, answer_end_ - answer_begin_});
    } while (length > 0);
}

void Exchange::watch_store() {
    if (watch_) watch_->device = nullptr;
    watch_ = std::make_shared<Watch>();
    watch_->device = &session_.stream().connection();
    store_->connection().socket().async_wait(tcp::socket::wait_read,
                                             [watch = watch_](boost::system::error_code) {
                                                 watch->readable = true;
                                                 if (watch->device != nullptr) watch->device->interrupt();
                                             });
}

/// Takes body bytes from the device: first what came with the head, then from the connection. Nothing on
/// success, and when none have come yet: `bytes` is 0 then.
std::optional<Exchange::Sent> Exchange::try_read_body(std::span<char> into, std::size_t& bytes) {
    auto& buffer = session_.buffer();
    if (!buffer.empty()) {
        bytes = std::min(into.size(), buffer.unread().size());
        std::copy_n(buffer.unread().begin(), bytes, into.begin());
        buffer.consume(bytes);
        return std::nullopt;
    }
    if (watch_->readable && store_has_answered()) return Sent::answered_early;
    const auto read = session_.stream().try_read(into);
    return read ? take_body(*read, bytes) : std::nullopt;
}

/// The same, but waits for them.
asio::awaitable<std::optional<Exchange::Sent>> Exchange::read_body(std::span<char> into, std::size_t& bytes) {
    for (;;) {
        if (watch_->readable && store_has_answered()) co_return Sent::answered_early;
        session_.stream().connection().stalls_after(limits().body_progress);
        const IoResult read = co_await session_.stream().read_some(into);
        if (read.status != IoStatus::interrupted) co_return take_body(read, bytes);
    }
}

std::optional<Exchange::Sent> Exchange::take_body(const IoResult& read, std::size_t& bytes) {
    if (read.status == IoStatus::ok) {
        bytes = read.bytes;
        return std::nullopt;
    }
    if (read.status == IoStatus::timed_out) exceeded(Deadline::body);
    // Closing without the rest of the body is what keeps the store from completing the object.
    abort(read.status == IoStatus::timed_out ? Reason::timeout : Reason::peer_closed,
          "the device's body ended early");
    return Sent::aborted;
}

/// Nothing when the store does not take all of it at once: `pass_up_rest` must follow.
std::optional<Exchange::Sent> Exchange::try_pass_up(std::string_view data, std::string_view before,
                                                    std::string_view after, bool more) {
    if (!session_.still_admitted()) {
        abort(Reason::revoked, "cut while its body was in flight");
        return Sent::aborted;
    }
    const std::string_view parts[] = {before, data, after};
    const auto written = store_->stream().try_write(parts, more);
    return written ? std::optional(sent_up(*written)) : std::nullopt;
}

asio::awaitable<Exchange::Sent> Exchange::pass_up_rest() {
    store_->connection().stalls_after(limits().body_progress);
    const IoStatus written = co_await store_->stream().write_rest();
    co_return sent_up(written);
}

Exchange::Sent Exchange::sent_up(IoStatus written) {
    if (written == IoStatus::ok) return Sent::whole;
    if (written == IoStatus::stopped) {
        abort(Reason::revoked, "cut while its body was in flight");
        return Sent::aborted;
    }
    if (written == IoStatus::timed_out) {
        exceeded(Deadline::store_body);
        body_denial_ = store_unavailable(Reason::store_timeout, "the store does not take the body");
        return Sent::failed;
    }
    return Sent::answered_early;  // a store that refuses may answer and close at once
}

std::optional<std::string_view> Exchange::checked(std::string_view data, bool is_last) {
    if (!upload_filter_) return data;
    auto passes = upload_filter_->pass(data, is_last);
    if (passes) return *passes;
    body_denial_ = std::move(passes.error());
    // The store must not take for whole what it has.
    store_->connection().stop();
    store_->connection().close();
    return std::nullopt;
}

/// A body that flows without a wait must let the other connections of its thread have their turn.
bool Exchange::turn_is_over(std::size_t bytes) {
    constexpr std::size_t max_bytes = 2 * Block::bytes;
    /// So many bytes take as long to pass on as the least block does.
    constexpr std::size_t block_cost = 2048;
    // What TLS has worked on may be much more than came of it.
    const std::size_t work =
        session_.stream().connection().take_work() + (store_ ? store_->connection().take_work() : 0);
    turn_bytes_ += std::max({bytes, work, block_cost});
    if (turn_bytes_ < max_bytes) return false;
    turn_bytes_ = 0;
    return true;
}

asio::awaitable<Exchange::Sent> Exchange::send_plain_body() {
    while (body_left_ > 0) {
        if (watch_->readable && store_has_answered()) co_return Sent::answered_early;
        const auto room = block_->span().first(std::min<std::uint64_t>(Block::bytes, body_left_));
        std::size_t bytes = 0;
        auto ended = try_read_body(room, bytes);
        if (!ended && bytes == 0) {
            const auto ended_later = co_await read_body(room, bytes);
            ended = ended_later;
        }
        if (ended) co_return *ended;
        body_left_ -= bytes;
        record_.bytes_in += bytes;
        const auto passes = checked({room.data(), bytes}, body_left_ == 0);
        if (!passes) co_return Sent::failed;
        auto sent = try_pass_up(*passes, "", "", body_left_ > 0);
        if (!sent) {
            const Sent sent_later = co_await pass_up_rest();
            sent = sent_later;
        }
        if (sent != Sent::whole) co_return *sent;
        if (turn_is_over(bytes)) co_await asio::post(asio::use_awaitable);
    }
    co_return Sent::whole;
}

asio::awaitable<Exchange::Sent> Exchange::send_chunked_body() {
    using Status = DecodedChunk::Status;
    const auto room = block_->span();
    const bool goes_chunked = store_head_.empty() || store_delivery_.framing == Framing::chunked;
    ChunkDecoder decoder;
    std::size_t begin = 0;
    std::size_t end = 0;
    for (;;) {
        if (watch_->readable && store_has_answered()) co_return Sent::answered_early;
        const DecodedChunk chunk = decoder.step({room.data() + begin, end - begin});
        begin += chunk.bytes;
        if (chunk.status == Status::malformed) {
            body_denial_ = bad_request(Reason::malformed, std::string(chunk.detail));
            co_return Sent::failed;
        }
        if (chunk.announced > permission_.body_bytes - record_.bytes_in) {
            body_denial_ =
                entity_too_large("a chunked body beyond limits.body_bytes or body_bytes of its rule");
            co_return Sent::failed;
        }
        record_.bytes_in += chunk.body.size();
        const auto passes = checked(chunk.body, chunk.status == Status::finished);
        if (!passes) co_return Sent::failed;
        if (!passes->empty()) {
            const ChunkHeader header(passes->size());
            auto sent = goes_chunked ? try_pass_up(*passes, header.text(), end_of_chunk, true)
                                     : try_pass_up(*passes, "", "", chunk.status != Status::finished);
            if (!sent) {
                const Sent sent_later = co_await pass_up_rest();
                sent = sent_later;
            }
            if (sent != Sent::whole) co_return *sent;
        }
        if (chunk.status == Status::finished) break;
        if (turn_is_over(chunk.bytes)) co_await asio::post(asio::use_awaitable);
        if (chunk.status == Status::step && begin < end) continue;

        std::copy(room.begin() + static_cast<std::ptrdiff_t>(begin),
                  room.begin() + static_cast<std::ptrdiff_t>(end), room.begin());
        end -= begin;
        begin = 0;
        std::size_t bytes = 0;
        auto ended = try_read_body(room.subspan(end), bytes);
        if (!ended && bytes == 0) {
            const auto ended_later = co_await read_body(room.subspan(end), bytes);
            ended = ended_later;
        }
        if (ended) co_return *ended;
        end += bytes;
    }
    // What was read beyond this request's end belongs to the next one.
    if (begin < end) keep_alive_after_body_ = session_.buffer().put_back({room.data() + begin, end - begin});
    if (!goes_chunked) co_return Sent::whole;
    const auto sent = try_pass_up("", "", last_chunk, false);
    if (sent) co_return *sent;
    const Sent sent_later = co_await pass_up_rest();
    co_return sent_later;
}

}  // namespace sallyport::gateway
