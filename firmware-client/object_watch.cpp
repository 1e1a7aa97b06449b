#include "firmware-client/object_watch.h"

#include "s3/payload_hash.h"

namespace sallyport::device {
namespace {

Error update_refused(const std::string& name, const std::string& why) {
    Error error{Fault::configuration, "the server's " + name + " is not taken: " + why};
    error.trouble = Trouble::update_refused;
    return error;
}

}  // namespace

std::string md5_text(std::string_view bytes) {
    s3::PayloadHash md5{s3::HashAlgorithm::md5};
    md5.update(std::as_bytes(std::span{bytes}));
    return md5.finish();
}

Result<WatchedObject> ObjectWatch::look(const std::string& name, std::string_view own_md5) {
    using enum WatchedObject::State;
    const auto info = store_.head(key(name));
    if (!info) return info.error();
    if (!*info) return WatchedObject{absent};
    const ObjectInfo& there = **info;
    if (there.md5 && *there.md5 == own_md5) return WatchedObject{unchanged, there};
    const auto judged = device_.status.judged.find(name);
    const bool known =
        judged != device_.status.judged.end() && !there.etag.empty() && judged->second.etag == there.etag;
    if (!known) return WatchedObject{changed, there};
    if (!judged->second.fault.empty()) return update_refused(name, judged->second.fault);
    // Only where an MD5 cannot tell: else what was the same once would hide that the device's copy is
    // another.
    if (there.md5 && !own_md5.empty()) return WatchedObject{changed, there};
    return WatchedObject{unchanged, there};
}

Result<ObjectWatch::Fetched> ObjectWatch::fetch_changed(const std::string& name, std::string_view own,
                                                        std::size_t limit) {
    using enum WatchedObject::State;
    const auto there = look(name, own.empty() ? std::string{} : md5_text(own));
    if (!there) return there.error();
    if (there->state != changed) return Fetched{there->state};
    if (there->info.bytes && *there->info.bytes > limit) {
        return refuse(name, there->info.etag, "larger than " + std::to_string(limit) + " bytes");
    }
    TextSink sink(limit);
    const auto got = store_.get(key(name), sink);
    if (!got) return got.error();
    if (!*got) return Fetched{absent};
    if (!own.empty() && sink.text == own) {
        accept(name, (*got)->etag);
        return Fetched{unchanged};
    }
    return Fetched{changed, (*got)->etag, std::move(sink.text)};
}

Error ObjectWatch::refuse(const std::string& name, const std::string& etag, const std::string& why) {
    judge(name, etag, why.empty() ? "unusable" : why);
    return update_refused(name, why);
}

void ObjectWatch::judge(const std::string& name, const std::string& etag, const std::string& fault) {
    if (etag.empty()) return;
    device_.status.judged[name] = {etag, fault};
}

}  // namespace sallyport::device
