"""Alerts of other monitoring systems: read as each sends them, and mapped to the network."""
