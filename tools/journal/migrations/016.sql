-- What other monitoring systems say is kept as it comes: the watch reads it from here.

-- One row for each time that an alert began; what is sent again only counts. `fingerprint`: as the
-- sender names the alert; `content`: of its labels. `starts_wall_s`: as the sender says.
-- `starts_s`, `ends_s`: by the network's clock, null while it is firing. `resource`: "" where no
-- rule maps it. `labels`, `annotations`: JSON objects of what others wrote.
CREATE TABLE alerts (
    id INTEGER PRIMARY KEY,
    network TEXT NOT NULL,
    door TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    content TEXT NOT NULL,
    starts_wall_s REAL NOT NULL,
    starts_s REAL NOT NULL,
    ends_s REAL,
    expires_wall_s REAL,
    received_wall_s REAL NOT NULL,
    last_wall_s REAL NOT NULL,
    times INTEGER NOT NULL,
    rule TEXT NOT NULL,
    claims TEXT NOT NULL,
    resource TEXT NOT NULL,
    odd TEXT NOT NULL,
    labels TEXT NOT NULL,
    annotations TEXT NOT NULL
);
CREATE INDEX alerts_by_fingerprint ON alerts (network, fingerprint, starts_wall_s);
CREATE INDEX alerts_by_content ON alerts (network, content, starts_wall_s);
CREATE INDEX alerts_firing ON alerts (network, rule, claims, resource) WHERE ends_s IS NULL;
CREATE INDEX alerts_ended ON alerts (network, ends_s) WHERE ends_s IS NOT NULL;

-- What came through each door, for as long as the journal lasts.
CREATE TABLE alert_doors (
    network TEXT NOT NULL,
    door TEXT NOT NULL,
    posts INTEGER NOT NULL,
    alerts INTEGER NOT NULL,
    repeats INTEGER NOT NULL,
    late INTEGER NOT NULL,
    withheld INTEGER NOT NULL,
    last_wall_s REAL NOT NULL,
    PRIMARY KEY (network, door)
);

-- People may be called in several ways: each is told of each event once. `way`: its name, "" where
-- there is only one.
ALTER TABLE outbox ADD COLUMN way TEXT NOT NULL DEFAULT '';
DROP INDEX outbox_once;
CREATE UNIQUE INDEX outbox_once ON outbox (network, way, ifnull(incident_id, ''), event, about);
