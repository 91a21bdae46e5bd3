"""What happened, in one SQLite file that outlives the process, and the audit chain in it."""
