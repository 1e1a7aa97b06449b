#include "gateway/crl_report.h"

#include <algorithm>
#include <iterator>

namespace sallyport::gateway {

void CrlReport::offered(const std::vector<CrlOutcome>& outcomes) {
    metrics_.crl_outcomes(outcomes);
    std::vector<CrlOutcome> news;
    std::ranges::copy_if(outcomes, std::back_inserter(news),
                         [](const CrlOutcome& crl) { return crl.result != pki::CrlLoad::unchanged; });
    for (const CrlOutcome& crl : news) {
        const bool is_taken = crl.result == pki::CrlLoad::loaded;
        if (!is_taken && std::ranges::find(news_, crl) != news_.end()) continue;
        log_.audited(is_taken ? Log::Level::info : Log::Level::error, "crl_offered",
                     {{"issuer", crl.issuer}, {"result", pki::to_string(crl.result)}});
    }
    news_ = std::move(news);
}

}  // namespace sallyport::gateway
