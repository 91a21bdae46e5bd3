"""The knowledge graph: what depends on what, and what happened before."""
