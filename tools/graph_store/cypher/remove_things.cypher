UNWIND $keys AS key
MATCH (n:Thing {network: $network, kind: key[0], id: key[1]})
DETACH DELETE n
