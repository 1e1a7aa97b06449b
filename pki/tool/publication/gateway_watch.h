#pragma once

#include "pki/result.h"
#include "pki/tool/publication/publication_settings.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sallyport::pki {

/// A CRL that gateways shall enforce. A newer one of the same list is as good.
struct WantedCrl {
    std::string issuer;          ///< RFC 2253, as gateways name it
    std::string number;          ///< decimal
    std::string partition = {};  ///< its distribution point; empty: it speaks about all certificates
};

struct GatewayAnswer {
    std::string gateway;
    enum class Kind {
        enforced,
        behind,       ///< it answers, and still enforces an older CRL, or none, of the issuer
        refused,      ///< the same, and it has refused a CRL of the issuer, or one that it could not read
        unreachable,  ///< the last question got no answer that could be understood
    } kind = Kind::unreachable;
    std::string number = {};  ///< what it enforces, decimal; empty: none
    std::string reason = {};  ///< of `refused` and `unreachable`, for people: what happened, what to do
    std::chrono::milliseconds after{0};  ///< since the wait began

    bool operator==(const GatewayAnswer&) const = default;
};

/// "gateway a enforces number 7 after 41 ms"
std::string describe(const GatewayAnswer& answer, const WantedCrl& wanted);

/// Called when the answer of a gateway becomes another one, `after` left out of account, and once at its end.
/// By one thread at a time.
using OnProgress = std::function<void(const GatewayAnswer& answer)>;

/// Asks gateways at their admin listeners what they enforce. Made before the CRL is published: what gateways
/// had refused until then is not counted against it.
class GatewayWatch {
  public:
    /// Reads anchors, certificates and tokens; asks each gateway once (all at a time, at most 2 s), whether
    /// they answer or not.
    static Result<GatewayWatch> begin(std::span<const GatewaySettings> gateways);
    GatewayWatch(GatewayWatch&&) noexcept;
    GatewayWatch& operator=(GatewayWatch&&) noexcept;
    ~GatewayWatch();

    /// Polls all gateways at once, every 20 ms at first and at last every 250 ms, each until it enforces the
    /// wanted CRL; until `patience` is over; or until 2 s after it refused one. In the order of the settings.
    std::vector<GatewayAnswer> wait_for(const WantedCrl& wanted, std::chrono::milliseconds patience,
                                        const OnProgress& on_progress);

  private:
    struct Watched;
    explicit GatewayWatch(std::vector<std::unique_ptr<Watched>> watched);

    std::vector<std::unique_ptr<Watched>> watched_;
};

/// `begin` and `wait_for` in one, for when the CRL is published already: a refusal from before is not
/// noticed.
Result<std::vector<GatewayAnswer>> wait_for_gateways(std::span<const GatewaySettings> gateways,
                                                     const WantedCrl& wanted,
                                                     std::chrono::milliseconds patience,
                                                     const OnProgress& on_progress);

}  // namespace sallyport::pki
