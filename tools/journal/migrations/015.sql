-- Who may do what is kept here, and what becomes of a question while nobody answers it.

-- `body`: an Account, a Token, a Delegation. Each is believed only with the seal of its row.
CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

-- One identity is one account; tenant is "" where a subject alone means somebody.
CREATE TABLE identities (
    provider TEXT NOT NULL,
    tenant TEXT NOT NULL,
    subject TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (provider, tenant, subject)
);

-- `digest`: SHA-256 of the secret, which stands nowhere. One that was ended is removed.
CREATE TABLE tokens (
    digest TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES accounts (id),
    expires_wall_s REAL NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX tokens_by_account ON tokens (account);

CREATE TABLE delegations (
    id TEXT PRIMARY KEY,
    taker TEXT NOT NULL REFERENCES accounts (id),
    body TEXT NOT NULL
);
CREATE INDEX delegations_by_taker ON delegations (taker);

-- `expired_s`: when it was found that nobody had answered in time; it stays so, whatever a clock says.
ALTER TABLE approval_requests ADD COLUMN expired_s REAL;

-- Who has said to have seen a question. `principal`: as JSON.
CREATE TABLE acknowledgements (
    plan_id TEXT NOT NULL REFERENCES approval_requests (plan_id),
    person TEXT NOT NULL,
    principal TEXT NOT NULL,
    seen_s REAL NOT NULL,
    PRIMARY KEY (plan_id, person)
);
