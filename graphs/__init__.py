"""Wiring: state, nodes as thin adapters, routing, and the one composition root."""
