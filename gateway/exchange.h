#pragma once

#include "gateway/http_parser.h"
#include "gateway/request_record.h"
#include "gateway/rules/chunk_decoder.h"
#include "gateway/rules/permission.h"
#include "gateway/rules/resigning.h"
#include "gateway/rules/signatures.h"
#include "gateway/session.h"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <boost/asio/awaitable.hpp>

namespace sallyport::gateway {

/// One request and its answer: head -> gates -> store -> body -> answer -> record. Every path ends in the
/// record. Lives in its session's coroutine.
class Exchange {
  public:
    explicit Exchange(Session& session);
    ~Exchange();
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    /// True when the connection can serve another request.
    boost::asio::awaitable<bool> run();

  private:
    /// Set by the watch on the store's socket while a body goes up.
    struct Watch {
        bool readable = false;
        Connection* device = nullptr;  ///< null when nobody is to be woken any more
    };
    enum class HeadRead { whole, denied, nothing };
    enum class Sent {
        whole,
        answered_early,  ///< the store has spoken before it had the whole body
        failed,          ///< see `body_denial_`
        aborted,         ///< the connection is over
    };

    // ---- exchange.cpp ----
    boost::asio::awaitable<HeadRead> read_head();
    bool has_body() const { return body_left_ > 0 || delivery_.framing == Framing::chunked; }
    void exceeded(Deadline deadline) { session_.worker().shared().metrics.exceeded(deadline); }
    void note_device();
    /// Since the request began: for the phases of its record.
    std::chrono::nanoseconds elapsed() const { return Clock::now() - begun_; }
    void note_trace();
    void note_answer();
    /// Nothing when the answer was relayed, or when the connection is over.
    boost::asio::awaitable<std::optional<Denial>> forward();
    boost::asio::awaitable<std::optional<Denial>> open_store(bool only_fresh);
    boost::asio::awaitable<std::optional<Denial>> send_head();
    /// Reads an answer head into `block_`, passing over interim answers, but for 100 if that is asked for.
    boost::asio::awaitable<std::optional<Denial>> read_answer_head(bool until_continue);
    std::string why_broken() const;
    boost::asio::awaitable<void> deny(const Denial& denial);
    boost::asio::awaitable<void> discard_body();
    void abort(Reason reason, std::string detail);
    void finish_record();

    // ---- exchange_judge.cpp ----
    std::optional<Denial> judge();
    std::optional<Denial> authorize_operation(const S3Operation& operation);
    std::optional<Denial> bound(const S3Operation& operation);
    /// Where the gateway has the secrets: the signature, and what it promises of the body.
    std::optional<Denial> check_signature();
    /// As whom the rules know this client: in shadow mode as nobody, until the ramp has reached it.
    Client acting_client() const;
    /// The limits of its device: connections and requests, then bytes.
    std::optional<Denial> check_device_requests();
    std::optional<Denial> reserve_device_bytes();

    // ---- exchange_upload.cpp ----
    boost::asio::awaitable<Sent> send_body();
    boost::asio::awaitable<Sent> send_plain_body();
    boost::asio::awaitable<Sent> send_chunked_body();
    // The `try_` functions do what needs no wait: most blocks cost no coroutine and no allocation.
    std::optional<Sent> try_read_body(std::span<char> into, std::size_t& bytes);
    boost::asio::awaitable<std::optional<Sent>> read_body(std::span<char> into, std::size_t& bytes);
    std::optional<Sent> take_body(const IoResult& read, std::size_t& bytes);
    std::optional<Sent> try_pass_up(std::string_view data, std::string_view before, std::string_view after,
                                    bool more);
    boost::asio::awaitable<Sent> pass_up_rest();
    Sent sent_up(IoStatus written);
    /// What of the body may go up: all of `data`, less what must wait until the whole is known to be as it
    /// was signed, or with that at its end. Nothing when the body is refused. Lives as long as `data` and no
    /// other call.
    std::optional<std::string_view> checked(std::string_view data, bool is_last);
    bool turn_is_over(std::size_t bytes);
    void watch_store();
    bool store_has_answered();
    void pass_over_interim_answers();

