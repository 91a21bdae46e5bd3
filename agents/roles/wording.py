"""Texts in answers that people read: whatever else they are, they are not blank."""

from typing import Annotated

from pydantic import AfterValidator


def _not_blank(text: str) -> str:
    # Not in the schema: every character of it is paid for in every call, and few models err here.
    if not any(map(str.isalnum, text)):
        raise ValueError("says nothing; a person reads it")
    return text


Wording = Annotated[str, AfterValidator(_not_blank)]
"""What a person is told: it has at least one letter or digit."""
