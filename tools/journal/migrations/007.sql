-- Work that people announce, besides what the network's own record announces, and what it would do.

-- `added_by`, `cancelled_by`: Principals as JSON; the latter "" while it stands. Work of the network's
-- own record stands here once somebody has cancelled it.
CREATE TABLE work (
    network TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    added_s REAL NOT NULL,
    added_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    cancelled_s REAL,
    cancelled_by TEXT NOT NULL,
    PRIMARY KEY (network, id)
);

-- What the watch has worked out about each piece of announced work.
CREATE TABLE foretold (
    network TEXT NOT NULL,
    work_id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (network, work_id)
);
