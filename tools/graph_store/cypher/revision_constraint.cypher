CREATE CONSTRAINT noctua_revision IF NOT EXISTS
FOR (r:Revision) REQUIRE r.network IS UNIQUE
