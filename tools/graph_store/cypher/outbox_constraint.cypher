CREATE CONSTRAINT noctua_outbox IF NOT EXISTS
FOR (o:Outbox) REQUIRE (o.network, o.id) IS UNIQUE
