#pragma once

#include "firmware-client/result.h"

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace sallyport::device {

/// Reads a JSON document (RFC 8259) that is one object: no comments, no trailing commas, no key twice in an
/// object (readers differ in which one they take), UTF-8, at most 32 levels. `origin` names the file; syntax
/// errors carry line and column. Errors: configuration.
Result<boost::json::object> parse_json_object(std::string_view text, std::string_view origin);

/// Takes an object apart, strictly. Each member is asked for once; the first fault is kept and reading goes
/// on with harmless values, so that callers check once, at `finish`. Messages name the member by its path.
class JsonReader {
  public:
    /// `object` must outlive the reader. `path` is that of the object, empty for the root.
    JsonReader(const boost::json::object& object, std::string origin, std::string path);

    bool has(std::string_view key) const { return object_.contains(key); }

    /// A required member of at least `min` and at most `max` bytes or units.
    std::string text(std::string_view key, std::size_t min, std::size_t max);
    std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max);
    bool flag(std::string_view key) { return integer(key, 0, 1) == 1; }
    JsonReader object(std::string_view key);
    /// Null when it is no array.
    const boost::json::array* array(std::string_view key);

    /// A member that may be there and is of no interest.
    void ignore(std::string_view key) { known_.emplace(key); }

    /// Records a fault of this member, or of the object when `key` is empty.
    void fail(std::string_view key, std::string_view why);

    /// The first fault, of this reader or else a member nobody asked for.
    Result<void> finish();

    /// The first fault only: for objects whose other members are somebody else's.
    Result<void> check() const;

  private:
    const boost::json::value* find(std::string_view key);

    const boost::json::object& object_;
    std::string origin_;
    std::string path_;
    std::set<std::string, std::less<>> known_;
    std::string fault_;
};

}  // namespace sallyport::device
