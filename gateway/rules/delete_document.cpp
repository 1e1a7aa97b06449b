#include "gateway/rules/delete_document.h"

#include "gateway/rules/s3_operation.h"
#include "s3/xml_texts.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace sallyport::gateway {
namespace {

constexpr std::size_t max_objects = 1000;
constexpr std::size_t max_key_bytes = 1024;
constexpr std::string_view object_path = "Delete/Object";
constexpr std::string_view quiet_path = "Delete/Quiet";
/// In the order in which they are written.
constexpr std::array<std::string_view, 5> parts = {"Delete/Object/Key", "Delete/Object/VersionId",
                                                   "Delete/Object/ETag", "Delete/Object/LastModifiedTime",
                                                   "Delete/Object/Size"};

s3::Error fault(std::string what, s3::Fault kind = s3::Fault::malformed) {
    return {kind, std::move(what)};
}

/// One object's parts, as texts.
using Object = std::array<std::optional<std::string>, parts.size()>;

/// Takes a document in, element by element.
class DeleteReader {
  public:
    DeleteReader() {
        for (std::size_t i = 0; i < parts.size(); ++i) {
            takes_[i] = [this, i](std::string_view text) -> s3::Result<std::string> {
                auto& part = objects_.back()[i];
                if (part) return fault("it stands twice");
                part = std::string(text);
                return std::string();
            };
        }
        takes_quiet_ = [this](std::string_view text) -> s3::Result<std::string> {
            if (quiet_ || (text != "true" && text != "false")) return fault("neither true nor false, once");
            quiet_ = std::string(text);
            return std::string();
        };
    }
    DeleteReader(const DeleteReader&) = delete;
    DeleteReader& operator=(const DeleteReader&) = delete;

    std::optional<s3::Error> read(std::string_view document) {
        s3::XmlTexts texts([this](std::string_view path) { return begin(path); });
        std::string dropped;
        auto wrong = texts.update(document, dropped);
        if (!wrong) wrong = texts.finish(dropped);
        return wrong;
    }

    s3::Result<std::string> write(std::string_view prefix) const {
        std::string out = "<Delete>";
        if (quiet_) out += "<Quiet>" + *quiet_ + "</Quiet>";
        for (const Object& object : objects_) {
            if (!object[0]) return fault("an object without a key");
            if (prefix.size() + object[0]->size() > max_key_bytes) return fault("a key over 1024 bytes");
            if (!is_plain_key(*object[0]))
                return fault("a key that stores read in different ways", s3::Fault::ambiguous);
            out += "<Object>";
            for (std::size_t i = 0; i < parts.size(); ++i) {
                if (!object[i]) continue;
                const std::string name(parts[i].substr(object_path.size() + 1));
                const std::string text = (i == 0 ? std::string(prefix) : "") + *object[i];
                out += '<' + name + '>' + s3::xml_escaped(text) + "</" + name + '>';
            }
            out += "</Object>";
        }
        return out + "</Delete>";
    }

  private:
    s3::Result<const s3::TextChange*> begin(std::string_view path) {
        if (path == "Delete") return nullptr;
        if (path == quiet_path) return &takes_quiet_;
        if (path == object_path) {
            if (objects_.size() == max_objects) return fault("more than 1000 objects");
            objects_.emplace_back();
            return nullptr;
        }
        const auto part = std::ranges::find(parts, path);
        if (part == parts.end()) return fault("it is none of the S3 API's");
        return &takes_[static_cast<std::size_t>(part - parts.begin())];
    }

    std::array<s3::TextChange, parts.size()> takes_;
    s3::TextChange takes_quiet_;
    std::vector<Object> objects_;
    std::optional<std::string> quiet_;
};

Denial denial_of_document(const s3::Error& error) {
    return {error.fault == s3::Fault::ambiguous ? Reason::ambiguous_path : Reason::malformed, 400,
            "MalformedXML",
            "The XML you provided was not well-formed or did not validate against our published schema",
            "DeleteObjects: " + error.message};
}

}  // namespace

Result<std::string> delete_for_store(std::string_view document, const BucketMapping& mapping) {
    DeleteReader reader;
    if (const auto wrong = reader.read(document)) return denial_of_document(*wrong);
    auto written = reader.write(mapping.prefix);
    if (!written) return denial_of_document(written.error());
    return std::move(*written);
}

}  // namespace sallyport::gateway
