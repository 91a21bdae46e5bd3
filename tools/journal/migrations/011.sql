-- What is still to be sent is looked for at every step of the watch, among all that ever was.

DROP INDEX outbox_unsent;
CREATE INDEX outbox_undelivered ON outbox (network, ended) WHERE ended <> 'delivered';
