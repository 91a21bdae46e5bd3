MATCH (n:Thing {network: $network})
RETURN collect([elementId(n), properties(n)]) AS things
