-- People, edge agents, what is counted and watched at the edge, and what LuminaLog's senders may send.
-- Times are Unix milliseconds unless a column says otherwise.

-- One organization a store; later people join it.
CREATE TABLE organizations (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    uuid TEXT NOT NULL UNIQUE,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    project INTEGER REFERENCES projects (number),   -- where edge data lands when nothing else says
    created_at INTEGER NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL UNIQUE,     -- in lower case
    name TEXT NOT NULL,
    role TEXT NOT NULL,             -- admin or member
    password TEXT,                  -- argon2id in its encoded form; NULL until one is set
    session INTEGER NOT NULL DEFAULT 0, -- signed into every JWT; a new number ends them
    created_at INTEGER NOT NULL,
    disabled_at INTEGER,
    last_login_at INTEGER
);

-- Links that work once: to set a password, or to make the first admin of an empty store ("user" is NULL).
CREATE TABLE user_links (
    digest BLOB PRIMARY KEY,        -- of the token in the link
    user INTEGER REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX user_links_by_user ON user_links (user);
CREATE INDEX user_links_by_expiry ON user_links (expires_at);

-- Who made a key; NULL: the shell.
ALTER TABLE tokens ADD COLUMN created_by INTEGER REFERENCES users (id);
-- Overrides of the token bucket of POST /v1/logs; NULL: the server's settings.
ALTER TABLE tokens ADD COLUMN logs_per_minute INTEGER;
ALTER TABLE tokens ADD COLUMN logs_burst INTEGER;

-- What a project may be sent in a calendar month (UTC) by POST /v1/logs, and what it was; NULL: no limit.
ALTER TABLE projects ADD COLUMN monthly_bytes INTEGER;
CREATE TABLE monthly_usage (
    project INTEGER NOT NULL REFERENCES projects (number),
    month INTEGER NOT NULL,         -- year * 100 + month
    bytes INTEGER NOT NULL,
    PRIMARY KEY (project, month)
) WITHOUT ROWID;

CREATE TABLE agents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    hostname TEXT NOT NULL,
    version TEXT NOT NULL,
    status TEXT NOT NULL,           -- online, offline, error or unknown
    labels TEXT NOT NULL,           -- JSON object of strings
    metrics TEXT NOT NULL,          -- JSON object: the newest CPU, memory, disk
    project INTEGER NOT NULL REFERENCES projects (number),
    config TEXT NOT NULL,           -- JSON object
    config_version INTEGER NOT NULL,
    last_heartbeat_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX agents_by_heartbeat ON agents (last_heartbeat_at) WHERE status IN ('online', 'error');

-- Rules that make metrics of lines at the edge.
CREATE TABLE metric_configs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL,
    log_source TEXT NOT NULL,       -- a glob over the full path, or stdin; empty: all
    enabled INTEGER NOT NULL,
    agents TEXT,                    -- JSON array of agents' UUIDs; NULL: all
    metrics TEXT NOT NULL,          -- JSON array of metric rules
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
-- One row: grows with every change of a metric config.
CREATE TABLE metric_config_version (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    n INTEGER NOT NULL
);
INSERT INTO metric_config_version VALUES (1, 1);

-- Batches of metric points that were taken, so that a retry counts once.
CREATE TABLE point_batches (
    agent INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,           -- of the batch_id
    accepted INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (agent, digest)
) WITHOUT ROWID;
CREATE INDEX point_batches_by_time ON point_batches (at);

-- The state of each agent's metrics as a scraper sees them: counters and histograms since the beginning, the
-- newest gauge.
CREATE TABLE agent_metrics (
    project INTEGER NOT NULL REFERENCES projects (number),
    agent INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    labels TEXT NOT NULL,           -- JSON object of strings, its keys in order
    type TEXT NOT NULL,             -- counter, gauge or histogram
    value REAL NOT NULL,            -- the total, the newest, or a histogram's sum
    n INTEGER NOT NULL DEFAULT 0,   -- a histogram's count
    buckets TEXT,                   -- JSON object: count by upper bound, not cumulative
    at INTEGER NOT NULL,            -- of the newest point
    PRIMARY KEY (project, agent, name, labels, type)
) WITHOUT ROWID;

-- A histogram's buckets by minute, beside its sketch.
CREATE TABLE histograms (
    project INTEGER NOT NULL,
    minute INTEGER NOT NULL,        -- Unix minutes
    series INTEGER NOT NULL,
    buckets TEXT NOT NULL,          -- JSON object: count by upper bound, not cumulative
    PRIMARY KEY (project, minute, series)
) WITHOUT ROWID;

-- Live streams of an agent's lines: who watches what, and how it ended.
CREATE TABLE stream_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    uuid TEXT NOT NULL UNIQUE,
    agent INTEGER NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
    user INTEGER NOT NULL REFERENCES users (id),
    status TEXT NOT NULL,           -- active or ended
    filter TEXT NOT NULL,           -- JSON, as it was asked for
    started_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    reason TEXT                     -- why it ended: stopped, timeout, agent_offline, server_restart …
);
CREATE INDEX stream_sessions_active ON stream_sessions (agent) WHERE status = 'active';
CREATE INDEX stream_sessions_by_time ON stream_sessions (started_at);
