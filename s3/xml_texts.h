#pragma once

#include "s3/result.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::s3 {

/// What becomes of the text of an element; a fault ends the document.
using TextChange = std::function<Result<std::string>(std::string_view text)>;

/// Which elements are changed: the path from the root, such as `ListBucketResult/Contents/Key`, and the
/// change, or null for an element that passes as it is, or a fault for one that may not be there. Asked once
/// for each element. An empty text stays empty.
using TextChanges = std::function<Result<const TextChange*>(std::string_view path)>;

/// Rewrites the texts of some elements of an XML document (XML 1.0, UTF-8) that comes in pieces of any size;
/// all else passes byte for byte. Refuses document types and so entities of their own, elements within an
/// element that is changed, more than 16 levels and texts of more than 16 KiB. Memory does not grow with the
/// document. One document, one thread.
class XmlTexts {
  public:
    explicit XmlTexts(TextChanges changes);
    ~XmlTexts();
    XmlTexts(const XmlTexts&) = delete;
    XmlTexts& operator=(const XmlTexts&) = delete;

    /// Appends to `out` what the next bytes become. A fault is final.
    std::optional<Error> update(std::string_view data, std::string& out);
    /// There are no more.
    std::optional<Error> finish(std::string& out);

  private:
    struct State;
    std::optional<Error> parse(std::string_view data, bool is_last, std::string& out);

    std::unique_ptr<State> state_;
};

/// A text with the characters that XML reserves as references.
std::string xml_escaped(std::string_view text);

}  // namespace sallyport::s3
