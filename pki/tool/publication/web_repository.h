#pragma once

#include "pki/tool/publication/peer.h"
#include "pki/tool/publication/repository.h"

namespace sallyport::pki {

/// A web server that takes files with PUT and gives them back with GET (RFC 9110 9.3.4), such as one with
/// WebDAV.
class WebRepository final : public Repository {
  public:
    explicit WebRepository(Peer peer) : peer_(std::move(peer)) {}

    Result<void> put(const std::string& name, std::string_view bytes) override;
    Result<std::optional<std::string>> get(const std::string& name, std::size_t max_bytes) override;
    std::string describe() const override { return peer_.address().text(); }
    bool stalls() const override { return peer_.stalls(); }

  private:
    Error failed(const std::string& name, const std::string& what) const;

    Peer peer_;
};

}  // namespace sallyport::pki
