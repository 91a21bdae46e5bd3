"""The files in `published/`, for the tests that read them."""

from pathlib import Path

PUBLISHED = Path(__file__).parent / "published"


def published(name: str) -> str:
    """The text of a file by its path in `published/`."""
    return (PUBLISHED / name).read_text(encoding="utf-8")
