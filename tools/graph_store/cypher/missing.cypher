UNWIND $keys AS key
OPTIONAL MATCH (n:Thing {network: $network, kind: key[0], id: key[1]})
WITH key, n WHERE n IS NULL
RETURN collect(key) AS keys
