#pragma once

namespace sallyport::pki {

/// The tables of a depot's index. Triggers make them append-only where they must be: a program with a fault,
/// or a hand with the sqlite3 command, cannot take a revocation back or use a CRL number twice.
inline constexpr int index_schema_version = 2;
inline constexpr const char* index_schema = R"sql(
PRAGMA application_id = 1397771081;
PRAGMA user_version = 2;

CREATE TABLE authorities (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role INTEGER NOT NULL,
    issuer TEXT,                                    -- NULL: not in this depot
    partitions INTEGER NOT NULL DEFAULT 1,
    retired INTEGER NOT NULL DEFAULT 0,
    restored INTEGER NOT NULL DEFAULT 0,            -- 1: from a backup, and nobody said what came after it
    crl_number INTEGER NOT NULL DEFAULT 0           -- the last one taken
) STRICT;
CREATE TRIGGER crl_number_only_grows BEFORE UPDATE OF crl_number ON authorities
    WHEN NEW.crl_number <= OLD.crl_number BEGIN SELECT RAISE(ABORT, 'a CRL number only grows'); END;
CREATE TRIGGER authorities_are_not_replaced BEFORE INSERT ON authorities
    WHEN EXISTS (SELECT 1 FROM authorities WHERE name = NEW.name OR id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'an authority stays in the index'); END;
CREATE TRIGGER authorities_stay BEFORE DELETE ON authorities
    BEGIN SELECT RAISE(ABORT, 'an authority stays in the index'); END;
CREATE TRIGGER authorities_keep_their_partitions BEFORE UPDATE OF name, role, partitions ON authorities
    BEGIN SELECT RAISE(ABORT, 'an authority keeps its name, role and partitions'); END;

CREATE TABLE scopes (                               -- of CRLs
    issuer TEXT NOT NULL REFERENCES authorities(name),
    partition INTEGER NOT NULL,
    revision INTEGER NOT NULL DEFAULT 1,            -- grows with each change of its revocations
    published_revision INTEGER NOT NULL DEFAULT 0,  -- what the published CRL shows
    PRIMARY KEY (issuer, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
    id INTEGER PRIMARY KEY,
    serial BLOB NOT NULL,
    issuer TEXT NOT NULL,
    partition INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    name TEXT NOT NULL,
    device_id TEXT,
    subject TEXT NOT NULL,
    lineage BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    batch TEXT,
    key_digest BLOB NOT NULL,
    der BLOB NOT NULL,
    -- One serial for each issuer (RFC 5280 4.1.2.2). Of the issuers outside of the depot the index knows no names.
    UNIQUE (serial, issuer, name)
) STRICT;
CREATE INDEX certificates_of_device ON certificates(device_id) WHERE device_id IS NOT NULL;
CREATE INDEX certificates_in_use ON certificates(kind, not_after, device_id, issuer, partition, serial);
CREATE INDEX certificates_of_key ON certificates(key_digest);
CREATE INDEX certificates_of_batch ON certificates(batch) WHERE batch IS NOT NULL;
CREATE TRIGGER certificates_are_not_replaced BEFORE INSERT ON certificates
    WHEN EXISTS (SELECT 1 FROM certificates WHERE serial = NEW.serial AND issuer = NEW.issuer
                     AND (issuer <> '' OR name = NEW.name))
        OR EXISTS (SELECT 1 FROM certificates WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'an issued certificate stays in the index'); END;
CREATE TRIGGER certificates_stay BEFORE DELETE ON certificates
    BEGIN SELECT RAISE(ABORT, 'an issued certificate stays in the index'); END;
CREATE TRIGGER certificates_do_not_change BEFORE UPDATE ON certificates
    BEGIN SELECT RAISE(ABORT, 'an issued certificate does not change'); END;

CREATE TABLE revocations (
    issuer TEXT NOT NULL,
    partition INTEGER NOT NULL,
    serial BLOB NOT NULL,
    reason INTEGER NOT NULL,
    revoked_at INTEGER NOT NULL,
    invalid_since INTEGER,
    not_after INTEGER NOT NULL,
    since INTEGER NOT NULL,   -- number of the first CRL that can show its present state
    final_crl INTEGER,        -- number of the first CRL after its expiry that listed it: later ones leave it out
    PRIMARY KEY (issuer, partition, serial),
    FOREIGN KEY (issuer, partition) REFERENCES scopes(issuer, partition)
) STRICT, WITHOUT ROWID;
CREATE INDEX changed_revocations ON revocations(issuer, partition, since);
CREATE INDEX expiring_revocations ON revocations(issuer, partition, not_after) WHERE final_crl IS NULL;
CREATE TRIGGER only_a_hold_is_replaced BEFORE INSERT ON revocations
    WHEN EXISTS (SELECT 1 FROM revocations WHERE issuer = NEW.issuer AND partition = NEW.partition
                 AND serial = NEW.serial AND reason <> 6)
    BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;
CREATE TRIGGER only_a_hold_is_lifted BEFORE DELETE ON revocations WHEN OLD.reason <> 6
    BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;
CREATE TRIGGER only_a_hold_changes
    BEFORE UPDATE OF issuer, partition, serial, reason, revoked_at, not_after ON revocations
    WHEN OLD.reason <> 6 BEGIN SELECT RAISE(ABORT, 'a revocation is for ever'); END;
CREATE TRIGGER an_unexpired_entry_stays BEFORE UPDATE OF final_crl ON revocations
    WHEN NEW.final_crl IS NOT NULL AND NOT coalesce(NEW.not_after < (
        SELECT this_update FROM crls
        WHERE issuer = NEW.issuer AND partition = NEW.partition AND number = NEW.final_crl AND base IS NULL), 0)
    BEGIN SELECT RAISE(ABORT, 'an unexpired entry stays in the CRL'); END;

CREATE TABLE releases (       -- holds that were lifted: removeFromCRL in the delta CRLs that follow
    issuer TEXT NOT NULL,
    partition INTEGER NOT NULL,
    serial BLOB NOT NULL,
    held_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (issuer, partition, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE crls (
    issuer TEXT NOT NULL,
    partition INTEGER NOT NULL,
    number INTEGER NOT NULL,
    form INTEGER NOT NULL,    -- 0 complete, 1 delta
    base INTEGER,             -- of a delta
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL,
    sha256 BLOB,              -- NULL until it is in its place
    PRIMARY KEY (issuer, partition, number, form),
    FOREIGN KEY (issuer, partition) REFERENCES scopes(issuer, partition)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER crls_are_not_replaced BEFORE INSERT ON crls
    WHEN EXISTS (SELECT 1 FROM crls WHERE issuer = NEW.issuer AND partition = NEW.partition
                 AND number = NEW.number AND form = NEW.form)
    BEGIN SELECT RAISE(ABORT, 'a CRL number is used once'); END;

CREATE TABLE distributions (  -- what each repository was seen to have
    repository TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    authority TEXT NOT NULL,
    serial BLOB NOT NULL,
    detail TEXT NOT NULL,
    why TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;
CREATE INDEX events_of_certificate ON events(serial) WHERE length(serial) > 0;
CREATE TRIGGER events_are_not_replaced BEFORE INSERT ON events
    WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id)
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_stay BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_do_not_change BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
)sql";

}  // namespace sallyport::pki
