#pragma once

#include "pki/tool/publication/peer.h"
#include "pki/tool/publication/repository.h"
#include "s3/credentials_file.h"

#include <memory>

namespace sallyport::pki {

/// A bucket of an S3 store. Requests are signed with Signature V4; bodies go with their SHA-256 and their
/// MD5.
class StoreRepository final : public Repository {
  public:
    static Result<std::unique_ptr<StoreRepository>> open(const StoreSettings& settings);

    Result<void> put(const std::string& name, std::string_view bytes) override;
    Result<std::optional<std::string>> get(const std::string& name, std::size_t max_bytes) override;
    std::string describe() const override;
    bool stalls() const override { return peer_.stalls(); }
    Trouble trouble() const override;

  private:
    StoreRepository(StoreSettings settings, Peer peer, s3::StoreCredentials credentials)
        : settings_(std::move(settings)), peer_(std::move(peer)), credentials_(std::move(credentials)) {}
    Result<HttpAnswer> exchange(std::string method, const std::string& name, std::vector<HttpField> fields,
                                std::string_view body, std::size_t answer_bytes);
    Error failed(const std::string& name, const std::string& what) const;
    Error refused(const std::string& name, const HttpAnswer& answer) const;

    StoreSettings settings_;
    Peer peer_;
    s3::StoreCredentials credentials_;
};

}  // namespace sallyport::pki
