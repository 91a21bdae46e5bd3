"""What stands against a change at a time: windows, freezes and planned work. Pure.

Every entry that stands has an id ("window:nights", "freeze:year-end", "planned_work:PW-12"), by
which an approval can override it.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from tools.change.policy import (
    DAYS,
    ApprovalPolicy,
    CalendarRules,
    ChangeWindow,
    Freeze,
    Purpose,
    SecondApprover,
)
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import BlastRadius
from twin.nouns.planned_work import PlannedWork


def windows_missed(calendar: CalendarRules, purpose: Purpose, at_s: float) -> tuple[str, ...]:
    """Every window that names `purpose`, if `at_s` (Unix seconds) is in none of them."""
    named = [window for window in calendar.windows if purpose in window.purposes]
    if any(is_open(window, at_s) for window in named):
        return ()
    return tuple(f"window:{window.id}" for window in named)


def is_open(window: ChangeWindow, at_s: float) -> bool:
    """Whether `at_s` (Unix seconds) is in `window`, its end excluded.

    A time that the clock skips in spring is taken with the offset from before the gap; of one that
    comes twice in autumn, the first is meant. Source: RFC 5545, section 3.3.5.
    """
    today = datetime.fromtimestamp(at_s, ZoneInfo(window.timezone)).date()
    return any(
        starts_s <= at_s < ends_s
        for day in (today - timedelta(days=1), today)
        if DAYS[day.weekday()] in window.days
        for starts_s, ends_s in [_opening(window, day)]
    )


def freezes_on(
    calendar: CalendarRules, purpose: Purpose, network: str, at_s: float
) -> tuple[Freeze, ...]:
    """The freezes that `at_s` (Unix seconds) is in, and that concern `purpose` and `network`."""
    at = datetime.fromtimestamp(at_s, UTC)
    return tuple(
        freeze
        for freeze in calendar.freezes
        if freeze.from_ <= at < freeze.until
        and purpose in freeze.purposes
        and (freeze.networks is None or network in freeze.networks)
    )


def work_on(
    planned: Iterable[PlannedWork], links: frozenset[str], at_s: float, ahead_s: float
) -> tuple[PlannedWork, ...]:
    """Planned work on one of `links` that is under way at `at_s` or starts within `ahead_s`."""
    return tuple(
        work
        for work in planned
        if links & set(work.links) and work.starts_s - ahead_s <= at_s <= work.ends_s
    )


def touched_links(before: NetworkConfiguration, after: NetworkConfiguration) -> frozenset[str]:
    """Links of which some end is configured otherwise in `after`."""
    return frozenset(
        new.link
        for device in after.devices
        for old, new in zip(before.device(device.node).interfaces, device.interfaces, strict=True)
        if old != new
    )


def approvers_needed(blast: BlastRadius, total_bps: float, second: SecondApprover | None) -> int:
    """How many different people have to approve; `total_bps` is all traffic at peak."""
    if second is None:
        return 1
    share = blast.moved_bps / total_bps if total_bps else 0.0
    exceeds = (
        len(blast.devices) > second.above_devices,
        len(blast.services) > second.above_services,
        share > second.above_moved_share,
    )
    return 2 if any(exceeds) else 1


def most_devices_of_one(policy: ApprovalPolicy) -> int:
    """How many devices a plan may touch before it needs a second person, or is refused."""
    second = policy.approval.second_approver
    return policy.blast.max_devices if second is None else second.above_devices


def _opening(window: ChangeWindow, day: date) -> tuple[float, float]:
    """From when until when (Unix seconds) the window that starts on `day` is open."""
    zone = ZoneInfo(window.timezone)
    last_day = day if window.to > window.from_ else day + timedelta(days=1)
    starts = datetime.combine(day, window.from_, zone)
    return starts.timestamp(), datetime.combine(last_day, window.to, zone).timestamp()
