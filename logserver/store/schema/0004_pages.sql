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

-- How many alerts of a project are open, which the list of projects shows.
CREATE INDEX alerts_open ON alerts (project) WHERE status = 'open';
