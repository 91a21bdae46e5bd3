// Of each relation: whose of the keys it is, whether it leaves there, what is at its other end, and
// what it says. Most say who and when and no more: a list is read faster than a map.
UNWIND range(0, size($keys) - 1) AS place
WITH place, $keys[place] AS key
MATCH (n:Thing {network: $network, kind: key[0], id: key[1]})-[r]-(m:Thing {network: $network})
WITH collect([
         place, type(r), startNode(r) = n, m.kind, m.id,
         CASE WHEN all(key IN keys(r) WHERE key IN ["qualifier", "source", "recorded_s"])
              THEN [r.qualifier, r.source, r.recorded_s] ELSE properties(r) END
     ]) AS relations,
     collect(DISTINCT m) AS reached
RETURN relations, [m IN reached | [
    m.kind, m.id,
    CASE WHEN all(key IN keys(m) WHERE key IN ["network", "kind", "id", "source", "recorded_s"])
         THEN [null, m.source, m.recorded_s] ELSE properties(m) END
]] AS things
