"""A start, timed faults and timed actions: what a rollout plays."""

from twin.events.action import Action
from twin.events.fault import Fault
from twin.nouns.base import Noun


class TimedFault(Noun):
    """`fault` holds from `at_s` until `until_s` (None: until the end), seconds after the start."""

    at_s: float
    until_s: float | None
    fault: Fault


class TimedAction(Noun):
    """`action` takes effect `at_s` seconds after the start."""

    at_s: float
    action: Action


class Scenario(Noun):
    """`duration_s` seconds from `starts_s` (Unix seconds); demand follows the profile."""

    name: str
    starts_s: float
    duration_s: float
    faults: tuple[TimedFault, ...] = ()
    actions: tuple[TimedAction, ...] = ()
