-- What the full-text index holds of events that are gone: an entry that is deleted is another entry, which says so,
-- until both meet in a merge (store/index.py).
CREATE TABLE index_upkeep (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    deleted INTEGER NOT NULL,       -- events deleted since the index was merged as a whole
    merging INTEGER                 -- how many of them the merge under way takes out; NULL while there is none
);
INSERT INTO index_upkeep VALUES (1, 0, NULL);
