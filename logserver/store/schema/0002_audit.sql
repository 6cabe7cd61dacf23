-- The audit trail and what goes with it: chain, redaction, alerts, webhooks, anonymous streams, viewer tokens.

ALTER TABLE projects ADD COLUMN audit_retention_days INTEGER;   -- NULL: audit events are kept for ever
-- JSON array of the dialects whose events the project's redaction rules run on.
ALTER TABLE projects ADD COLUMN redact_dialects TEXT NOT NULL DEFAULT '["logstitch"]';

-- How far retention has come: below "through" a project has nothing left to delete of a kind (events, audit).
CREATE TABLE sweeps (
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,
    through INTEGER NOT NULL,       -- packed id
    PRIMARY KEY (project, kind)
) WITHOUT ROWID;

-- The chain of a project's audit events, in the order they arrived in it: contracts/logstitch/chain.py.
CREATE TABLE audit_links (
    event INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    seq INTEGER NOT NULL,           -- from 1, without gaps
    hash BLOB NOT NULL,             -- 32 bytes
    arrived INTEGER                 -- NULL where the event came with a claimed stream
);
CREATE UNIQUE INDEX audit_links_by_seq ON audit_links (project, seq);
CREATE TABLE audit_heads (
    project INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL
);
-- What retention left of a run of the chain: its numbers, the hash before it and its last one, signed.
CREATE TABLE audit_stubs (
    project INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    before BLOB NOT NULL,
    hash BLOB NOT NULL,
    signature BLOB NOT NULL,
    PRIMARY KEY (project, first)
) WITHOUT ROWID;

-- What a viewer token of a tier sees of an event.
CREATE TABLE visibility_tiers (
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    fields TEXT NOT NULL,           -- JSON array of dot paths
    PRIMARY KEY (project, name)
) WITHOUT ROWID;

CREATE TABLE redaction_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    type TEXT NOT NULL,             -- pattern or field_redact
    name TEXT NOT NULL,
    pattern TEXT,
    fields TEXT NOT NULL,           -- JSON array of dot paths
    behavior TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX redaction_rules_by_project ON redaction_rules (project);
-- Where a project departs from the defaults of a built-in rule.
CREATE TABLE redaction_builtins (
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    behavior TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;

CREATE TABLE alert_rules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    action_pattern TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    window_seconds INTEGER NOT NULL,
    group_by TEXT NOT NULL,
    severity TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    cooldown_seconds INTEGER NOT NULL,
    created_at INTEGER NOT NULL
);
CREATE INDEX alert_rules_by_project ON alert_rules (project);
CREATE TABLE alert_builtins (
    project INTEGER NOT NULL REFERENCES projects (number),
    name TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    cooldown_seconds INTEGER NOT NULL,
    PRIMARY KEY (project, name)
) WITHOUT ROWID;
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    rule TEXT NOT NULL,             -- the rule's public id
    rule_name TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,           -- open, acknowledged or resolved
    group_by TEXT NOT NULL,
    group_key TEXT NOT NULL,
    event_count INTEGER NOT NULL,
    event_ids TEXT NOT NULL,        -- JSON array of public ids
    triggered_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    resolved_at INTEGER
);
CREATE INDEX alerts_by_time ON alerts (project, triggered_at, id);
CREATE INDEX alerts_by_group ON alerts (project, rule, group_key, triggered_at);

CREATE TABLE webhooks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    url TEXT NOT NULL,
    secret TEXT NOT NULL,           -- signs what is sent, so it cannot be kept as a digest
    enabled INTEGER NOT NULL,
    events TEXT NOT NULL,           -- JSON array; empty: everything
    created_at INTEGER NOT NULL
);
CREATE INDEX webhooks_by_project ON webhooks (project);
-- The outbox: written with what it tells of, kept for a while after it was delivered or given up.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    message TEXT NOT NULL,          -- webhook-id: the same with every attempt
    webhook INTEGER NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    body TEXT NOT NULL,             -- the JSON of the message
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER,                -- NULL once delivered or given up
    done_at INTEGER
);
CREATE INDEX deliveries_due ON deliveries (webhook, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX deliveries_done ON deliveries (webhook, done_at) WHERE done_at IS NOT NULL;
CREATE INDEX deliveries_by_age ON deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, id);
CREATE TABLE delivery_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    webhook INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER,                 -- of the answer, if there was one
    error TEXT,
    next_at INTEGER                 -- of the next attempt; NULL for the last
);
CREATE INDEX delivery_attempts_by_webhook ON delivery_attempts (webhook, id);
CREATE INDEX delivery_attempts_by_delivery ON delivery_attempts (delivery);

-- Anonymous streams are no projects: their events wait here until they are claimed or expire.
CREATE TABLE streams (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL UNIQUE,    -- of the claim token
    source BLOB NOT NULL,           -- a keyed digest of the address it was made from
    status TEXT NOT NULL,           -- active, claimed or expired
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    n INTEGER NOT NULL DEFAULT 0,   -- events it was sent in its life
    bytes INTEGER NOT NULL DEFAULT 0    -- what its events take while they wait; 0 once they went
);
-- One row: what all streams but the claimed ones amount to, so that nobody has to count them.
CREATE TABLE stream_totals (
    streams INTEGER NOT NULL,
    bytes INTEGER NOT NULL
);
INSERT INTO stream_totals VALUES (0, 0);
CREATE INDEX streams_by_source ON streams (source, created_at);
CREATE INDEX streams_by_expiry ON streams (status, expires_at);
CREATE INDEX streams_leaving ON streams (id) WHERE status = 'expired' AND bytes > 0;
CREATE TABLE stream_events (
    stream INTEGER NOT NULL REFERENCES streams (id),
    n INTEGER NOT NULL,
    ulid BLOB NOT NULL,             -- the 16 bytes of its public id
    received INTEGER NOT NULL,
    idempotency_key TEXT,
    body TEXT NOT NULL,             -- the event as JSON, redacted
    PRIMARY KEY (stream, n)
) WITHOUT ROWID;
CREATE INDEX stream_events_by_key ON stream_events (stream, idempotency_key) WHERE idempotency_key IS NOT NULL;
