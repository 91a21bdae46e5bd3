// Writes that waited are numbered by whoever sends them: what was taken before is no news.
MERGE (o:Outbox {network: $network, id: $outbox})
WITH o, coalesce(o.taken, 0) AS taken
SET o.taken = CASE WHEN taken < $number THEN $number ELSE taken END
RETURN taken < $number AS is_news
