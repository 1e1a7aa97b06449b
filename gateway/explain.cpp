#include "gateway/explain.h"

#include "gateway/wall_clock.h"
#include "pki/certificate.h"

#include <algorithm>

#include <boost/json.hpp>

namespace sallyport::gateway {
namespace {

namespace json = boost::json;
using Status = pki::RevocationAnswer::Status;

/// The subject of the certificate with this serial among those at hand.
std::string subject_of(const std::string& serial, const std::vector<const X509*>& candidates) {
    const auto same = [&](const X509* certificate) { return pki::serial_octets(*certificate) == serial; };
    const auto found = std::ranges::find_if(candidates, same);
    return found == candidates.end() ? "?" : pki::name_text(*X509_get_subject_name(*found));
}

PresentedCertificate present(const X509& certificate) {
    const auto dates = pki::validity(certificate);
    return {pki::name_text(*X509_get_subject_name(&certificate)),
            pki::name_text(*X509_get_issuer_name(&certificate)), pki::hex(pki::serial_octets(certificate)),
            dates ? std::optional(*dates) : std::nullopt};
}

ExplainedLink explain_link(const Snapshot& snapshot, const pki::ChainLink& link,
                           pki::RevocationIndex::Subject subject, const std::vector<const X509*>& candidates,
                           std::chrono::sys_seconds at) {
    const pki::Bytes serial(reinterpret_cast<const std::uint8_t*>(link.serial.data()), link.serial.size());
    const auto answer = snapshot.revocation.ask(link.issuer, serial, link.points, subject, at);
    ExplainedLink explained{.subject = subject_of(link.serial, candidates),
                            .serial = pki::hex(link.serial),
                            .not_after = link.not_after,
                            .status = answer.status,
                            .reason = answer.reason,
                            .revoked_at = answer.revoked_at,
                            .invalid_since = answer.invalid_since};
    if (answer.list != nullptr) {
        explained.crl = *answer.crl;
        if (answer.crl->is_delta()) explained.complete = answer.list->complete()->facts;
        explained.crl_state = snapshot.revocation.state(*answer.list, at);
        explained.enforced_until = snapshot.revocation.enforced_until(*answer.list);
    }
    return explained;
}

struct HostAndTarget {
    std::string_view host;  ///< empty when there is none
    std::string_view target;
};
/// `https://bucket.s3.example.com/key`, or only the path.
HostAndTarget split_url(std::string_view text) {
    constexpr std::string_view scheme = "https://";
    if (!text.starts_with(scheme)) return {"", text};
    text.remove_prefix(scheme.size());
    const auto slash = std::min(text.find('/'), text.size());
    return {text.substr(0, slash), text.substr(slash)};
}

ExplainedRequest explain_request(const Snapshot& snapshot, const Client& client, const std::string& request) {
    ExplainedRequest explained{request, std::string(unknown_action), {}};
    const auto space = request.find(' ');
    if (space == std::string::npos) {
        explained.denial = bad_request(Reason::malformed,
                                       "not of the form 'METHOD /bucket/key' or 'METHOD https://host/path'");
        return explained;
    }
    const auto [host, target] = split_url(std::string_view(request).substr(space + 1));
    RequestHead head{std::string_view(request).substr(0, space), target, 11, {}};
    if (!host.empty()) head.fields.push_back({"Host", host});
    const auto operation = classify(head, snapshot.settings.store.virtual_hosts);
    if (!operation) {
        explained.denial = operation.error();
        return explained;
    }
    explained.action = operation->action;
    explained.denial = authorize(snapshot.settings.policy, client, *operation);
    return explained;
}

}  // namespace

Explanation explain(const Snapshot& snapshot, const ListenerRules& listener,
                    std::vector<pki::CertificatePtr> chain, std::chrono::sys_seconds at,
                    const std::vector<std::string>& requests) {
    Explanation explanation;
    for (const auto& certificate : chain)
        explanation.presented.push_back(present(*certificate));
    const pki::CertificatePtr leaf = std::move(chain.front());
    chain.erase(chain.begin());
    const Admission& admission = *listener.admission;
    const auto device = admission.identification->identify(pki::certificate_names(*leaf));
    if (device) explanation.device = *device;

    const auto path = pki::verify_path(*leaf, chain, *admission.trust, at, admission.leaf_rules);
    if (!path) {
        explanation.refusal = path.error();
    } else {
        std::vector<const X509*> candidates{leaf.get()};
        for (const auto& certificate : chain)
            candidates.push_back(certificate.get());
        for (const X509* authority : admission.trust->authorities())
            candidates.push_back(authority);
        for (const pki::ChainLink& link : path->links) {
            const auto subject = &link == &path->links.front() ? pki::RevocationIndex::Subject::user
                                                               : pki::RevocationIndex::Subject::authority;
            explanation.links.push_back(explain_link(snapshot, link, subject, candidates, at));
        }
        explanation.refusal = device ? snapshot.recheck(Peer{*device, *path}, at)
                                     : std::optional<pki::ChainRefusal>(device.error());
    }
    for (const std::string& request : requests) {
        explanation.requests.push_back(
            explain_request(snapshot, {admission.kind, explanation.device, listener.name}, request));
    }
    return explanation;
}

namespace {

std::string text_of_presented(const std::vector<PresentedCertificate>& certificates) {
    std::string text;
    for (const PresentedCertificate& certificate : certificates) {
        text += "presented " + certificate.subject + "\n  serial " + certificate.serial + ", issued by " +
                certificate.issuer + "\n";
        if (certificate.validity) {
            text += "  valid from " + utc_text(certificate.validity->not_before) + " until " +
                    utc_text(certificate.validity->not_after) + "\n";
        }
    }
    return text;
}

std::string text_of_crl(const ExplainedLink& link) {
    const pki::CrlFacts& crl = *link.crl;
    std::string text = " by " + std::string(crl.is_delta() ? "delta CRL" : "CRL") + " number " + crl.number +
                       " of " + crl.issuer_name + "\n  from " + crl.origin + ", this update " +
                       utc_text(crl.this_update) + ", next update " + utc_text(crl.next_update) + ", " +
                       std::string(pki::to_string(*link.crl_state));
    if (*link.crl_state == pki::CrlState::grace)
        text += "\n  still enforced until " + utc_text(link.enforced_until);
    if (!crl.point_text.empty()) text += "\n  for distribution point " + crl.point_text;
    if (link.complete) {
        text += "\n  applied to CRL number " + link.complete->number + " from " + link.complete->origin +
                ", next update " + utc_text(link.complete->next_update);
    }
    return text;
}

json::array json_of_presented(const std::vector<PresentedCertificate>& certificates) {
    json::array array;
    for (const PresentedCertificate& certificate : certificates) {
        json::object object{
            {"subject", certificate.subject}, {"issuer", certificate.issuer}, {"serial", certificate.serial}};
        if (certificate.validity) {
            object["not_before"] = utc_text(certificate.validity->not_before);
            object["not_after"] = utc_text(certificate.validity->not_after);
        }
        array.push_back(std::move(object));
    }
    return array;
}

json::object json_of_crl(const pki::CrlFacts& crl) {
    json::object object{{"issuer", crl.issuer_name},
                        {"number", crl.number},
                        {"origin", crl.origin},
                        {"sha256", crl.sha256},
                        {"this_update", utc_text(crl.this_update)},
                        {"next_update", utc_text(crl.next_update)}};
    if (crl.is_delta()) object["base_number"] = crl.base;
    if (!crl.point_text.empty()) object["distribution_point"] = crl.point_text;
    return object;
}

}  // namespace

std::string as_text(const Explanation& explanation) {
    std::string out = explanation.refusal
                          ? "REFUSED: " + std::string(pki::to_string(explanation.refusal->reason)) + " (" +
                                explanation.refusal->detail + ")\n"
                          : "LET IN\n";
    const bool proved = !explanation.links.empty();
    out += proved || explanation.device.empty() ? "device: " : "claims to be device: ";
    out += (explanation.device.empty() ? "none that this configuration knows" : explanation.device) + "\n";
    if (!proved) out += text_of_presented(explanation.presented);
    for (const ExplainedLink& link : explanation.links) {
        out += "certificate " + link.subject + "\n  serial " + link.serial + ", valid until " +
               utc_text(link.not_after) + "\n  " + std::string(to_string(link.status));
        if (link.status == Status::revoked) {
            out += " (" + std::string(pki::to_string(link.reason)) + ", " + utc_text(link.revoked_at);
            if (link.invalid_since) out += ", invalid since " + utc_text(*link.invalid_since);
            out += ")";
        }
        if (link.crl) out += text_of_crl(link);
        out += "\n";
    }
    for (const ExplainedRequest& request : explanation.requests) {
        const bool let_in = !explanation.refusal;
        out += request.request + "\n  " + request.action + ": ";
        if (!request.denial) {
            out += let_in ? "allowed\n" : "allowed by the policy, but the device is not let in\n";
        } else {
            out += "denied, " + std::string(to_string(request.denial->reason)) + " (" +
                   request.denial->detail + ")\n";
        }
    }
    return out;
}

std::string as_json(const Explanation& explanation) {
    json::array links;
    for (const ExplainedLink& link : explanation.links) {
        json::object object{{"subject", link.subject},
                            {"serial", link.serial},
                            {"not_after", utc_text(link.not_after)},
                            {"status", to_string(link.status)}};
        if (link.status == Status::revoked) {
            object["reason"] = pki::to_string(link.reason);
            object["revoked_at"] = utc_text(link.revoked_at);
            if (link.invalid_since) object["invalid_since"] = utc_text(*link.invalid_since);
        }
        if (link.crl) {
            json::object crl = json_of_crl(*link.crl);
            crl["state"] = pki::to_string(*link.crl_state);
            if (link.complete) crl["applied_to"] = json_of_crl(*link.complete);
            object["crl"] = std::move(crl);
        }
        links.push_back(std::move(object));
    }
    json::array requests;
    for (const ExplainedRequest& request : explanation.requests) {
        json::object object{{"request", request.request},
                            {"action", request.action},
                            {"allowed", !request.denial && !explanation.refusal},
                            {"allowed_by_policy", !request.denial}};
        if (request.denial) {
            object["reason"] = to_string(request.denial->reason);
            object["detail"] = request.denial->detail;
        }
        requests.push_back(std::move(object));
    }
    json::object document{{"let_in", !explanation.refusal}};
    document["device"] = explanation.device.empty() ? json::value(nullptr) : json::value(explanation.device);
    if (explanation.refusal) {
        document["reason"] = pki::to_string(explanation.refusal->reason);
        document["detail"] = explanation.refusal->detail;
    }
    document["presented"] = json_of_presented(explanation.presented);
    document["links"] = std::move(links);
    document["requests"] = std::move(requests);
    return json::serialize(document) + "\n";
}

}  // namespace sallyport::gateway
