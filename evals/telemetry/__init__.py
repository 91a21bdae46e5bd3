"""Telemetry as it really comes: what a watch makes of it."""
