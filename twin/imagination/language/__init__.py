"""A language of its own for days on which something strikes, and a small model that speaks it."""
