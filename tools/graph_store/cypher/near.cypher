// By what they say: many say the same, and each is then an id, or two.
UNWIND $keys AS key
MATCH (n:Thing {network: $network, kind: key[0], id: key[1]})-[r]-(m:Thing {network: $network})
WITH collect(DISTINCT r) AS crossed, collect(DISTINCT m) AS reached
RETURN COLLECT {
    UNWIND crossed AS r
    WITH type(r) AS kind, properties(r) AS said, startNode(r) AS a, endNode(r) AS b
    WITH kind, said, a.kind AS source, b.kind AS target, collect(a.id) AS sources, collect(b.id) AS targets
    RETURN [kind, source, target, said, sources, targets]
} AS relations, COLLECT {
    UNWIND reached AS m
    WITH m.kind AS kind, [key IN keys(m) WHERE NOT key IN ["network", "kind", "id"] | [key, m[key]]] AS said, m.id AS id
    WITH kind, said, collect(id) AS ids
    RETURN [kind, said, ids]
} AS things
