MATCH (n:Thing {network: $network, kind: $kind})
RETURN collect(n.id) AS ids
