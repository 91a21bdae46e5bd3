"""What announced work explains: these links, in its time, under its change id, and nothing else."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from twin.nouns.configuration import (
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
)
from twin.nouns.planned_work import PlannedWork
from twin.nouns.topology import Interface

SLACK_S = 300.0
"""Announced work may start so long before its announced time."""

LATE_S = 120.0
"""It may end so long after it: whoever is on duty wants to know soon that a crew is not done."""

FADES_S = 300.0
"""Probes, smoothed over rounds, show loss so long after it has ended."""

EARLY_S = 2 * 3600.0
"""What happens to a link so long before its work starts may be the crew that is early (assumed)."""

_SWITCHED_OFF: Mapping[str, object] = {"shut_down": False, "drained": False}
"""What a crew does to the link that it works on, whatever id it commits under."""


def under_way(planned: Sequence[PlannedWork], at_s: float) -> tuple[PlannedWork, ...]:
    """The work that may be going on at `at_s`, Unix seconds."""
    return tuple(w for w in planned if w.starts_s - SLACK_S <= at_s <= w.ends_s + LATE_S)


def shows_at(work: PlannedWork, at_s: float) -> bool:
    """Whether what `work` does may be felt at `at_s`, Unix seconds."""
    return bool(under_way((work,), at_s) or under_way((work,), at_s - FADES_S))


def explains_loss(planned: Sequence[PlannedWork], link: str, at_s: float) -> bool:
    """Whether `link` may be down at `at_s` because of announced work."""
    return any(work.covers(link, at_s, SLACK_S, LATE_S) for work in planned)


def explains_change(
    planned: Sequence[PlannedWork],
    was: InterfaceConfiguration,
    runs: InterfaceConfiguration,
    at_s: float,
    change_id: str,
) -> bool:
    """Whether announced work explains that an interface `runs` otherwise than it `was`.

    `change_id`: of the announced work under whose id it was committed, "" if under none. Work on
    the link explains that it is shut or drained; any other edit it explains under its own id alone.
    """
    only_off = runs.model_copy(update=_SWITCHED_OFF) == was.model_copy(update=_SWITCHED_OFF)
    return any(
        work.covers(runs.link, at_s, SLACK_S, LATE_S)
        and change_id in ((work.id, "") if only_off else (work.id,))
        for work in planned
    )


def expected_of(
    planned: Sequence[PlannedWork],
    before: DeviceConfiguration,
    device: DeviceConfiguration,
    at_s: float,
    changed_under: Mapping[str, str],
) -> DeviceConfiguration:
    """`before`, with those interfaces of `device` whose difference announced work explains."""
    expected = before
    for was, runs in zip(before.interfaces, device.interfaces, strict=True):
        under = changed_under.get(str(Interface(node=device.node, link=runs.link)), "")
        if was != runs and explains_change(planned, was, runs, at_s, under):
            expected = expected.with_interface(runs)
    return expected


def expected_configuration(
    planned: Sequence[PlannedWork],
    before: NetworkConfiguration,
    running: NetworkConfiguration,
    at_s: float,
    changed_under: Mapping[str, str],
) -> NetworkConfiguration:
    """`before`, with what announced work explains of `running`; `before` itself without work."""
    links = {link for work in under_way(planned, at_s) for link in work.links}
    expected = before
    for was, runs in zip(before.devices, running.devices, strict=True):
        if was is not runs and not links.isdisjoint(i.link for i in runs.interfaces):
            device = expected_of(planned, was, runs, at_s, changed_under)
            if device is not was:
                expected = expected.with_device(device)
    return expected


def departure(
    planned: Sequence[PlannedWork],
    link: str,
    what: str,
    change_id: str,
    since_s: float,
    at_s: float,
) -> str:
    """In what it departs from what was announced that `link` is `what` ("shut"), as a sentence that
    names the work; "" where it has to do with none, or in nothing.

    `change_id`: of the announced work under whose id it was committed, "" if under none; `since_s`:
    when it began.
    """
    if change_id:
        work = next((w for w in planned if w.id == change_id), None)
    else:
        near = [
            w
            for w in planned
            if link in w.links and w.starts_s - EARLY_S <= since_s <= w.ends_s + LATE_S
        ]
        work = max(near, key=lambda w: w.ends_s, default=None)
    if work is None:
        return ""
    if link not in work.links:
        return f"{work.id} is announced for {', '.join(work.links)}, {link} is {what} under it"
    if at_s > work.ends_s + LATE_S:
        return f"{work.id} is over since {_clock(work.ends_s)}, {link} is still {what}"
    if at_s < work.starts_s - SLACK_S:
        return f"{work.id} starts only at {_clock(work.starts_s)}, {link} is {what} already"
    if what not in ("shut", "drained", "down"):
        return f"{work.id} is announced for {link}, which is {what} under no id of it"
    return ""


def _clock(time_s: float) -> str:
    return f"{datetime.fromtimestamp(time_s, UTC):%H:%M} UTC"
