"""What if this failed: events, thousands of scenarios of them, and what becomes of each."""
