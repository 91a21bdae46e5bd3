UNWIND $relations AS relation
MATCH (a:Thing {network: $network, kind: relation.from_kind, id: relation.from_id})
MATCH (b:Thing {network: $network, kind: relation.to_kind, id: relation.to_id})
MERGE (a)-[r:$(relation.kind) {qualifier: relation.qualifier}]->(b)
SET r = relation.stored
RETURN count(r) AS written
