-- Who holds what, who answered, and what stands still.

-- More than one person may have to answer; a plan is used up once, however many answered.
ALTER TABLE approval_requests ADD COLUMN approvers_needed INTEGER NOT NULL DEFAULT 1;
ALTER TABLE approval_requests ADD COLUMN overrides_needed TEXT NOT NULL DEFAULT '[]';
ALTER TABLE approval_requests ADD COLUMN used_s REAL;

-- The first key makes the order of answers plain, the second one answer a person.
CREATE TABLE answers (
    plan_id TEXT NOT NULL REFERENCES approval_requests (plan_id),
    position INTEGER NOT NULL,
    answered_by TEXT NOT NULL,
    approval TEXT NOT NULL,
    PRIMARY KEY (plan_id, position),
    UNIQUE (plan_id, answered_by)
);
INSERT INTO answers SELECT plan_id, 1, json_extract(approval, '$.by'), approval FROM approvals;
UPDATE approval_requests SET used_s =
    (SELECT used_s FROM approvals a WHERE a.plan_id = approval_requests.plan_id);
DROP TABLE approvals;

ALTER TABLE changes ADD COLUMN return_at_s REAL;

-- `heartbeat_s` is of the machine's clock since boot, which nobody can set; `boot` says which boot.
CREATE TABLE leases (
    subject TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    boot TEXT NOT NULL,
    heartbeat_s REAL NOT NULL
);

-- One plan at a time works on a device.
CREATE TABLE device_claims (
    network TEXT NOT NULL,
    node TEXT NOT NULL,
    incident_id TEXT NOT NULL REFERENCES incidents (id),
    plan_id TEXT NOT NULL REFERENCES plans (id),
    since_s REAL NOT NULL,
    PRIMARY KEY (network, node)
);

CREATE TABLE blocked (
    subject TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    since_s REAL NOT NULL
);

-- How each watch of a network is, as it last said itself.
CREATE TABLE watches (
    network TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    started_s REAL NOT NULL,
    stepped_s REAL NOT NULL,
    stepped_wall_s REAL NOT NULL,
    steps INTEGER NOT NULL,
    alarms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    trouble TEXT NOT NULL
);
