// Where requests are signed anew: what the store gets, and what the device hears in its own names.
#include "gateway/chunk.h"
#include "gateway/exchange.h"
#include "gateway/rules/delete_document.h"
#include "gateway/rules/logged_key.h"
#include "gateway/rules/resigning.h"
#include "gateway/rules/signatures.h"
#include "gateway/wall_clock.h"

#include <algorithm>

namespace sallyport::gateway {

namespace asio = boost::asio;

namespace {

/// A thousand keys of a kilobyte, escaped, are the most that one DeleteObjects has.
constexpr std::uint64_t max_document_bytes = 2U << 20U;

Result<ResignedRequest> resigned_now(const Snapshot& snapshot, const JudgedRequest& request,
                                     const std::string* document) {
    const StoreAddressing& addressing = snapshot.settings.store.resign->addressing;
    const StoreSigning& signing = *snapshot.store_signing;
    const auto time = now_seconds();
    const s3::CredentialScope scope = s3::scope_at(time, addressing.region);
    const s3::SigningKey key = signing.key(scope);
    const StoreSigner signer{signing.access_key(), key, scope, signing.session_token(), time};
    return document == nullptr ? resigned(request, addressing, signer)
                               : resigned_document(request, addressing, signer, *document);
}

}  // namespace

asio::awaitable<std::optional<Denial>> Exchange::sign_anew() {
    if (!snapshot_->store_signing) co_return std::nullopt;
    const StoreAddressing& addressing = snapshot_->settings.store.resign->addressing;
    const BucketMapping* documents = mapping_of_document(*operation_, addressing.buckets);
    const JudgedRequest judged{head_,       delivery_,        *operation_,
                               *signature_, chunked_payload_, permission_.only_when_absent};
    const bool is_small = documents != nullptr || is_whole_with_its_head(judged, addressing.chunks);
    if (is_small) {
        std::string body;
        auto denial = co_await take_small_body(body);
        if (!denial) denial = check_small_body(body);
        if (denial) co_return denial;
        if (documents != nullptr) {
            auto document = delete_for_store(body, *documents);
            if (!document) co_return document.error();
            body = std::move(*document);
        }
        document_ = std::move(body);
    }
    auto made = resigned_now(*snapshot_, judged, is_small ? &document_ : nullptr);
    if (!made) co_return made.error();
    store_head_ = std::move(made->head);
    store_delivery_ = made->delivery;
    if (made->writer && upload_filter_) upload_filter_->write_with(std::move(*made->writer));
    if (made->mapping != nullptr && names_objects(operation_->action)) {
        // Only chunks tell such a client that a list has ended, and not been cut.
        if (version_ < 11) co_return bad_request(Reason::malformed, "HTTP/1.0 with store.resign.buckets");
        const bool is_tls = snapshot_->listeners[session_.listener().index].tls != nullptr;
        client_names_ =
            ClientNames{*made->mapping, (is_tls ? "https://" : "http://") + std::string(delivery_.host),
                        record_.key, operation_->encodes_keys};
    }
    co_return std::nullopt;
}

/// Reads all of a small body, before the store hears of the request.
asio::awaitable<std::optional<Denial>> Exchange::take_small_body(std::string& body) {
    if (delivery_.framing == Framing::chunked) {
        co_return Denial{Reason::malformed, 411, "MissingContentLength",
                         "You must provide the Content-Length HTTP header.",
                         "a body that must be read before it is passed on, without a length"};
    }
    if (body_left_ > max_document_bytes) co_return entity_too_large("DeleteObjects of more than 2 MiB");
    // The views of the head point into the buffer that the body passes through.
    own_head_ = raw_head_;
    raw_head_ = own_head_;
    RequestParser parser(limits().head_bytes);
    if (parser.parse_head(own_head_, head_).status != ParseStatus::done)
        co_return bad_request(Reason::malformed, "a head that is read in two ways");
    delivery_.host = head_.find("Host")->value;

    session_.stream().connection().stalls_after(limits().body_progress);
    if (delivery_.expects_continue) {
        constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        const IoStatus written = co_await session_.stream().write(go_on);
        if (written != IoStatus::ok) co_return bad_request(Reason::peer_closed, "the client left");
    }
    while (body_left_ > 0) {
        char bytes[4096];
        std::size_t count = std::min<std::uint64_t>(body_left_, sizeof bytes);
        auto& buffer = session_.buffer();
        if (!buffer.empty()) {
            count = std::min(count, buffer.unread().size());
            std::copy_n(buffer.unread().begin(), count, bytes);
            buffer.consume(count);
        } else {
            session_.stream().connection().stalls_after(limits().body_progress);
            const IoResult read = co_await session_.stream().read_some({bytes, count});
            if (read.status == IoStatus::timed_out) {
                exceeded(Deadline::body);
                co_return request_timeout("the body did not come");
            }
            if (read.status != IoStatus::ok)
                co_return bad_request(Reason::peer_closed, "the client left before its body");
            count = read.bytes;
        }
        body.append(bytes, count);
        body_left_ -= count;
        record_.bytes_in += count;
    }
    keep_alive_ = delivery_.keep_alive;
    co_return std::nullopt;
}

/// Is it what was signed? Of an aws-chunked body only what it holds is left.
std::optional<Denial> Exchange::check_small_body(std::string& body) {
    if (!upload_filter_) return std::nullopt;
    const bool is_chunked = signature_->payload.kind == s3::PayloadPromise::Kind::chunks;
    if (is_chunked) upload_filter_->write_with(s3::BodyWriter({}, std::nullopt));
    const auto passed = upload_filter_->pass(body, true);
    if (!passed) return passed.error();
    if (is_chunked) body = std::string(*passed);
    upload_filter_.reset();
    return std::nullopt;
}

/// The store sends elsewhere: whoever followed would leave the gateway, with a signature that is not for
/// there.
std::optional<Denial> Exchange::refuse_redirect() const {
    const bool is_redirect = answer_.status / 100 == 3 && answer_.status != 304;
    if (!is_redirect) return std::nullopt;
    std::string detail = "the store redirects (" + std::to_string(answer_.status) + ")";
    if (const auto region = answer_field("x-amz-bucket-region"); !region.empty())
        detail += ": the bucket is in region " + std::string(region) +
                  "; set store.resign.region and store.endpoints";
    if (const auto location = answer_field("Location").substr(0, 256); !location.empty())
        detail += "; Location: " + logged_key(location).value_or(std::string(location));
    return bad_gateway(std::move(detail));
}

std::string_view Exchange::answer_field(std::string_view name) const {
    const auto is_name = [&](const HeaderField& field) { return equals_ignoring_case(field.name, name); };
    const auto found = std::ranges::find_if(answer_.fields, is_name);
    return found == answer_.fields.end() ? std::string_view() : found->value;
}

/// An answer's body that names buckets or keys will name the client's.
std::optional<Denial> Exchange::begin_renaming(AnswerDelivery& delivery) {
    if (!client_names_ || delivery.framing == AnswerDelivery::Framing::none) return std::nullopt;
    if (!answer_field("Content-Encoding").empty() && answer_field("Content-Encoding") != "identity")
        return bad_gateway("an answer in a coding that was not asked for");
    answer_texts_ = answer_for_client(std::move(*client_names_));
    delivery.declares_length = false;
    return std::nullopt;
}

std::optional<std::string_view> Exchange::renamed(std::string_view data) {
    if (!answer_texts_ || data.empty()) return data;
    renamed_.clear();
    const auto fault = answer_texts_->update(data, renamed_);
    if (!fault) return renamed_;
    give_up_answer(bad_gateway("in the store's answer: " + fault->message));
    return std::nullopt;
}

bool Exchange::end_renaming(std::string& head, bool chunked) {
    if (!answer_texts_) return true;
    renamed_.clear();
    const auto fault = answer_texts_->finish(renamed_);
    if (fault) {
        give_up_answer(bad_gateway("in the store's answer: " + fault->message));
        return false;
    }
    if (renamed_.empty()) return true;
    if (chunked) head += ChunkHeader(renamed_.size()).text();
    head += renamed_;
    if (chunked) head += end_of_chunk;
    return true;
}

}  // namespace sallyport::gateway
