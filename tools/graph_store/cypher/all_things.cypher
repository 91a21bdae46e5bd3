// By what they say: many say the same, and each is then an id.
MATCH (n:Thing {network: $network})
WITH n.kind AS kind, [key IN keys(n) WHERE NOT key IN ["network", "kind", "id"] | [key, n[key]]] AS said,
     collect(n.id) AS ids, collect(elementId(n)) AS elements
RETURN collect([kind, said, ids, elements]) AS things
