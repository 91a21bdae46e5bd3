-- What is expected to break next is kept, with what people have decided about it.

-- `body`: a RiskRecord.
CREATE TABLE risks (
    network TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (network, id)
);
