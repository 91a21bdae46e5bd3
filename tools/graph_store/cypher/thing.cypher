OPTIONAL MATCH (n:Thing {network: $network, kind: $kind, id: $id})
RETURN properties(n) AS thing
