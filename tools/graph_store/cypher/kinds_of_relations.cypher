MATCH (:Thing {network: $network})-[r]->(:Thing {network: $network})
WITH DISTINCT type(r) AS kind
RETURN collect(kind) AS kinds
