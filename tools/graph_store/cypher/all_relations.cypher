// By what they say: thousands say the same, and each is then two ends.
MATCH (a:Thing {network: $network})-[r]->(b:Thing {network: $network})
WITH type(r) AS kind, properties(r) AS said, collect(elementId(a)) AS sources, collect(elementId(b)) AS targets
RETURN collect([kind, said, sources, targets]) AS relations
