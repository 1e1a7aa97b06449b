#pragma once

#include "pki/crl.h"
#include "pki/der.h"
#include "pki/openssl.h"

#include <span>
#include <string>
#include <vector>

namespace sallyport::pki {

/// The names of one or more distribution points as digests, sorted, each once.
using PointIds = std::vector<PointId>;

/// Digests of a GeneralNames' content (`CrlView::point_names`); empty when it is malformed.
PointIds point_ids(Bytes general_names);

/// The same as text for people: its URIs, or how many names of other forms it has.
std::string point_text(Bytes general_names);

/// The distribution points whose CRLs speak about `certificate` for all reasons (RFC 5280 4.2.1.13): full
/// names of points without `reasons` and `cRLIssuer`. Empty when it names none, or too many to be honest.
PointIds distribution_points(const X509& certificate);

/// Do the two have a name in common?
bool share_a_point(std::span<const PointId> a, std::span<const PointId> b) noexcept;

}  // namespace sallyport::pki
