OPTIONAL MATCH (r:Revision {network: $network})
RETURN coalesce(r.revision, 0) AS revision, coalesce(r.version, 0) AS version,
       coalesce(r.writes, []) AS writes
