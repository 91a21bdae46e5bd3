"""The roles: what each is told, which tools it has, and what its answer must be grounded in."""
