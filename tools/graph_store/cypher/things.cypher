// Without the second line the index of all three does not serve, and all things are looked at.
MATCH (n:Thing {network: $network, kind: $kind})
WHERE n.id IS NOT NULL
RETURN collect(properties(n)) AS things
