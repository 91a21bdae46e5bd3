-- What foreign minds used up, by role; and which plans only a person may approve.

-- `account`: an incident, or "watch:<network>:<day>" for looking at fresh symptoms.
-- `ruled_`: tokens by our own rule, whatever the server said.
ALTER TABLE charges RENAME TO charges_of_incidents;
CREATE TABLE charges (
    account TEXT NOT NULL,
    role TEXT NOT NULL,
    steps INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    ruled_input_tokens INTEGER NOT NULL,
    ruled_output_tokens INTEGER NOT NULL,
    ruled_calls INTEGER NOT NULL,
    seconds REAL NOT NULL,
    cost REAL NOT NULL,
    currency TEXT NOT NULL,
    PRIMARY KEY (account, role)
);
-- Earlier journals kept neither the role nor the direction.
INSERT INTO charges
    SELECT incident_id, '', steps, calls, tokens, 0, 0, 0, 0, seconds, 0, ''
    FROM charges_of_incidents;
DROP TABLE charges_of_incidents;

ALTER TABLE approval_requests ADD COLUMN needs_person TEXT NOT NULL DEFAULT '';
