-- Who can vouch for what stands here: every row has a seal, made with a key that is not in the file.

-- "<id of the key>:<signature>"; "" for an answer that was given before answers were signed.
ALTER TABLE answers ADD COLUMN signature TEXT NOT NULL DEFAULT '';

CREATE INDEX audit_by_subject ON audit (subject, seq);

-- `row_id`: the rowid of the row in its table, in whose order pages show rows.
CREATE TABLE seals (
    tbl TEXT NOT NULL,
    row_id INTEGER NOT NULL,
    seal BLOB NOT NULL,
    PRIMARY KEY (tbl, row_id)
) WITHOUT ROWID;

-- How many rows of each table are sealed, and the sum of their seals modulo 2^256: a row that was
-- taken out with its seal, or put back to what it was, shows here.
CREATE TABLE seal_totals (
    tbl TEXT PRIMARY KEY,
    row_count INTEGER NOT NULL,
    total BLOB NOT NULL
) WITHOUT ROWID;

-- One row. `signature` is over all totals, and renewed in every transaction. `marked`: whether a mark
-- of this journal was written beside the key, so that it may not be missing.
CREATE TABLE seal_state (
    journal_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    marked INTEGER NOT NULL,
    signature TEXT NOT NULL
);