    // ---- exchange_answer.cpp ----
    boost::asio::awaitable<std::optional<Denial>> relay_answer();
    /// An error of the store, told in our own words.
    boost::asio::awaitable<std::optional<Denial>> relay_error(const AnswerDelivery& delivery);
    boost::asio::awaitable<bool> relay_body(const AnswerDelivery& delivery, std::string head, bool chunked);
    boost::asio::awaitable<bool> relay_length(std::uint64_t remaining, std::string head, bool chunked);
    boost::asio::awaitable<bool> end_answer(std::string& head, bool chunked);
    boost::asio::awaitable<bool> relay_chunked(std::string head, bool chunked);
    boost::asio::awaitable<bool> relay_until_close(std::string head, bool chunked);
    boost::asio::awaitable<bool> pass_down(std::string& head, std::string_view data, bool chunked);
    std::optional<bool> try_pass_down(std::string& head, std::string_view data, bool chunked);
    boost::asio::awaitable<bool> pass_down_rest();
    std::optional<bool> try_write_down();
    bool taken_down(IoStatus written);
    /// The next bytes of the answer's body into `block_`; false at their end, see `answer_status_`.
    std::optional<bool> try_read_answer_body();
    boost::asio::awaitable<bool> read_answer_body();
    bool take_answer_body(const IoResult& read);
    void answer_cut_short();
    /// The device hears of it as long as nothing else was said to it; afterwards its connection ends.
    void give_up_answer(Denial denial);
    void put_back_store(const AnswerDelivery& delivery);

    // ---- exchange_resign.cpp ----
    /// What the store gets.
    boost::asio::awaitable<std::optional<Denial>> sign_anew();
    boost::asio::awaitable<std::optional<Denial>> take_small_body(std::string& body);
    std::optional<Denial> check_small_body(std::string& body);
    std::optional<Denial> refuse_redirect() const;
    std::string_view answer_field(std::string_view name) const;
    std::optional<Denial> begin_renaming(AnswerDelivery& delivery);
    /// A piece of the answer in the client's names; nothing when it is given up. Lives as long as `data` and
    /// no other call.
    std::optional<std::string_view> renamed(std::string_view data);
    /// The end of it goes to `head`; false when it is given up.
    bool end_renaming(std::string& head, bool chunked);

    const Limits& limits() const { return snapshot_->settings.limits; }

    Session& session_;
    std::shared_ptr<const Snapshot> snapshot_;
    RequestRecord record_;
    Clock::time_point begun_;
    Clock::time_point forwarded_;

    RequestParser request_parser_;
    /// Its views point into the session's buffer: valid until the body is read, not afterwards.
    RequestHead head_;
    std::string path_;
    unsigned version_ = 11;
    std::string_view raw_head_;
    std::optional<Denial> head_denial_;
    Delivery delivery_;
    std::uint64_t body_left_ = 0;  ///< of a body with a length, not yet taken from the device
    Permission permission_;
    s3::ChunkedPayload chunked_payload_;           ///< all zero for a body that is not aws-chunked
    std::unique_ptr<UploadFilter> upload_filter_;  ///< null when nothing was promised of the body
    std::optional<std::uint64_t> reserved_bytes_;  ///< of the device's day

    // Of a request that is signed anew.
    std::optional<S3Operation> operation_;
    std::optional<s3::CheckedSignature> signature_;
    std::string own_head_;                     ///< what `head_` points into, once its body was read
    std::string store_head_;                   ///< empty: the head passes through
    Delivery store_delivery_;                  ///< how the store is told of the body
    std::string document_;                     ///< that goes in place of the body
    std::optional<ClientNames> client_names_;  ///< by which its answer is read
    std::unique_ptr<s3::XmlTexts> answer_texts_;
    std::string renamed_;
    std::optional<std::string> error_body_;  ///< is collected, not passed down

    std::optional<ShadowSighting> shadow_;  ///< in shadow mode, once the request was judged
    std::optional<Denial> body_denial_;
    std::optional<Denial> answer_denial_;
    bool keep_alive_after_body_ = true;
    int interim_answers_ = 0;

    std::size_t turn_bytes_ = 0;  ///< that have flowed since other connections had their turn
    std::array<std::span<const char>, 2> unsent_{};  ///< of what is passed down

    std::unique_ptr<StoreConnection> store_;
    std::shared_ptr<const StoreEndpoint> endpoint_;  ///< of `store_`, also when that is gone
    std::shared_ptr<Watch> watch_;
    std::optional<Block> block_;
    std::size_t answer_begin_ = 0;  ///< unread bytes of the answer within `block_`
    std::size_t answer_end_ = 0;
    std::unique_ptr<AnswerParser> answer_parser_;
    AnswerHead answer_;
    std::string_view raw_answer_;
    bool has_answer_head_ = false;  ///< of the final answer
    IoStatus answer_status_ = IoStatus::ok;

    bool body_begun_ = false;    ///< the device was asked for it: it cannot be sent twice
    bool request_sent_ = false;  ///< to its last byte
    bool answered_ = false;      ///< an answer head went to the device
    bool keep_alive_ = false;
    bool aborted_ = false;
};

}  // namespace sallyport::gateway
