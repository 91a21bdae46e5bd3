-- What people are to be told of, written in the transaction of the event and sent by the watch.

-- `about`: what the event is about within its incident (a plan, a change on a device, ""), so that
-- a step that is run again after a death of the process tells of it once. `body`: what is sent, the
-- same at every attempt. `ended`: "" as long as it is to be sent. Times with `wall` are the
-- machine's, all others the network's.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    event TEXT NOT NULL,
    about TEXT NOT NULL,
    body TEXT NOT NULL,
    written_wall_s REAL NOT NULL,
    attempts INTEGER NOT NULL,
    due_wall_s REAL NOT NULL,
    trouble TEXT NOT NULL,
    ended TEXT NOT NULL,
    UNIQUE (incident_id, event, about)
);
CREATE INDEX outbox_unsent ON outbox (due_wall_s) WHERE ended = '';
