"""What a planner asks of the twin: which network, which traffic, which failures cost most."""
