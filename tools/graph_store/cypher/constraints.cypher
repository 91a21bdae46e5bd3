// One thing of a kind and id in a network: without it, concurrent MERGEs make several.
CREATE CONSTRAINT noctua_thing IF NOT EXISTS
FOR (n:Thing) REQUIRE (n.network, n.kind, n.id) IS UNIQUE
