-- What was posted where in a chat, and what people did there, is kept so that neither happens twice.

-- `key`: what the message is about, of its service once. `message_id`: how the service calls it, "" as
-- long as it is not known to have arrived. `shown`: a hash of what it says. `incident_id`: "" for none.
CREATE TABLE chat_posts (
    service TEXT NOT NULL,
    key TEXT NOT NULL,
    incident_id TEXT NOT NULL,
    place TEXT NOT NULL,
    begun_wall_s REAL NOT NULL,
    message_id TEXT NOT NULL,
    shown TEXT NOT NULL,
    PRIMARY KEY (service, key)
);
CREATE INDEX chat_posts_by_incident ON chat_posts (incident_id, service);
CREATE INDEX chat_posts_by_message ON chat_posts (service, place, message_id);

-- `body`: what was done, as JSON. `begun_seq`: the last event of the timeline when it was begun with.
CREATE TABLE chat_events (
    service TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    received_wall_s REAL NOT NULL,
    begun_seq INTEGER,
    answered INTEGER NOT NULL,
    PRIMARY KEY (service, id)
);
CREATE INDEX chat_events_unanswered ON chat_events (service, received_wall_s) WHERE answered = 0;
