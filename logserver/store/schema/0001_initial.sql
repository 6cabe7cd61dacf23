-- Everything the server keeps. Times are Unix milliseconds unless a column says otherwise.
-- Applied inside one transaction together with its row in "migrations".

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

-- Read twice a second by the server: any change to projects, tokens or their limits adds one.
CREATE TABLE generation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n INTEGER NOT NULL
);
INSERT INTO generation (one, n) VALUES (1, 0);

-- Written by the readiness probe, to know that the store can commit.
CREATE TABLE heartbeat (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    at INTEGER NOT NULL
);
INSERT INTO heartbeat (one, at) VALUES (1, 0);

-- AUTOINCREMENT: the number is part of every event's id, so it is never given twice.
CREATE TABLE projects (
    number INTEGER PRIMARY KEY AUTOINCREMENT CHECK (number BETWEEN 1 AND 4095),
    uuid TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    system INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    archived_at INTEGER,
    retention_days INTEGER NOT NULL,
    rate_limit_requests INTEGER,
    rate_limit_seconds INTEGER
);

CREATE TABLE tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    project INTEGER REFERENCES projects (number),
    digest BLOB NOT NULL UNIQUE,
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    bound TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    last_used_at INTEGER
);
CREATE INDEX tokens_by_project ON tokens (project);
CREATE INDEX tokens_by_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;

-- One row per record of any type. "id" says project and time (store/ids.py). "words" is the version of the
-- function that made the row's words (store/words.py); the columns it reads are never updated.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    words INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    context TEXT NOT NULL,
    received INTEGER NOT NULL,      -- milliseconds from the id's time to the receipt
    sent INTEGER,                   -- Unix microseconds, where the id's millisecond cannot say it
    timed_by_receipt INTEGER,       -- 1 where the sender gave no usable time
    uuid BLOB,                      -- the sender's own id, 16 bytes
    fingerprint TEXT,
    error_group BLOB                -- the error group's id, 16 bytes
);

CREATE VIRTUAL TABLE event_words USING fts5(text, words, content = '', columnsize = 0);
-- Merging is paced by the writer itself; see store/writer.py.
INSERT INTO event_words (event_words, rank) VALUES ('automerge', 0);
INSERT INTO event_words (event_words, rank) VALUES ('crisismerge', 1000);

-- A sender's own identities (uuid, trace and span) by 63-bit hash; the row they name holds the full key. They
-- are appended to the small table and move to their places later, in order; see store/identities.py.
CREATE TABLE identities (
    hash INTEGER NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (hash, event)
) WITHOUT ROWID;
CREATE TABLE recent_identities (
    seq INTEGER PRIMARY KEY,
    hash INTEGER NOT NULL,
    event INTEGER NOT NULL
);
CREATE VIEW all_identities AS SELECT hash, event FROM identities UNION SELECT hash, event FROM recent_identities;

-- What came in which transaction, kept for an hour: the cursor of everything that follows along. The newest row
-- is always kept, so that a number is never given twice without the page AUTOINCREMENT would cost each commit.
CREATE TABLE arrivals (
    seq INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    at INTEGER NOT NULL,
    ids BLOB NOT NULL               -- packed ids, 8 bytes each, big-endian
);

-- Bounded vocabularies of a project: environments, releases, series names. What exceeds the bound is '~other'.
CREATE TABLE vocabulary (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    UNIQUE (project, kind, value)
);

-- "dimension" stands for (type, level, environment), so that a chart reads small integer rows only.
CREATE TABLE dimensions (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    type TEXT NOT NULL,
    level TEXT NOT NULL,
    environment TEXT NOT NULL,
    newest INTEGER NOT NULL DEFAULT 0,  -- the end of the last hour it was counted in, as a Unix minute
    UNIQUE (project, type, level, environment)
);
CREATE TABLE counts (
    project INTEGER NOT NULL,
    minute INTEGER NOT NULL,        -- Unix minutes
    dimension INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (project, minute, dimension)
) WITHOUT ROWID;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,             -- the event type the numbers come from
    name TEXT NOT NULL,
    environment TEXT NOT NULL,
    release TEXT NOT NULL,
    unit TEXT,
    newest INTEGER NOT NULL DEFAULT 0,  -- the last Unix minute it has a sketch of
    UNIQUE (project, kind, name, environment, release)
);
CREATE TABLE sketches (
    project INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    series INTEGER NOT NULL,
    n INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    buckets BLOB NOT NULL,          -- store/sketch.py
    PRIMARY KEY (project, minute, series)
) WITHOUT ROWID;

CREATE TABLE error_groups (
    id BLOB PRIMARY KEY,            -- 16 bytes, from the project, the rule's version and the key
    project INTEGER NOT NULL,
    rule INTEGER NOT NULL,          -- version of the grouping rule
    title TEXT NOT NULL,
    subtitle TEXT,
    level TEXT NOT NULL,
    environment TEXT NOT NULL,
    n INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    first_release TEXT,
    last_release TEXT,
    last_event INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'unresolved',
    status_at INTEGER,
    regressions INTEGER NOT NULL DEFAULT 0,
    regressed_at INTEGER,
    assignee TEXT
) WITHOUT ROWID;
CREATE INDEX error_groups_by_project ON error_groups (project, status, last_seen);

CREATE TABLE monitors (
    id INTEGER PRIMARY KEY,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    slug TEXT NOT NULL,
    environment TEXT NOT NULL,
    interval_seconds INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    checked_at INTEGER,             -- when the newest finished check-in happened
    status TEXT,                    -- of that check-in: ok or error
    duration_ms REAL,
    release TEXT,
    started_at INTEGER,             -- of a run in progress
    event INTEGER,                  -- the newest check-in's event
    paused INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,            -- the last state that was told: paused, error, missed or ok
    state_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,        -- when it counts as missed unless it checks in before
    told_at INTEGER,                -- when its being missed was last told
    UNIQUE (project, slug, environment)
);
CREATE INDEX monitors_by_due ON monitors (due_at) WHERE paused = 0;

CREATE TABLE monitor_transitions (
    id INTEGER PRIMARY KEY,
    monitor INTEGER NOT NULL REFERENCES monitors (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    repeated INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX monitor_transitions_by_monitor ON monitor_transitions (monitor, at);

CREATE TABLE deployments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    project INTEGER NOT NULL REFERENCES projects (number),
    release TEXT NOT NULL,
    environment TEXT NOT NULL,
    deployed_at INTEGER NOT NULL,
    repository TEXT NOT NULL,
    commit_sha TEXT NOT NULL,
    details TEXT NOT NULL,          -- JSON object: branch, links, pull request
    UNIQUE (project, repository, environment, release, deployed_at)
);
CREATE INDEX deployments_by_time ON deployments (project, deployed_at);
