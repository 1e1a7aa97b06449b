// The two bodies of an exchange: device -> store and store -> device. Both pass through one lent block.
#include "gateway/exchange.h"

#include <charconv>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";

/// chunk-size CRLF (RFC 9112 7.1).
class ChunkHeader {
  public:
    explicit ChunkHeader(std::size_t bytes) {
        auto* end = std::to_chars(text_, text_ + sizeof text_ - 2, bytes, 16).ptr;
        *end++ = '\r';
        *end++ = '\n';
        size_ = static_cast<std::size_t>(end - text_);
    }
    std::string_view text() const { return {text_, size_}; }

  private:
    char text_[20];
    std::size_t size_;
};

}  // namespace

// ---- device -> store ---------------------------------------------------------------------------------

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
/// success.
asio::awaitable<std::optional<Exchange::Sent>> Exchange::read_body(std::span<char> into, std::size_t& bytes) {
    auto& buffer = session_.buffer();
    if (!buffer.empty()) {
        bytes = std::min(into.size(), buffer.unread().size());
        std::copy_n(buffer.unread().begin(), bytes, into.begin());
        buffer.consume(bytes);
        co_return std::nullopt;
    }
    for (;;) {
        if (watch_->readable && store_has_answered()) co_return Sent::answered_early;
        session_.stream().connection().stalls_after(limits().body_progress);
        const IoResult read = co_await session_.stream().read_some(into);
        if (read.status == IoStatus::interrupted) continue;
        if (read.status == IoStatus::ok) {
            bytes = read.bytes;
            co_return std::nullopt;
        }
        if (read.status == IoStatus::timed_out) exceeded(Deadline::body);
        // Closing without the rest of the body is what keeps the store from completing the object.
        abort(read.status == IoStatus::timed_out ? Reason::timeout : Reason::peer_closed,
              "the device's body ended early");
        co_return Sent::aborted;
    }
}

asio::awaitable<Exchange::Sent> Exchange::pass_up(std::string_view data, std::string_view before,
                                                  std::string_view after) {
    record_.bytes_in += data.size();
    if (!session_.still_admitted()) {
        abort(Reason::revoked, "cut while its body was in flight");
        co_return Sent::aborted;
    }
    store_->connection().stalls_after(limits().body_progress);
    const std::string_view parts[] = {before, data, after};
    const IoStatus written = co_await store_->stream().write(parts);
    if (written == IoStatus::ok) co_return Sent::whole;
    if (written == IoStatus::stopped) {
        abort(Reason::revoked, "cut while its body was in flight");
        co_return Sent::aborted;
    }
    if (written == IoStatus::timed_out) {
        exceeded(Deadline::store_body);
        body_denial_ = store_unavailable(Reason::store_timeout, "the store does not take the body");
        co_return Sent::failed;
    }
    co_return Sent::answered_early;  // a store that refuses may answer and close at once
}

asio::awaitable<Exchange::Sent> Exchange::send_plain_body() {
    while (body_left_ > 0) {
        if (watch_->readable && store_has_answered()) co_return Sent::answered_early;
        const auto room = block_->span().first(std::min<std::uint64_t>(Block::bytes, body_left_));
        std::size_t bytes = 0;
        const auto ended = co_await read_body(room, bytes);
        if (ended) co_return *ended;
        body_left_ -= bytes;
        const Sent sent = co_await pass_up({room.data(), bytes}, "", "");
        if (sent != Sent::whole) co_return sent;
    }
    co_return Sent::whole;
}

asio::awaitable<Exchange::Sent> Exchange::send_chunked_body() {
    using Status = DecodedChunk::Status;
    const auto room = block_->span();
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
        if (!chunk.body.empty()) {
            const ChunkHeader header(chunk.body.size());
            const Sent sent = co_await pass_up(chunk.body, header.text(), line_end);
            if (sent != Sent::whole) co_return sent;
        }
        if (chunk.status == Status::finished) break;
        if (chunk.status == Status::step && begin < end) continue;

        std::copy(room.begin() + static_cast<std::ptrdiff_t>(begin),
                  room.begin() + static_cast<std::ptrdiff_t>(end), room.begin());
        end -= begin;
        begin = 0;
        std::size_t bytes = 0;
        const auto ended = co_await read_body(room.subspan(end), bytes);
        if (ended) co_return *ended;
        end += bytes;
    }
    // What was read beyond this request's end belongs to the next one.
    if (begin < end) keep_alive_after_body_ = session_.buffer().put_back({room.data() + begin, end - begin});
    const Sent sent = co_await pass_up("", "", last_chunk);
    co_return sent;
}

// ---- store -> device ---------------------------------------------------------------------------------

asio::awaitable<std::optional<Denial>> Exchange::relay_answer() {
    using Kind = AnswerDelivery::Framing;
    const auto delivery = judge_answer(raw_answer_, answer_, record_.method);
    if (!delivery) co_return delivery.error();
    if (!request_sent_ && answer_.status < 300)
        co_return bad_gateway("a success although the store has not got the whole body");
    if (session_.worker().draining()) keep_alive_ = false;
    record_.upstream_status = answer_.status;
    record_.status = answer_.status;

    const bool open_ended = delivery->framing == Kind::chunked || delivery->framing == Kind::until_close;
    const bool chunked = open_ended && version_ >= 11;
    if (open_ended && !chunked) keep_alive_ = false;
    std::string head = downstream_head(answer_, *delivery, chunked, keep_alive_);
    bool whole = false;
    switch (delivery->framing) {
        case Kind::none:
            whole = co_await pass_down(head, "", false);
            break;
        case Kind::length:
            whole = co_await relay_length(delivery->content_length, std::move(head));
            break;
        case Kind::chunked:
            whole = co_await relay_chunked(std::move(head), chunked);
            break;
        case Kind::until_close:
            whole = co_await relay_until_close(std::move(head), chunked);
            break;
    }
    if (whole && delivery->keep_alive && request_sent_ && answer_begin_ == answer_end_) {
        session_.store() = nullptr;
        if (watch_) watch_->device = nullptr;
        session_.worker().pool().put_back(std::move(store_), limits().idle_store_connections);
    }
    co_return std::exchange(answer_denial_, std::nullopt);
}

