#include "s3/body_writer.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace sallyport::s3 {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view signature_extension = ";chunk-signature=";
constexpr std::string_view trailer_signature = "x-amz-trailer-signature:";
constexpr std::size_t signature_digits = 64;

std::string hexadecimal(std::uint64_t number) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, 16).ptr;
    return {digits, end};
}

std::uint64_t encoded_chunk_length(bool is_signed, std::uint64_t bytes) {
    const std::size_t extension = is_signed ? signature_extension.size() + signature_digits : 0;
    const std::size_t end = bytes > 0 ? line_end.size() : 0;
    return hexadecimal(bytes).size() + extension + line_end.size() + bytes + end;
}

}  // namespace

std::uint64_t encoded_length(const BodyCoding& coding, std::uint64_t decoded) {
    if (!coding.is_chunked) return decoded;
    const bool is_signed = coding.form.has_signatures;
    const std::uint64_t whole_chunks = decoded / BodyWriter::chunk_bytes;
    const std::uint64_t rest = decoded % BodyWriter::chunk_bytes;
    std::uint64_t length = whole_chunks * encoded_chunk_length(is_signed, BodyWriter::chunk_bytes);
    if (rest > 0) length += encoded_chunk_length(is_signed, rest);
    length += encoded_chunk_length(is_signed, 0) + line_end.size();
    if (coding.form.has_trailer) {
        length += coding.trailer.size() + 1 + coding.trailer_bytes + line_end.size();
        if (is_signed) length += trailer_signature.size() + signature_digits + line_end.size();
    }
    return length;
}

BodyWriter::BodyWriter(BodyCoding coding, std::optional<ChunkSignatures> signatures)
    : coding_(std::move(coding)), signatures_(std::move(signatures)) {}

void BodyWriter::add(std::string_view data, std::string& out) {
    while (!data.empty()) {
        if (block_.size() == chunk_bytes) flush(out);
        const std::size_t bytes = std::min(data.size(), chunk_bytes - block_.size());
        block_ += data.substr(0, bytes);
        data.remove_prefix(bytes);
    }
}

/// The chunk at hand, the last and empty one without its end.
void BodyWriter::flush(std::string& out) {
    if (coding_.is_chunked) {
        out += hexadecimal(block_.size());
        if (coding_.form.has_signatures) {
            signatures_->update(block_);
            out.append(signature_extension).append(signatures_->finish_chunk());
        }
        out += line_end;
    }
    out += block_;
    if (coding_.is_chunked && !block_.empty()) out += line_end;
    block_.clear();
}

void BodyWriter::finish(std::string_view trailer_value, std::string& out) {
    if (!block_.empty()) flush(out);
    if (!coding_.is_chunked) return;
    flush(out);
    if (coding_.form.has_trailer) {
        const std::string field = coding_.trailer + ':' + std::string(trailer_value);
        out.append(field).append(line_end);
        if (coding_.form.has_signatures)
            out.append(trailer_signature).append(signatures_->trailer(field + '\n')).append(line_end);
    }
    out += line_end;
}

}  // namespace sallyport::s3
