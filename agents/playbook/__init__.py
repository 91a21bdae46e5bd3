"""The mind that ships with Noctua: deterministic, offline, given only what any model is given."""

from agents.playbook.model import PlaybookModel, Policy
from agents.playbook.view import CallSeen, PlaybookDefect, ToolChoice, TranscriptView, answer

__all__ = [
    "CallSeen",
    "PlaybookDefect",
    "PlaybookModel",
    "Policy",
    "ToolChoice",
    "TranscriptView",
    "answer",
]
