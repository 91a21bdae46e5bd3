"""Wiring: state, nodes as thin adapters, routing, one composition root.

Everything that runs a graph imports this package first, so this is the one place that makes
LangGraph refuse to revive arbitrary objects from a checkpoint.
"""

import os

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
