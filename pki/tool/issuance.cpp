#include "pki/tool/issuance.h"

#include "pki/file.h"
#include "pki/time.h"
#include "pki/tool/names.h"

#include <algorithm>

namespace sallyport::pki {
namespace {

constexpr std::size_t max_request_bytes = std::size_t{64} * 1024;

struct Issued {
    CertificateRecord record;
    std::filesystem::path folder;
    std::string notes;
};

std::string label(const CertificateRecord& record) {
    return hex(record.serial) + " (" + record.name + ")";
}

Result<void> check_card(const std::optional<std::filesystem::path>& card) {
    if (card && !std::filesystem::is_directory(*card)) {
        return Error{Fault::input,
                     card->string() + ": not a folder; --card names the folder of a mounted card"};
    }
    return {};
}

/// The request in a file; nothing when there is no file to read.
Result<std::optional<CertificationRequest>> read_request(const std::filesystem::path& path) {
    if (path.empty()) return std::optional<CertificationRequest>();
    const auto text = read_file(path, max_request_bytes);
    if (!text) return text.error();
    auto request = parse_certification_request(*text, path.string());
    if (!request) return request.error();
    return std::optional(std::move(*request));
}

Result<Issued> issue(Depot& depot, CertificateKind kind, const IssuingOptions& options,
                     const LeafOrder& order, const std::optional<std::filesystem::path>& card,
                     const Occasion& occasion) {
    if (order.request != nullptr) {
        const auto checked = check_key(depot.index(), *order.request, order.name, "the request");
        if (!checked) return checked.error();
    }
    const auto context = issuing_context(depot, kind, options, occasion.now);
    if (!context) return context.error();
    auto made = make_leaf(*context, order);
    if (!made) return made.error();
    const auto staged = stage(depot.paths(), made->record.serial, made->files);
    if (!staged) return staged.error();
    if (const auto added = depot.index().add_certificate(made->record, occasion); !added)
        return added.error();
    auto folder = deliver(depot.paths(), made->record);
    if (!folder) return folder.error();
    if (card) {
        if (const auto copied = copy_to(*card, made->files); !copied) {
            return Error{Fault::runtime, copied.error().message +
                                             "; the certificate was issued, copy its files from " +
                                             folder->string()};
        }
    }
    return Issued{std::move(made->record), std::move(*folder), context->notes};
}

Answer report(std::string_view action, const Issued& issued,
              const std::optional<std::filesystem::path>& card) {
    Answer answer;
    answer.text = std::string(action) + " " + label(issued.record) + ", valid until " +
                  rfc3339(issued.record.validity.not_after) + ", files in " + issued.folder.string();
    if (card) answer.text += " and " + card->string();
    answer.text += "\n";
    answer.notes = issued.notes;
    return answer;
}

/// Adds each value once, in order; an X.509 reader gains nothing from a name that comes twice.
void add_once(std::vector<AlternativeName>& names, AlternativeName::Type type, std::string value) {
    const auto same = [&](const AlternativeName& name) { return name.type == type && name.value == value; };
    if (std::ranges::none_of(names, same)) names.push_back({type, std::move(value)});
}

Result<LeafOrder> server_order(const ServerRequest& request) {
    constexpr std::size_t max_names = 100, max_common_name = 64;
    if (request.dns_names.empty() && request.addresses.empty()) {
        return Error{Fault::input, "a server needs at least one --name or --ip"};
    }
    if (request.dns_names.size() + request.addresses.size() > max_names) {
        return Error{Fault::input, "at most " + std::to_string(max_names) + " names and addresses"};
    }
    LeafOrder order;
    for (const std::string& name : request.dns_names) {
        if (!is_dns_name(name))
            return Error{Fault::input, "--name: '" + name + "' is not a host name in lower case"};
        add_once(order.alternative_names, AlternativeName::Type::dns, name);
        if (order.common_name.empty() && name.size() <= max_common_name) order.common_name = name;
    }
    for (const std::string& address : request.addresses) {
        auto octets = parse_ip_address(address);
        if (!octets) return Error{Fault::input, "--ip: '" + address + "' is not an IPv4 or IPv6 address"};
        add_once(order.alternative_names, AlternativeName::Type::ip, std::move(*octets));
        if (order.common_name.empty()) order.common_name = address;
    }
    if (order.common_name.empty()) order.common_name = "server";  // every name is longer than a CN may be
    order.name = request.dns_names.empty() ? request.addresses.front() : request.dns_names.front();
    std::ranges::replace(order.name, '*', '_');
    return order;
}

Result<std::vector<CertificateRecord>> known_certificates(Depot& depot, const DeviceRequest& request) {
    if (!is_device_id(request.device_id)) {
        return Error{Fault::input,
                     "'" + request.device_id + "' is not a device ID: 8 hexadecimal digits, upper case"};
    }
    if (const auto checked = check_card(request.card); !checked) return checked.error();
    return depot.index().find_device(request.device_id);
}

/// "No" when one of these keeps a new one from being issued.
std::optional<Answer> in_the_way(const std::vector<CertificateRecord>& known, const std::string& name,
                                 std::chrono::sys_seconds now) {
    for (const CertificateRecord& record : known) {
        if (record.validity.not_after <= now || is_revoked(record)) continue;
        return no(
            name + " has certificate " + hex(record.serial) +
            (is_on_hold(record) ? " on hold; unhold or revoke it first" : "; renew it, or revoke it first"));
    }
    return std::nullopt;
}

Result<Issued> issue_to_device(Depot& depot, const DeviceRequest& request, const std::string& lineage,
                               const Occasion& occasion) {
    const auto requested = read_request(request.request);
    if (!requested) return requested.error();
    auto order =
        device_order(request.device_id, *requested ? &**requested : nullptr, request.request.string());
    if (!order) return order.error();
    order->lineage = lineage;
    return issue(depot, CertificateKind::device, request.options, *order, request.card, occasion);
}

}  // namespace

Result<Answer> issue_server(Depot& depot, const ServerRequest& request, const Occasion& occasion) {
    auto order = server_order(request);
    if (!order) return order.error();
    const auto requested = read_request(request.request);
    if (!requested) return requested.error();
    if (*requested) order->request = &**requested;
    const auto issued =
        issue(depot, CertificateKind::server, request.options, *order, std::nullopt, occasion);
    if (!issued) return issued.error();
    return report("issued", *issued, std::nullopt);
}

Result<Answer> issue_device(Depot& depot, const DeviceRequest& request, const Occasion& occasion) {
    const auto known = known_certificates(depot, request);
    if (!known) return known.error();
    if (auto refused = in_the_way(*known, request.device_id, occasion.now)) return std::move(*refused);
    const auto issued = issue_to_device(depot, request, {}, occasion);
    if (!issued) return issued.error();
    return report("issued", *issued, request.card);
}

Result<Answer> issue_operator(Depot& depot, const OperatorRequest& request, const Occasion& occasion) {
    if (!is_operator_name(request.name)) {
        return Error{Fault::input, "'" + request.name +
                                       "': an operator's name has 1 to 64 letters, digits and "
                                       ". _ @ -, and is no device ID"};
    }
    CertificateFilter own{.kind = CertificateKind::operator_client, .name = request.name};
    std::vector<CertificateRecord> known;
    const auto visited = depot.index().visit_certificates(
        own, [&](const CertificateRecord& record) { known.push_back(record); });
    if (!visited) return visited.error();
    if (auto refused = in_the_way(known, request.name, occasion.now)) return std::move(*refused);
    const auto requested = read_request(request.request);
    if (!requested) return requested.error();
    const LeafOrder order{request.name, request.name, {}, {}, *requested ? &**requested : nullptr};
    const auto issued =
        issue(depot, CertificateKind::operator_client, request.options, order, std::nullopt, occasion);
    if (!issued) return issued.error();
    return report("issued", *issued, std::nullopt);
}

Result<Answer> renew_device(Depot& depot, const DeviceRequest& request, const Occasion& occasion) {
    const auto known = known_certificates(depot, request);
    if (!known) return known.error();
    if (known->empty()) return no(request.device_id + ": no certificate of this device in the depot");
    // A newer one may have been revoked by its serial alone; the lineage goes on from one that is in use. An
    // expired one is no reason to give a stolen device a new identity.
    const auto can_be_renewed = [&](const CertificateRecord& record) {
        const bool is_newest = &record == &known->back();
        return !is_revoked(record) && (is_newest || record.validity.not_after > occasion.now);
    };
    const auto left = std::find_if(known->rbegin(), known->rend(), can_be_renewed);
    if (left == known->rend()) {
        return no(request.device_id + ": certificate " + hex(known->back().serial) +
                  " is revoked; issue a new one with: issue device " + request.device_id);
    }
    const CertificateRecord& newest = *left;
    if (is_on_hold(newest)) {
        return no(request.device_id + ": certificate " + hex(newest.serial) + " is on hold; unhold it first");
    }
    const auto issued = issue_to_device(depot, request, newest.lineage, occasion);
    if (!issued) return issued.error();
    Answer answer = report("renewed", *issued, request.card);
    if (is_revoked(known->back()))
        answer.notes +=
            "note: its newest certificate before, " + hex(known->back().serial) + ", is revoked\n";
    if (newest.validity.not_after > occasion.now) {
        answer.text += label(newest) + " stays valid until " + rfc3339(newest.validity.not_after) +
                       " unless it is revoked\n";
    }
    return answer;
}

}  // namespace sallyport::pki
