-- People are told of announced work as well, which is no incident.

-- `incident_id`: NULL where it is about none; `about` then is the id of the work.
ALTER TABLE outbox RENAME TO outbox_of_incidents;
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    network TEXT NOT NULL,
    incident_id TEXT REFERENCES incidents (id),
    event TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    written_wall_s REAL NOT NULL,
    attempts INTEGER NOT NULL,
    due_wall_s REAL NOT NULL,
    trouble TEXT NOT NULL,
    ended TEXT NOT NULL
);
INSERT INTO outbox
SELECT outbox_of_incidents.id, network, incident_id, event, about, outbox_of_incidents.body, written_wall_s,
    attempts, due_wall_s, trouble, ended
FROM outbox_of_incidents JOIN incidents ON incidents.id = incident_id
ORDER BY outbox_of_incidents.rowid;
DROP TABLE outbox_of_incidents;
CREATE UNIQUE INDEX outbox_once ON outbox (network, ifnull(incident_id, ''), event, about);
CREATE INDEX outbox_unsent ON outbox (due_wall_s) WHERE ended = '';
