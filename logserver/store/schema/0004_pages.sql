-- What the pages need: sessions of browsers, members of projects, and the history of error groups.

CREATE TABLE web_sessions (
    digest BLOB PRIMARY KEY,        -- of the secret in the cookie
    uuid TEXT NOT NULL UNIQUE,      -- what it is called where sessions are listed and ended
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,       -- users.session when it began; another one ends it
    created_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,       -- to some minutes
    expires_at INTEGER NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL           -- its User-Agent, cut short
) WITHOUT ROWID;
CREATE INDEX web_sessions_by_user ON web_sessions (user);
CREATE INDEX web_sessions_by_expiry ON web_sessions (expires_at);

CREATE TABLE members (
    project INTEGER NOT NULL REFERENCES projects (number),
    user INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project, user)
) WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

-- How often error groups occurred, and whom they affected (store/occurrences.py).
ALTER TABLE error_groups ADD COLUMN users INTEGER NOT NULL DEFAULT 0;  -- how many different ones it affected
CREATE TABLE group_hours (
    project INTEGER NOT NULL,
    error_group BLOB NOT NULL,
    hour INTEGER NOT NULL,          -- Unix hours
    n INTEGER NOT NULL,
    PRIMARY KEY (project, error_group, hour)
) WITHOUT ROWID;
CREATE TABLE group_users (
    error_group BLOB NOT NULL,
    user BLOB NOT NULL,             -- a digest of the user's id, 8 bytes
    PRIMARY KEY (error_group, user)
) WITHOUT ROWID;
INSERT INTO group_hours (project, error_group, hour, n)
    SELECT id >> 51, error_group, (((id & 2251799813685247) >> 10) + 1577836800000) / 3600000, count(*) FROM events
    WHERE error_group IS NOT NULL GROUP BY 1, 2, 3;
-- The inbox is sorted by these, and the entry of a group moves at each occurrence anyway.
DROP INDEX error_groups_by_project;
CREATE INDEX error_groups_by_project ON error_groups (project, status, last_seen, first_seen, n);
CREATE INDEX error_groups_come_back ON error_groups (project, status, last_seen) WHERE regressed_at IS NOT NULL;

-- The changes of a monitor's state, without those that were told again.
CREATE INDEX monitor_changes ON monitor_transitions (monitor, at) WHERE NOT repeated;
-- Alerts that wait for somebody, past all those that are resolved.
CREATE INDEX alerts_by_status ON alerts (project, status, triggered_at, id);
CREATE INDEX stream_sessions_by_agent ON stream_sessions (agent, id);

-- How the store grows: what it held on each UTC day when it was measured last (core/growth.py).
CREATE TABLE store_days (
    day INTEGER PRIMARY KEY,        -- Unix days
    bytes INTEGER NOT NULL,         -- of the database file
    unused INTEGER NOT NULL         -- bytes of it that hold nothing any more
);
CREATE TABLE project_days (
    day INTEGER NOT NULL,
    project INTEGER NOT NULL,
    kind TEXT NOT NULL,             -- events or audit, which have a retention each
    held INTEGER NOT NULL,
    arrived INTEGER NOT NULL,       -- of those, what happened within 24 hours before
    PRIMARY KEY (day, project, kind)
) WITHOUT ROWID;

-- The sketches and histograms of minutes put together by hours and longer, so that a month can be charted without
-- reading each of its minutes (store/rollups.py). They hold exactly the minutes before "through" of "rolled".
CREATE TABLE sketch_spans (
    project INTEGER NOT NULL,
    series INTEGER NOT NULL,
    span INTEGER NOT NULL,          -- minutes
    start INTEGER NOT NULL,         -- Unix minutes, a multiple of the span
    n INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    total REAL NOT NULL,
    low REAL NOT NULL,
    high REAL NOT NULL,
    buckets BLOB NOT NULL,
    PRIMARY KEY (project, series, span, start)
) WITHOUT ROWID;
CREATE INDEX sketch_spans_by_start ON sketch_spans (project, span, start);
CREATE TABLE histogram_spans (
    project INTEGER NOT NULL,
    series INTEGER NOT NULL,
    span INTEGER NOT NULL,
    start INTEGER NOT NULL,
    buckets TEXT NOT NULL,
    PRIMARY KEY (project, series, span, start)
) WITHOUT ROWID;
CREATE INDEX histogram_spans_by_start ON histogram_spans (project, span, start);
CREATE TABLE rolled (
    project INTEGER PRIMARY KEY,
    through INTEGER NOT NULL        -- Unix minutes
);
