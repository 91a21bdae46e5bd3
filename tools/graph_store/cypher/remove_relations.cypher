UNWIND $relations AS relation
MATCH (a:Thing {network: $network, kind: relation.from_kind, id: relation.from_id})
      -[r:$(relation.kind)]->
      (b:Thing {network: $network, kind: relation.to_kind, id: relation.to_id})
WHERE coalesce(r.qualifier, "") = relation.qualifier
DELETE r
