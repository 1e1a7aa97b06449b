#pragma once

#include "pki/tool/publication/repository.h"

namespace sallyport::pki {

/// A folder of this machine, which a web server or a gateway reads. Files get mode 0644.
class FolderRepository final : public Repository {
  public:
    explicit FolderRepository(FolderSettings settings) : settings_(std::move(settings)) {}

    Result<void> put(const std::string& name, std::string_view bytes) override;
    Result<std::optional<std::string>> get(const std::string& name, std::size_t max_bytes) override;
    std::string describe() const override { return "folder " + settings_.folder.string(); }

  private:
    FolderSettings settings_;
};

}  // namespace sallyport::pki
