"""Whether something is announced work."""

from twin.nouns.inventory import Inventory

_SLACK_S = 300.0
"""Planned work may start and end this much off its announced time."""


def is_planned(inventory: Inventory, link: str, time_s: float) -> bool:
    """Whether work on `link` is announced for that time."""
    return any(work.covers(link, time_s, _SLACK_S) for work in inventory.planned_work)
