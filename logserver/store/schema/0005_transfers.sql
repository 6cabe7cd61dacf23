-- What `logserver import` takes in: how far each file has come, and the parcels of it that wait for the server.

CREATE TABLE transfers (
    id TEXT PRIMARY KEY,            -- of the export and what was chosen of it
    taken INTEGER NOT NULL,         -- lines of the file that are in the store
    tally TEXT NOT NULL,            -- JSON object: what became of them
    changed_at INTEGER NOT NULL,
    ended_at INTEGER,
    failure TEXT                    -- why no more of it is taken in, until it is begun again
) WITHOUT ROWID;
CREATE TABLE transfer_parcels (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer TEXT NOT NULL REFERENCES transfers (id) ON DELETE CASCADE,
    body BLOB NOT NULL              -- transfer/parcels.py
);
CREATE INDEX transfer_parcels_by_transfer ON transfer_parcels (transfer);
