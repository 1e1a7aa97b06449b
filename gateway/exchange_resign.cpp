// Where requests are signed anew: what the store gets, and what the device hears in its own names.
#include "gateway/chunk.h"
#include "gateway/exchange.h"
#include "gateway/rules/resigning.h"
#include "gateway/rules/signatures.h"
#include "gateway/wall_clock.h"

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
    const BucketMap& buckets = snapshot_->settings.store.resign->addressing.buckets;
    const bool has_document = mapping_of_document(*operation_, buckets) != nullptr;
    if (has_document) {
        auto denial = co_await take_document();
        if (denial) co_return denial;
    }
    auto made = resigned_now(*snapshot_, {head_, delivery_, *operation_, *signature_, permission_.only_when_absent},
                             has_document ? &document_ : nullptr);
    if (!made) co_return made.error();
    store_head_ = std::move(made->head);
    store_delivery_ = made->delivery;
    if (made->writer && upload_filter_) upload_filter_->write_with(std::move(*made->writer));
    if (made->mapping != nullptr) {
        const bool is_tls = snapshot_->listeners[session_.listener().index].tls != nullptr;
        client_names_ =
            ClientNames{*made->mapping, (is_tls ? "https://" : "http://") + std::string(delivery_.host),
                        record_.key, operation_->encodes_keys};
    }
    co_return std::nullopt;
}

/// Reads a body that is small as a whole, checks it, and writes it as the store must see it.
asio::awaitable<std::optional<Denial>> Exchange::take_document() {
    if (delivery_.framing == Framing::chunked) {
        co_return Denial{Reason::malformed, 411, "MissingContentLength",
                         "You must provide the Content-Length HTTP header.",
                         "DeleteObjects without a length"};
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
    std::string body;
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
            if (read.status == IoStatus::timed_out) exceeded(Deadline::body);
            if (read.status != IoStatus::ok) co_return request_timeout("the body did not come");
            count = read.bytes;
        }
        body.append(bytes, count);
        body_left_ -= count;
        record_.bytes_in += count;
    }
    keep_alive_ = delivery_.keep_alive;
    std::string decoded;
    if (upload_filter_) {
        upload_filter_->write_with(s3::BodyWriter({}, std::nullopt));
        const auto passed = upload_filter_->pass(body, true);
        if (!passed) co_return passed.error();
        decoded = *passed;
    }
    auto document = delete_for_store(
        signature_->payload.kind == s3::PayloadPromise::Kind::chunks ? decoded : body,
        *mapping_of_document(*operation_, snapshot_->settings.store.resign->addressing.buckets));
    if (!document) co_return document.error();
    document_ = std::move(*document);
    upload_filter_.reset();
    co_return std::nullopt;
}

/// The store sends elsewhere: whoever followed would leave the gateway, with a signature that is not for
/// there.
std::optional<Denial> Exchange::refuse_redirect() const {
    const bool is_redirect = answer_.status / 100 == 3 && answer_.status != 304;
    if (!snapshot_->store_signing || !is_redirect) return std::nullopt;
    std::string detail = "the store redirects (" + std::to_string(answer_.status) + ")";
    const auto find = [this](std::string_view name) -> std::string_view {
        for (const HeaderField& field : answer_.fields) {
            if (equals_ignoring_case(field.name, name)) return field.value;
        }
        return "";
    };
    if (const auto region = find("x-amz-bucket-region"); !region.empty())
        detail += ": the bucket is in region " + std::string(region) +
                  "; set store.resign.region and store.endpoints";
    if (const auto location = find("Location"); !location.empty())
        detail += "; Location: " + std::string(location.substr(0, 256));
    return bad_gateway(std::move(detail));
}

/// Decides whether the answer's body names buckets or keys, which must then be the client's.
std::optional<Denial> Exchange::begin_renaming(AnswerDelivery& delivery) {
    if (!client_names_ || delivery.framing == AnswerDelivery::Framing::none) return std::nullopt;
    const auto find = [this](std::string_view name) -> std::string_view {
        for (const HeaderField& field : answer_.fields) {
            if (equals_ignoring_case(field.name, name)) return field.value;
        }
        return "";
    };
    const bool is_error = answer_.status >= 300;
    const bool is_xml = find("Content-Type").find("xml") != std::string_view::npos;
    if (is_error ? !is_xml : !names_objects(operation_->action)) return std::nullopt;
    if (!find("Content-Encoding").empty() && find("Content-Encoding") != "identity")
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
