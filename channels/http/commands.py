"""Which command of the command line a route does, as the OpenAPI document says of it.

`x-command` names it; a test compares them all with the commands that there are.
"""

from typing import Any

COMMAND = "x-command"

_MEASURES = "it measures this software, and no network that is operated here"

MEASURING = (
    "campaign", "chat-delay", "chat-kills", "ducts", "estimate", "healthy", "policy compare",
    "policy shortlist", "predict compare", "predict cuts", "questions", "rca", "results",
    "scenarios", "storm", "survival", "token-bill",
)  # fmt: skip
"""Commands that play shipped scenarios, and print tables of figures."""

NOT_SERVED = {
    **dict.fromkeys(MEASURING, _MEASURES),
    "watch": "it is a process: it runs beside the server, or is begun with `noctua serve --watch`",
    "resume": "it is a process, which ends when a person has to answer; a watch goes on by itself",
    "serve": "it is the server",
    "slack": "it is a process: it speaks with a workspace, as the server itself does with `chats`",
    "teams": "it is a process: it speaks with a tenant, as the server itself does with `chats`",
    "chat": "a question bears those before it along: POST /questions",
    "netbox": "it writes a file, with a token of the environment of whoever runs it",
    "topology convert": "it writes a file from a file",
    "import": "it reads a file of whoever runs it",
    "graph load": "it reads a file of whoever runs it",
    "graph diff": "it reads a file of whoever runs it",
    "graph generate": "it writes a file",
    "graph export": "it is the whole graph in one document; `graph query` asks it",
    "audit vouch": "whoever vouches has the signing key, which is where the files are",
    "demo": "it plays an emulated incident, and waits in the terminal",
    "serve-demo": "it plays an emulated incident, with a server of its own",
    "run": "it plays a scripted incident, and waits in the terminal",
    "stage": "it makes an emulated network out of a file",
    "model-server": "it is a server of its own",
    "policy train": "it writes a file, and takes hours",
    "policy refine": "it writes a file, and takes hours",
    "predict train": "it writes a file, and takes hours",
    "train causal-lm": "it writes a file, and takes hours",
    "policy serve": "it is a server of its own",
    "repair-times": "it reads a file of whoever runs it, or measures the emulated field",
    "models list": "it is of the installation, and of no network",
    "models verify": "it is of the installation, and of no network",
}
"""Commands that no route does, and why."""


def does(command: str) -> dict[str, Any]:
    """What the document says of a route that does what `noctua <command>` does."""
    return {COMMAND: command}
