#include "gateway/rules/upload_filter.h"

#include "gateway/rules/signatures.h"

#include <utility>

namespace sallyport::gateway {

void UploadFilter::write_with(s3::BodyWriter writer) {
    writer_ = std::move(writer);
    check_->on_data([this](std::string_view decoded) { writer_->add(decoded, held_); });
}

Result<std::string_view> UploadFilter::pass(std::string_view data, bool is_last) {
    if (writer_) held_.clear();
    auto wrong = check_->update(data);
    if (!wrong && is_last) wrong = check_->finish();
    if (wrong) return denial_of(*wrong);
    if (!writer_) return as_it_is(data, is_last);
    if (is_last) writer_->finish(check_->trailer_value(), held_);
    return std::string_view(held_);
}

std::string_view UploadFilter::as_it_is(std::string_view data, bool is_last) {
    const std::size_t held = is_last ? 0 : check_->held_back();
    if (held == 0 && held_.empty()) return data;
    if (!held_.empty()) {
        held_ += data;
        return is_last ? std::string_view(held_) : std::string_view();
    }
    held_ = data.substr(data.size() - held);
    return data.substr(0, data.size() - held);
}

}  // namespace sallyport::gateway
