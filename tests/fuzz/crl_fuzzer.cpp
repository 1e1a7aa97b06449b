#include "pki/crl.h"
#include "pki/distribution_point.h"
#include "pki/revoked_serials.h"
#include "tests/fuzz/check.h"

#include <vector>

using sallyport::fuzz::check;
using sallyport::pki::Bytes;

namespace {

bool within(Bytes part, Bytes whole) {
    return part.empty() ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes der(data, size);
    const auto view = sallyport::pki::parse_crl(der);
    if (!view) return 0;
    for (const Bytes part : {view->issuer, view->tbs, view->algorithm, view->signature, view->revoked,
                             view->number, view->authority_key_id, view->point_names, view->base_number}) {
        check(within(part, der), "a part of the CRL lies within it");
    }
    check(view->this_update <= view->next_update, "a CRL does not end before it begins");
    check(!sallyport::pki::parse_crl(der.first(size - 1)), "a CRL that is cut is none");

    check(view->delta != view->base_number.empty(), "a delta CRL names its base");
    check(!view->delta || !view->number.empty(), "a delta CRL has a number");
    sallyport::pki::point_text(view->point_names);
    sallyport::pki::point_ids(view->point_names);

    sallyport::pki::RevokedSerials serials;
    serials.reserve(sallyport::pki::serial_lengths(*view));
    std::vector<Bytes> seen;
    sallyport::pki::CrlEntries entries(*view);
    for (sallyport::pki::CrlEntry entry{};;) {
        const auto read = entries.next(entry);
        if (!read) return 0;
        if (!*read) break;
        check(within(entry.serial, view->revoked) && !entry.serial.empty(), "a serial lies in its entry");
        serials.add(entry);
        seen.push_back(entry.serial);
    }
    serials.seal();
    check(serials.size() == seen.size(), "every entry counts");
    for (const Bytes serial : seen)
        check(serials.find(serial).has_value(), "what is listed is found");
    return 0;
}
