#pragma once

#include "pki/result.h"
#include "pki/tool/publication/publication_settings.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sallyport::pki {

/// A million entries take about 50 MiB.
inline constexpr std::size_t max_published_bytes = std::size_t{1} << 30U;

/// Where CRLs are kept for those who fetch them (RFC 5280 3, "Repository"). Calls block, each no longer than
/// the deadline of its kind times its attempts. One thread at a time. Errors name the repository, and say
/// what happened and what to do.
class Repository {
  public:
    virtual ~Repository() = default;
    Repository() = default;
    Repository(const Repository&) = delete;
    Repository& operator=(const Repository&) = delete;

    /// Replaces the file `name` in one step: readers see the old bytes or the new ones. `name`: see
    /// `is_published_name`.
    virtual Result<void> put(const std::string& name, std::string_view bytes) = 0;

    /// The bytes of a file, at most so many; nothing when the repository has none of that name.
    virtual Result<std::optional<std::string>> get(const std::string& name, std::size_t max_bytes) = 0;
    Result<std::optional<std::string>> get(const std::string& name) { return get(name, max_published_bytes); }

    /// "s3://pki/crl/ at https://minio.example:9000": its one name in messages.
    virtual std::string describe() const = 0;

    /// Has a call run into its deadline? The next would, most likely.
    virtual bool stalls() const { return false; }

    /// Why the last call failed, where that can be told.
    enum class Trouble {
        none,       ///< or another
        no_answer,  ///< the server is away, or cuts the connection, or is not to be trusted
        too_large,
    };
    virtual Trouble trouble() const { return Trouble::none; }
};

/// 1 to 128 of A-Z a-z 0-9 . _ -, not beginning with a dot: the same text as a file, as a key and in a URL.
bool is_published_name(std::string_view name);

/// RFC 5280 4.2.1.13: a CRL in DER is "application/pkix-crl".
std::string media_type(std::string_view name);

/// Reads what the repository needs: anchors, certificate and key, credentials. Does not connect yet. Errors:
/// what cannot be read or is no credential; secrets that others may read.
Result<std::unique_ptr<Repository>> open_repository(const RepositorySettings& settings);

}  // namespace sallyport::pki
