"""How the ranker that ships is trained: imitation of sweeps, then of its own states."""
