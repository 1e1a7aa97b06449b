#include "gateway/rules/resigning.h"

#include "s3/checksum.h"
#include "s3/payload_hash.h"

#include <algorithm>

namespace sallyport::gateway {
namespace {

std::string checksum_of(s3::ChecksumAlgorithm algorithm, std::string_view text) {
    s3::Checksum checksum(algorithm);
    checksum.update(text);
    return checksum.finish();
}

/// Content-MD5, which S3 wants, and x-amz-checksum-* of the client's document, for the one that stands for
/// it.
void replace_checksums(const RequestHead& head, std::string_view document, std::vector<OwnField>& fields) {
    fields.push_back({"content-md5", checksum_of(s3::ChecksumAlgorithm::md5, document)});
    for (const HeaderField& field : head.fields) {
        std::string name(field.name);
        std::ranges::transform(name, name.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        const auto algorithm = s3::checksum_of_field(name);
        const bool is_known = std::ranges::find(fields, name, &OwnField::name) != fields.end();
        if (algorithm && !is_known) fields.push_back({std::move(name), checksum_of(*algorithm, document)});
    }
}

}  // namespace

const BucketMapping* mapping_of_document(const S3Operation& operation, const BucketMap& buckets) noexcept {
    if (operation.action != delete_objects) return nullptr;
    const BucketMapping* mapping = buckets.find(operation.address.bucket);
    return mapping == nullptr || mapping->prefix.empty() ? nullptr : mapping;
}

bool is_whole_with_its_head(const JudgedRequest& request, StoreAddressing::Chunks way) {
    const StorePayload payload = payload_for_store(request.signature.payload, request.chunked, way);
    return payload.coding && payload.length == 0;
}

Result<ResignedRequest> resigned(const JudgedRequest& request, const StoreAddressing& addressing,
                                 const StoreSigner& signer) {
    auto target = target_in_store(request.head, request.operation, addressing);
    if (!target) return target.error();
    if (request.only_when_absent && request.head.find("If-None-Match") == nullptr)
        target->fields.push_back({"If-None-Match", "*"});
    const StorePayload payload =
        payload_for_store(request.signature.payload, request.chunked, addressing.chunks);
    ResignedRequest made{.head = "", .delivery = request.delivery, .writer = std::nullopt};
    made.mapping = target->mapping;
    if (payload.coding) {
        made.delivery.framing = Framing::length;
        made.delivery.content_length = payload.length;
    }
    auto head = signed_head(request.head, *target, made.delivery, payload, signer);
    if (!head) return head.error();
    made.head = std::move(head->text);
    if (!payload.coding) return made;
    std::optional<s3::ChunkSignatures> signatures;
    if (payload.coding->form.has_signatures)
        signatures.emplace(signer.key, signer.time, signer.scope, std::move(head->signature));
    made.writer.emplace(*payload.coding, std::move(signatures));
    return made;
}

Result<ResignedRequest> resigned_document(const JudgedRequest& request, const StoreAddressing& addressing,
                                          const StoreSigner& signer, std::string_view document) {
    auto target = target_in_store(request.head, request.operation, addressing);
    if (!target) return target.error();
    replace_checksums(request.head, document, target->fields);
    ResignedRequest made{.head = "", .delivery = request.delivery, .writer = std::nullopt};
    made.mapping = target->mapping;
    made.delivery.framing = Framing::length;
    made.delivery.content_length = document.size();
    made.delivery.expects_continue = false;  // the document is at hand
    // Whatever its body came as, it goes as a plain one.
    const StorePayload payload{s3::sha256_hex(document), s3::BodyCoding{}, document.size()};
    auto head = signed_head(request.head, *target, made.delivery, payload, signer);
    if (!head) return head.error();
    made.head = std::move(head->text);
    return made;
}

}  // namespace sallyport::gateway
