UNWIND $things AS thing
MERGE (n:Thing {network: $network, kind: thing.kind, id: thing.id})
SET n = thing.stored
SET n:$(thing.kind)
