#pragma once

#include "firmware-client/byte_stream.h"
#include "firmware-client/connector.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace sallyport::device {

/// How a scripted server treats one connection.
struct Script {
    /// One answer for each request, in order; empty: the connection ends instead.
    std::vector<std::string> answers;
    /// Answer as soon as this many bytes of the first request were written, not at its end.
    std::size_t early_after = 0;
    /// Writing fails from this byte of the connection on; 0: never.
    std::size_t break_after = 0;
};

/// A connection that records what is written and answers by its script. A request is taken as whole when the
/// device begins to wait for the answer.
class ScriptedStream final : public ByteStream {
  public:
    ScriptedStream(Script script, std::string& written) : script_(std::move(script)), written_(written) {}

    Result<std::size_t> read_some(std::span<std::byte> into, Deadline) override {
        if (input_.empty()) {
            if (next_ == script_.answers.size()) return std::size_t{0};
            input_ = script_.answers[next_++];
        }
        return give(into);
    }

    Result<std::optional<std::size_t>> try_read(std::span<std::byte> into) override {
        if (script_.early_after != 0 && sent_ >= script_.early_after && next_ < script_.answers.size()) {
            input_ = script_.answers[next_++];
        }
        if (input_.empty()) return std::optional<std::size_t>{};
        return std::optional{give(into)};
    }

    Result<void> write_all(std::span<const std::byte> from, Deadline) override {
        if (script_.break_after != 0 && sent_ + from.size() > script_.break_after) {
            return Error{Fault::network, "the connection broke"};
        }
        sent_ += from.size();
        written_.append(reinterpret_cast<const char*>(from.data()), from.size());
        return {};
    }

  private:
    std::size_t give(std::span<std::byte> into) {
        const std::size_t count = std::min(into.size(), input_.size());
        std::memcpy(into.data(), input_.data(), count);
        input_.erase(0, count);
        return count;
    }

    Script script_;
    std::string& written_;
    std::string input_;
    std::size_t next_ = 0;
    std::size_t sent_ = 0;
};

/// Makes scripted connections, one script each; none left: connecting fails.
class ScriptedConnector final : public Connector {
  public:
    explicit ScriptedConnector(std::deque<Script> scripts) : scripts_(std::move(scripts)) {}

    Result<std::unique_ptr<ByteStream>> connect() override {
        if (scripts_.empty()) return Error{Fault::network, "nobody answers"};
        auto stream = std::make_unique<ScriptedStream>(std::move(scripts_.front()), written.emplace_back());
        scripts_.pop_front();
        return std::unique_ptr<ByteStream>{std::move(stream)};
    }

    std::deque<std::string> written;  ///< per connection

  private:
    std::deque<Script> scripts_;
};

inline std::string answer_with(const std::string& status, const std::string& headers = "",
                               const std::string& body = "") {
    return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
}

/// What a store says when it has an object; the ETag is none that could be compared.
inline std::string stored_answer() {
    return answer_with("200 OK", "ETag: \"d41d8cd98f00b204e9800998ecf8427e-1\"\r\n");
}

inline std::string error_with(const std::string& status, const std::string& code) {
    return answer_with(status, "", "<Error><Code>" + code + "</Code><Message>why</Message></Error>");
}

}  // namespace sallyport::device
