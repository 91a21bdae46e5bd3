MATCH (a:Thing {network: $network})-[r:$($kind)]->(b:Thing {network: $network})
RETURN collect([elementId(a), elementId(b), properties(r)]) AS relations
