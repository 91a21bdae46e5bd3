// `write` is looked up where the reply to a commit was lost.
MERGE (r:Revision {network: $network})
SET r.revision = coalesce(r.revision, 0) + 1, r.version = $version,
    r.writes = [$write] + coalesce(r.writes, [])[..63]
RETURN r.revision AS revision