asio::awaitable<bool> Exchange::pass_down(std::string_view head, std::string_view data, bool chunked) {
    // The word that an upload was stored is no secret; everything else ends with the admission.
    const bool only_confirms = data.empty() && request_sent_ && record_.bytes_in > 0;
    if (!only_confirms && !session_.still_admitted()) {
        abort(Reason::revoked, "cut while an answer was in flight");
        co_return false;
    }
    answered_ = true;
    session_.stream().connection().stalls_after(limits().body_progress);
    IoStatus written = IoStatus::ok;
    if (head.empty() && !chunked) {
        written = co_await session_.stream().write(data);
    } else {  // one record instead of three
        std::string joined(head);
        if (chunked && !data.empty()) joined += ChunkHeader(data.size()).text();
        joined += data;
        if (chunked && !data.empty()) joined += line_end;
        written = co_await session_.stream().write(joined);
    }
    record_.bytes_out += data.size();
    if (written == IoStatus::ok) co_return true;
    if (written == IoStatus::timed_out) exceeded(Deadline::body);
    abort(written == IoStatus::timed_out ? Reason::timeout : Reason::peer_closed,
          "the device did not take the answer");
    co_return false;
}

asio::awaitable<bool> Exchange::read_answer_body() {
    if (answer_begin_ < answer_end_) co_return true;
    store_->connection().stalls_after(limits().body_progress);
    const IoResult read = co_await store_->stream().read_some(block_->span());
    answer_begin_ = 0;
    answer_end_ = read.bytes;
    answer_status_ = read.status;
    co_return read.status == IoStatus::ok;
}

void Exchange::give_up_answer(Denial denial) {
    if (answered_) {
        abort(denial.reason, std::move(denial.detail));
    } else {
        answer_denial_ = std::move(denial);
    }
}

void Exchange::answer_cut_short() {
    if (answer_status_ == IoStatus::timed_out) {
        exceeded(Deadline::store_body);
        give_up_answer(gateway_timeout("the store's answer stood still for limits.body_progress"));
    } else {
        give_up_answer(bad_gateway("the store's answer ended early" + why_broken()));
    }
}

asio::awaitable<bool> Exchange::relay_length(std::uint64_t remaining, std::string head) {
    // A small object leaves with its head; for a large one the head does not wait.
    while (remaining > 0) {
        const bool came = co_await read_answer_body();
        if (!came) {
            answer_cut_short();
            co_return false;
        }
        const std::size_t bytes = std::min<std::uint64_t>(remaining, answer_end_ - answer_begin_);
        const std::string_view data(block_->span().data() + answer_begin_, bytes);
        const bool passed = co_await pass_down(head, data, false);
        if (!passed) co_return false;
        head.clear();
        answer_begin_ += bytes;
        remaining -= bytes;
    }
    co_return true;
}

asio::awaitable<bool> Exchange::relay_chunked(std::string head, bool chunked) {
    using Status = DecodedChunk::Status;
    const auto room = block_->span();
    ChunkDecoder decoder;
    for (;;) {
        const DecodedChunk chunk = decoder.step({room.data() + answer_begin_, answer_end_ - answer_begin_});
        answer_begin_ += chunk.bytes;
        if (chunk.status == Status::malformed) {
            give_up_answer(bad_gateway("in the store's answer: " + std::string(chunk.detail)));
            co_return false;
        }
        if (!chunk.body.empty()) {
            const bool passed = co_await pass_down(head, chunk.body, chunked);
            if (!passed) co_return false;
            head.clear();
        }
        if (chunk.status == Status::finished) break;
        if (chunk.status == Status::step && answer_begin_ < answer_end_) continue;

        std::copy(room.begin() + static_cast<std::ptrdiff_t>(answer_begin_),
                  room.begin() + static_cast<std::ptrdiff_t>(answer_end_), room.begin());
        answer_end_ -= answer_begin_;
        answer_begin_ = 0;
        store_->connection().stalls_after(limits().body_progress);
        const IoResult read = co_await store_->stream().read_some(room.subspan(answer_end_));
        answer_status_ = read.status;
        if (read.status != IoStatus::ok) {
            answer_cut_short();
            co_return false;
        }
        answer_end_ += read.bytes;
    }
    head += chunked ? last_chunk : "";
    if (head.empty()) co_return true;
    const bool passed = co_await pass_down(head, "", false);
    co_return passed;
}

asio::awaitable<bool> Exchange::relay_until_close(std::string head, bool chunked) {
    for (;;) {
        const bool came = co_await read_answer_body();
        if (!came) break;
        const std::string_view data(block_->span().data() + answer_begin_, answer_end_ - answer_begin_);
        const bool passed = co_await pass_down(head, data, chunked);
        if (!passed) co_return false;
        head.clear();
        answer_begin_ = answer_end_;
    }
    if (answer_status_ != IoStatus::end) {
        answer_cut_short();
        co_return false;
    }
    head += chunked ? last_chunk : "";
    if (head.empty()) co_return true;
    const bool passed = co_await pass_down(head, "", false);
    co_return passed;
}

}  // namespace sallyport::gateway
