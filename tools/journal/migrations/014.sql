-- A refresh of the risk register is kept with what minds said in it, so that it goes on after a death.

-- `body`: a RefreshRecord.
CREATE TABLE refreshes (
    id TEXT PRIMARY KEY,
    network TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX refreshes_by_network ON refreshes (network);
