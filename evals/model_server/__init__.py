"""An OpenAI-compatible server for tests and demonstrations: scripted, recorded or replayed.

with ModelServer(Script(roles={"diagnoser": (Good(), Status(code=500))})) as server:
    ...  # point a chat model at server.url
"""

from evals.model_server.script import Script
from evals.model_server.server import DoubleCrashed, ModelServer

__all__ = ["DoubleCrashed", "ModelServer", "Script"]
