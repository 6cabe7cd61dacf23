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
