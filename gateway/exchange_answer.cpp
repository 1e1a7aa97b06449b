// The answer: store -> device, through one lent block.
#include "gateway/chunk.h"
#include "gateway/exchange.h"
#include "gateway/rules/store_error.h"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sallyport::gateway {
namespace {

namespace asio = boost::asio;

/// The most that one TLS record carries (RFC 8446 5.1).
constexpr std::size_t record_bytes = 16 * 1024;
/// Of an error document; what is longer is none.
constexpr std::size_t max_error_bytes = 64 * 1024;

}  // namespace

asio::awaitable<std::optional<Denial>> Exchange::relay_answer() {
    using Kind = AnswerDelivery::Framing;
    auto delivery = judge_answer(raw_answer_, answer_, record_.method);
    if (!delivery) co_return delivery.error();
    if (!request_sent_ && answer_.status < 300)
        co_return bad_gateway("a success although the store has not got the whole body");
    if (session_.worker().draining()) keep_alive_ = false;
    record_.upstream_status = answer_.status;
    record_.status = answer_.status;
    if (snapshot_->store_signing) {
        if (auto denial = refuse_redirect()) co_return denial;
        keep_known_fields(answer_);
        if (answer_.status >= 400 && delivery->framing != Kind::none) {
            auto denial = co_await relay_error(*delivery);
            co_return denial;
        }
        if (auto denial = begin_renaming(*delivery)) co_return denial;
    }

    const bool open_ended =
        answer_texts_ || delivery->framing == Kind::chunked || delivery->framing == Kind::until_close;
    const bool chunked = open_ended && version_ >= 11;
    if (open_ended && !chunked) keep_alive_ = false;
    const bool whole =
        co_await relay_body(*delivery, downstream_head(answer_, *delivery, chunked, keep_alive_), chunked);
    if (whole) put_back_store(*delivery);
    co_return std::exchange(answer_denial_, std::nullopt);
}

asio::awaitable<std::optional<Denial>> Exchange::relay_error(const AnswerDelivery& delivery) {
    std::string head = error_head(answer_, keep_alive_);  // its views point into what the body comes through
    error_body_.emplace();
    const bool whole = co_await relay_body(delivery, "", false);
    const StoreError error = read_store_error(answer_.status, *std::exchange(error_body_, std::nullopt));
    if (!whole) co_return std::exchange(answer_denial_, std::nullopt);
    if (error.is_ours) {
        session_.worker().shared().log.event(
            Log::Level::error, "store_refuses_credentials",
            {{"request_id", record_.request_id}, {"upstream", record_.upstream}, {"detail", error.code}});
        co_return store_unavailable(Reason::store_down, "the store refuses our signature: " + error.code);
    }
    const std::string body =
        s3::write_error_document({error.code, "The store refused the request.", path_, record_.request_id});
    head += std::to_string(body.size()) + "\r\n\r\n";
    const bool passed = co_await pass_down(head, body, false);
    if (passed) put_back_store(delivery);
    co_return std::nullopt;
}

asio::awaitable<bool> Exchange::relay_body(const AnswerDelivery& delivery, std::string head, bool chunked) {
    using Kind = AnswerDelivery::Framing;
    bool whole = false;
    switch (delivery.framing) {
        case Kind::none:
            whole = co_await pass_down(head, "", false);
            break;
        case Kind::length:
            whole = co_await relay_length(delivery.content_length, std::move(head), chunked);
            break;
        case Kind::chunked:
            whole = co_await relay_chunked(std::move(head), chunked);
            break;
        case Kind::until_close:
            whole = co_await relay_until_close(std::move(head), chunked);
            break;
    }
    co_return whole;
}

/// For the next request, when nothing of this one is left in it.
void Exchange::put_back_store(const AnswerDelivery& delivery) {
    if (!delivery.keep_alive || !request_sent_ || answer_begin_ != answer_end_) return;
    session_.store() = nullptr;
    if (watch_) watch_->device = nullptr;
    session_.worker().pool().put_back(std::move(store_), limits().idle_store_connections);
}

/// Nothing when the device does not take all of it at once: `pass_down_rest` must follow, and `head` and
/// `data` live until it is done. `head` may grow: what fits into the same record goes with it.
std::optional<bool> Exchange::try_pass_down(std::string& head, std::string_view data, bool chunked) {
    if (error_body_) {
        if (error_body_->size() + data.size() <= max_error_bytes) *error_body_ += data;
        return true;
    }
    // The word that an upload was stored is no secret; everything else ends with the admission.
    const bool only_confirms = data.empty() && request_sent_ && record_.bytes_in > 0;
    if (!only_confirms && !session_.still_admitted()) {
        abort(Reason::revoked, "cut while an answer was in flight");
        return false;
    }
    const auto in_its_names = renamed(data);
    if (!in_its_names) return false;
    data = *in_its_names;
    answered_ = true;
    record_.bytes_out += data.size();
    if (chunked && !data.empty()) {
        head += ChunkHeader(data.size()).text();
        head += data;
        head += end_of_chunk;
        data = {};
    } else if (!head.empty() && head.size() < record_bytes) {
        const std::size_t fits = std::min(data.size(), record_bytes - head.size());
        head += data.substr(0, fits);
        data.remove_prefix(fits);
    }
    unsent_ = {head, data};
    return try_write_down();
}

