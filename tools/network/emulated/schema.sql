-- The network's own file. Nothing of Noctua writes here but the emulated network itself.
CREATE TABLE IF NOT EXISTS identity (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    now_s REAL NOT NULL,
    polled_s REAL NOT NULL
);
-- What was done to the network from outside, in order; source names a scripted deed, which is done once.
CREATE TABLE IF NOT EXISTS deed (
    number INTEGER PRIMARY KEY,
    time_s REAL NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('configuration', 'repair')),
    source TEXT UNIQUE,
    body TEXT NOT NULL,
    change_id TEXT NOT NULL,
    user TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS running (node TEXT PRIMARY KEY, configuration TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS change (
    node TEXT NOT NULL,
    change_id TEXT NOT NULL,
    state TEXT NOT NULL,
    candidate TEXT NOT NULL,
    previous TEXT,
    return_at_s REAL,
    PRIMARY KEY (node, change_id)
);
CREATE TABLE IF NOT EXISTS commit_log (
    number INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    change_id TEXT NOT NULL,
    state TEXT NOT NULL,
    time_s REAL NOT NULL,
    return_at_s REAL
);
CREATE TABLE IF NOT EXISTS dispatch (
    id TEXT PRIMARY KEY,
    ordered_s REAL NOT NULL,
    done_s REAL NOT NULL,
    finds TEXT NOT NULL CHECK (finds IN ('repaired', 'nothing_found'))
);
CREATE TABLE IF NOT EXISTS snapshot (time_s REAL PRIMARY KEY, data BLOB NOT NULL);
