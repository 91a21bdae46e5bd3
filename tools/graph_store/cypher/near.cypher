UNWIND $keys AS key
MATCH (n:Thing {network: $network, kind: key[0], id: key[1]})-[r]-(:Thing {network: $network})
WITH DISTINCT r
WITH r, startNode(r) AS a, endNode(r) AS b
RETURN collect([type(r), [a.kind, a.id], [b.kind, b.id], properties(r)]) AS relations
