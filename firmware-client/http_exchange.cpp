#include "firmware-client/http_exchange.h"

#include <algorithm>
#include <array>

namespace sallyport::device {
namespace {

Deadline in(std::chrono::seconds time) {
    return std::chrono::steady_clock::now() + time;
}

/// Sending and receiving sides of one exchange.
class Exchange {
  public:
    Exchange(ByteStream& stream, const HttpRequest& request, const ExchangeLimits& limits, BodySink* sink)
        : stream_(stream),
          limits_(limits),
          parser_(request.method == "HEAD", limits.answer_body_bytes, sink) {}

    /// True when all was sent, false when the answer came first.
    Result<bool> send(std::string_view head, Body& body) {
        if (auto sent = send_block(std::as_bytes(std::span{head})); !sent) return sent.error();
        for (;;) {
            const auto block = body.next();
            if (!block) return block.error();
            if (block->empty()) return true;
            const auto early = poll_answer();
            if (!early) return early.error();
            if (*early) return false;
            if (auto sent = send_block(*block); !sent) return sent.error();
        }
    }

    Result<Answer> receive(Deadline deadline) {
        while (!parser_.complete()) {
            const auto count = stream_.read_some(buffer_, std::min(deadline, in(limits_.answer)));
            if (!count) return count.error();
            if (auto taken = take(*count); !taken) return taken.error();
        }
        Answer answer = parser_.take();
        // Bytes behind the answer belong to no request of ours: whatever they are, we want none of it.
        answer.keep_alive = answer.keep_alive && !surplus_;
        return answer;
    }

    bool answer_began() const { return parser_.started(); }

  private:
    Result<void> send_block(std::span<const std::byte> block) {
        return stream_.write_all(block, in(limits_.stall));
    }

    /// A server that refuses a body may answer at once; after its close a reset could destroy that answer.
    Result<bool> poll_answer() {
        const auto count = stream_.try_read(buffer_);
        if (!count) return count.error();
        if (!*count) return false;
        if (auto taken = take(**count); !taken) return taken.error();
        return parser_.answering();
    }

    Result<void> take(std::size_t count) {
        if (count == 0) return parser_.end_of_stream();
        const std::string_view bytes{reinterpret_cast<const char*>(buffer_.data()), count};
        const auto used = parser_.feed(bytes);
        if (!used) return used.error();
        surplus_ = surplus_ || *used < count;
        return {};
    }

    ByteStream& stream_;
    const ExchangeLimits& limits_;
    AnswerParser parser_;
    std::array<std::byte, 16 * 1024> buffer_{};
    bool surplus_ = false;
};

std::string head_of(const HttpRequest& request, const Body& body) {
    constexpr std::size_t usual_bytes = 1024;
    std::string head;
    head.reserve(usual_bytes);
    head.append(request.method).append(" ").append(request.target).append(" HTTP/1.1\r\n");
    for (const auto& [name, value] : request.headers)
        head.append(name).append(": ").append(value).append("\r\n");
    if (request.method == "PUT") {
        head.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    }
    return head.append("\r\n");
}

}  // namespace

ExchangeResult exchange(ByteStream& stream, const HttpRequest& request, Body& body,
                        const ExchangeLimits& limits, BodySink* sink) {
    Exchange run(stream, request, limits, sink);
    const auto sent = run.send(head_of(request, body), body);
    if (!sent && sent.error().fault != Fault::network) return ExchangeError{sent.error(), run.answer_began()};

    // Also after a failed write: the server may have said why before it closed.
    constexpr std::chrono::seconds last_words{2};
    const std::chrono::seconds whole = sink != nullptr ? limits.download : limits.answer;
    auto answer = run.receive(in(sent ? whole : last_words));
    if (!answer) {
        const bool early_end = !sent && answer.error().fault == Fault::network;
        return ExchangeError{early_end ? sent.error() : answer.error(), run.answer_began()};
    }
    if (!sent || !*sent) {
        answer->keep_alive = false;
        // A "yes" to a body that the server has not seen cannot be about that body.
        if (answer->status < 300) {
            return ExchangeError{{Fault::store, "the server confirmed an upload before it had all of it"},
                                 true};
        }
    }
    return std::move(*answer);
}

}  // namespace sallyport::device
