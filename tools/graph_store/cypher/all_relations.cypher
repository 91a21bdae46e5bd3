// By what they say: thousands say the same, and each is then two ends.
MATCH (a:Thing {network: $network})-[r:$($kind)]->(b:Thing {network: $network})
WITH properties(r) AS said, collect(elementId(a)) AS sources, collect(elementId(b)) AS targets
RETURN collect([said, sources, targets]) AS relations