std::optional<bool> Exchange::try_write_down() {
    const bool two_parts = !unsent_[1].empty();
    for (std::span<const char>& part : unsent_) {
        if (part.empty()) continue;
        const bool more = two_parts && &part == unsent_.data();
        const auto written = session_.stream().try_write(part, more);
        if (!written) return std::nullopt;
        if (written != IoStatus::ok) return taken_down(*written);
    }
    return true;
}

asio::awaitable<bool> Exchange::pass_down_rest() {
    session_.stream().connection().stalls_after(limits().body_progress);
    for (const std::span<const char> part : unsent_) {
        if (part.empty()) continue;
        const IoStatus written = co_await session_.stream().write(part);
        if (written != IoStatus::ok) co_return taken_down(written);
    }
    co_return true;
}

bool Exchange::taken_down(IoStatus written) {
    if (written == IoStatus::ok) return true;
    if (written == IoStatus::timed_out) exceeded(Deadline::body);
    abort(written == IoStatus::timed_out ? Reason::timeout : Reason::peer_closed,
          "the device did not take the answer");
    return false;
}

asio::awaitable<bool> Exchange::pass_down(std::string& head, std::string_view data, bool chunked) {
    const auto passed = try_pass_down(head, data, chunked);
    if (passed) co_return *passed;
    const bool passed_later = co_await pass_down_rest();
    co_return passed_later;
}

std::optional<bool> Exchange::try_read_answer_body() {
    if (answer_begin_ < answer_end_) return true;
    const auto read = store_->stream().try_read(block_->span());
    return read ? std::optional(take_answer_body(*read)) : std::nullopt;
}

asio::awaitable<bool> Exchange::read_answer_body() {
    store_->connection().stalls_after(limits().body_progress);
    const IoResult read = co_await store_->stream().read_some(block_->span());
    co_return take_answer_body(read);
}

bool Exchange::take_answer_body(const IoResult& read) {
    answer_begin_ = 0;
    answer_end_ = read.bytes;
    answer_status_ = read.status;
    return read.status == IoStatus::ok;
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

/// What comes behind the last byte of an answer without a length.
asio::awaitable<bool> Exchange::end_answer(std::string& head, bool chunked) {
    if (error_body_) co_return true;
    if (!end_renaming(head, chunked)) co_return false;
    head += chunked ? last_chunk : "";
    if (head.empty()) co_return true;
    const bool passed = co_await pass_down(head, "", false);
    co_return passed;
}

asio::awaitable<bool> Exchange::relay_length(std::uint64_t remaining, std::string head, bool chunked) {
    // A small object leaves with its head; for a large one the head does not wait.
    while (remaining > 0) {
        auto came = try_read_answer_body();
        if (!came) {
            const bool came_later = co_await read_answer_body();
            came = came_later;
        }
        if (!*came) {
            answer_cut_short();
            co_return false;
        }
        const std::size_t bytes = std::min<std::uint64_t>(remaining, answer_end_ - answer_begin_);
        const std::string_view data(block_->span().data() + answer_begin_, bytes);
        auto passed = try_pass_down(head, data, chunked);
        if (!passed) {
            const bool passed_later = co_await pass_down_rest();
            passed = passed_later;
        }
        if (!*passed) co_return false;
        head.clear();
        answer_begin_ += bytes;
        remaining -= bytes;
        if (turn_is_over(bytes)) co_await asio::post(asio::use_awaitable);
    }
    if (!chunked && !answer_texts_) co_return true;
    const bool ended = co_await end_answer(head, chunked);
    co_return ended;
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
        if (turn_is_over(chunk.bytes)) co_await asio::post(asio::use_awaitable);
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
    const bool ended = co_await end_answer(head, chunked);
    co_return ended;
}

asio::awaitable<bool> Exchange::relay_until_close(std::string head, bool chunked) {
    for (;;) {
        auto came = try_read_answer_body();
        if (!came) {
            const bool came_later = co_await read_answer_body();
            came = came_later;
        }
        if (!*came) break;
        const std::string_view data(block_->span().data() + answer_begin_, answer_end_ - answer_begin_);
        const bool passed = co_await pass_down(head, data, chunked);
        if (!passed) co_return false;
        head.clear();
        answer_begin_ = answer_end_;
        if (turn_is_over(data.size())) co_await asio::post(asio::use_awaitable);
    }
    if (answer_status_ != IoStatus::end) {
        answer_cut_short();
        co_return false;
    }
    const bool ended = co_await end_answer(head, chunked);
    co_return ended;
}

}  // namespace sallyport::gateway
