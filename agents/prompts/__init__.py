"""What each role is told, one file per role."""

from importlib.resources import files


def prompt(role: str) -> str:
    """The prompt of `role`: `agents/prompts/<role>.md`."""
    return files(__name__).joinpath(f"{role}.md").read_text(encoding="utf-8")
