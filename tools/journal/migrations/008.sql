-- What each watch sees of its network and how much of it was read: a Seen as JSON, "" if it never said.
ALTER TABLE watches ADD COLUMN seen TEXT NOT NULL DEFAULT '';
