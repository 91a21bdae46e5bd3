-- Causes that several things may share are proposed from what people wrote, and decided about.

-- `body`: a CauseRecord.
CREATE TABLE causes (
    network TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (network, id)
);
