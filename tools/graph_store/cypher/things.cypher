MATCH (n:Thing {network: $network, kind: $kind})
RETURN collect(properties(n)) AS things
