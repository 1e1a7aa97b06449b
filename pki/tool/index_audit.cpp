// The part of the index that is the audit log.

#include "pki/tool/audit_chain.h"
#include "pki/tool/index.h"

namespace sallyport::pki {
namespace {

constexpr std::string_view select_events =
    "SELECT id, at, who, action, authority, serial, detail, why, hash FROM events ";

Event read_event(const Statement& row) {
    return {row.integer(0), row.time(1), row.text(2), row.text(3), row.text(4),
            row.blob(5),    row.text(6), row.text(7), row.blob(8)};
}

}  // namespace

Result<void> Index::log(std::string_view action, std::string_view authority, std::string_view serial,
                        std::string_view detail, const Occasion& occasion) {
    Event event{1,
                occasion.now,
                occasion.who,
                std::string(action),
                std::string(authority),
                std::string(serial),
                std::string(detail),
                occasion.why,
                {}};
    std::string previous;
    {
        auto last = database_.prepare("SELECT id, hash FROM events ORDER BY id DESC LIMIT 1");
        const auto row = last.step();
        if (!row) return row.error();
        if (*row) {
            event.id = last.integer(0) + 1;
            previous = last.blob(1);
        }
    }
    const auto hash = chained_hash(previous, event);
    if (!hash) return hash.error();
    auto insert = database_.prepare(
        "INSERT INTO events (id, at, who, action, authority, serial, detail, why, hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    return insert.bind(event.id)
        .bind_time(event.at)
        .bind_text(event.who)
        .bind_text(event.action)
        .bind_text(event.authority)
        .bind_blob(event.serial)
        .bind_text(event.detail)
        .bind_text(event.why)
        .bind_blob(*hash)
        .run();
}

Result<void> Index::note(std::string_view action, std::string_view authority, std::string_view detail,
                         const Occasion& occasion) {
    auto transaction = Transaction::begin(database_);
    if (!transaction) return transaction.error();
    if (const auto logged = log(action, authority, {}, detail, occasion); !logged) return logged.error();
    return transaction->commit();
}

Result<std::vector<Event>> Index::events_of(const CertificateRecord& certificate) {
    std::vector<Event> events;
    // That an authority was made stands under its own name, all else of a certificate under its issuer's.
    auto statement = database_.prepare(std::string(select_events) +
                                       "WHERE serial = ?1 AND length(serial) > 0 AND"
                                       " iif(action = 'created', ?3 AND authority = ?4, authority = ?2)"
                                       " ORDER BY id");
    statement.bind_blob(certificate.serial)
        .bind_text(certificate.issuer)
        .bind(certificate.kind == CertificateKind::authority ? 1 : 0)
        .bind_text(certificate.name);
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return events;
        events.push_back(read_event(statement));
    }
}

Result<void> Index::visit_events(const std::function<Result<void>(const Event&)>& visit) {
    auto statement = database_.prepare(std::string(select_events) + "ORDER BY id");
    for (;;) {
        const auto row = statement.step();
        if (!row) return row.error();
        if (!*row) return {};
        if (const auto visited = visit(read_event(statement)); !visited) return visited;
    }
}

}  // namespace sallyport::pki
