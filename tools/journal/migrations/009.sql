-- What is read of an incident at every step is found without reading what all the others left.

CREATE INDEX incidents_by_phase ON incidents (network, phase, opened_s, id);
CREATE INDEX timeline_by_kind ON timeline (incident_id, kind);
CREATE INDEX plans_by_incident ON plans (incident_id);
CREATE INDEX approval_requests_by_incident ON approval_requests (incident_id);
CREATE INDEX changes_by_incident ON changes (incident_id);
CREATE INDEX dispatches_by_incident ON dispatches (incident_id);
CREATE INDEX role_runs_by_incident ON role_runs (incident_id);
