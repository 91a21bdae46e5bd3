-- JSON columns hold canonical JSON text. Times are Unix seconds (UTC).

CREATE TABLE incidents (
    id TEXT PRIMARY KEY,
    network TEXT NOT NULL,
    phase TEXT NOT NULL,
    opened_s REAL NOT NULL,
    trace_id TEXT NOT NULL,
    incident TEXT NOT NULL
);

CREATE TABLE timeline (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    time_s REAL NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    text TEXT NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX timeline_by_incident ON timeline (incident_id, seq);

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    hash TEXT NOT NULL,
    plan TEXT NOT NULL
);

CREATE TABLE approval_requests (
    plan_id TEXT PRIMARY KEY REFERENCES plans (id),
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    plan_hash TEXT NOT NULL,
    requested_s REAL NOT NULL,
    expires_s REAL NOT NULL
);

-- The primary key makes the first answer the only one; `used_s` is written once, with the intent.
CREATE TABLE approvals (
    plan_id TEXT PRIMARY KEY REFERENCES approval_requests (plan_id),
    approval TEXT NOT NULL,
    used_s REAL
);

CREATE TABLE changes (
    action_id TEXT NOT NULL,
    node TEXT NOT NULL,
    change_id TEXT NOT NULL UNIQUE,
    plan_id TEXT NOT NULL REFERENCES plans (id),
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    network TEXT NOT NULL,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    calling TEXT NOT NULL,
    diff TEXT NOT NULL,
    before TEXT NOT NULL,
    candidate TEXT NOT NULL,
    detail TEXT NOT NULL,
    updated_s REAL NOT NULL,
    PRIMARY KEY (action_id, node)
);
CREATE INDEX changes_by_plan ON changes (plan_id, position);

CREATE TABLE quarantine (
    network TEXT NOT NULL,
    node TEXT NOT NULL,
    since_s REAL NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (network, node)
);

CREATE TABLE dispatches (
    id TEXT PRIMARY KEY,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    dispatch TEXT NOT NULL,
    state TEXT NOT NULL,
    updated_s REAL NOT NULL
);

CREATE TABLE role_runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    role TEXT NOT NULL,
    started_s REAL NOT NULL,
    ended_s REAL NOT NULL,
    finished_by TEXT NOT NULL,
    data TEXT NOT NULL
);

CREATE TABLE charges (
    incident_id TEXT PRIMARY KEY REFERENCES incidents (id),
    steps INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    seconds REAL NOT NULL
);

CREATE TABLE artefacts (
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    name TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (incident_id, name)
);

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    time_s REAL NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);

-- Against accidents; whoever means harm is found by the chain.
CREATE TRIGGER audit_is_not_altered BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
