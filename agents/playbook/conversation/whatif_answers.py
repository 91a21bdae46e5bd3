"""What would be, in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from agents.conversation.queries.topology import SHOW_LINK, OneLink, ServiceName
from agents.conversation.queries.whatif import (
    WHAT_IF,
    WORST_FAILURES,
    InBreach,
    Supposed,
    Sweep,
    WhatIfResult,
)
from agents.playbook.conversation.grammar import Reading
from agents.playbook.conversation.looking_up import Asked, Decline
from agents.playbook.conversation.words import (
    begun,
    egresses,
    joined,
    percent,
    plain,
    rate,
    services,
)
from twin.nouns.counted import counted
from twin.nouns.traffic import TrafficClass

T = TypeVar("T")
N = TypeVar("N", bound=ServiceName)

_WORST = 5
NEXT_HOURS = 24
_MOST_SERVICES = 25


def _events(reading: Reading) -> str:
    slots = reading.slots
    events = [
        f"{kind} {slots[name]} down"
        for name, kind in (
            ("link", "link"),
            ("link2", "link"),
            ("link3", "link"),
            ("node", "node"),
            ("node2", "node"),
            ("group", "group"),
        )
        if name in slots
    ]
    if "drain" in slots:
        events.append(f"drain {slots['drain']}")
    if "weighed" in slots:
        if not 1 <= int(slots["number"]) <= 65_534:
            raise Decline("No interface takes that weight.")
        link, number = slots["weighed"], slots["number"]
        end = (
            f" from {slots['atnode']} to {number}"
            if "atnode" in slots
            else f" to {number} both ways"
        )
        events.append(f"weight {link}{end}")
    return "; ".join(events)


def _suppose(
    asked: Asked, reading: Reading, *watched: str, hours: int = 0, forecast: bool = False
) -> WhatIfResult:
    if "atnode" in reading.slots:
        ends = asked.glance(SHOW_LINK, OneLink(link=reading.slots["weighed"])).ends
        if reading.slots["atnode"] not in ends:
            raise Decline(f"{reading.slots['weighed']} does not end at that node.")
    supposed = Supposed(
        events=_events(reading),
        at=reading.slots.get("time", ""),
        watch_links=watched,
        hours=hours,
        forecast=forecast,
    )
    return asked.look_up(WHAT_IF, supposed)


def _effect(asked: Asked, reading: Reading) -> str:
    slots = reading.slots
    if "watched" in slots:
        return _load_if(asked, reading)
    then = _suppose(asked, reading)
    if "class" in slots:
        return f"{_supposed(then)} {class_effect(then, slots['class'])}"
    if "service" in slots or "customer" in slots:
        return f"{_supposed(then)} {served_effect(then, slots)}"
    return f"{_supposed(then)} {breaches(then)}{relieved(then)} {overloads(then)} {losses(then)}"


def class_effect(then: WhatIfResult, cls: str) -> str:
    """How one class of traffic fares."""
    mine, name = then.classes[TrafficClass(cls)], plain(cls)
    rows = [s for s in then.newly_in_breach if s.traffic_class == cls]
    said = f"No {name} service would newly be in breach."
    if number := mine.newly_in_breach:
        said = f"{counted(number, f'{name} service')} would newly be in breach: "
        said += f"{joined(_with_reasons(rows), _MOST_SERVICES, number)}."
    return f"{said}{_still(then, cls)} {begun(name)} traffic lost: {rate(mine.lost_bps_after)}."


def _with_reasons(rows: Sequence[InBreach]) -> list[str]:
    return [f"{s.service} ({s.customer}: {joined(s.reasons)})" for s in rows]


def served_effect(then: WhatIfResult, slots: Mapping[str, str]) -> str:
    """How a service fares, or those of a customer."""
    service, customer = slots.get("service", ""), slots.get("customer", "")
    who = service or customer

    def is_meant(row: ServiceName) -> bool:
        return row.service == service or row.customer == customer

    newly = [s for s in _all(then.newly_in_breach, then.newly_in_breach_count) if is_meant(s)]
    still = [s for s in _all(then.still_in_breach, then.still_in_breach_count) if is_meant(s)]
    said = []
    if newly:
        said.append(f"{who} would newly be in breach: {joined(_with_reasons(newly))}.")
    if still:
        names = joined([s.service for s in still])
        said.append(f"{who} is in breach already, by the twin, and would stay so with {names}.")
    if not said:
        said.append(f"By the twin, {who} would not be in breach.")
    if service in then.in_breach_now_by_probes:
        said.append("Probes show it in breach now.")
    return " ".join(said)


def _all(rows: Sequence[T], number: int) -> Sequence[T]:
    if number > len(rows):
        raise Decline("More services would be in breach than I can list.")
    return rows


def _breach_if(asked: Asked, reading: Reading) -> str:
    then = _suppose(asked, reading)
    cls = reading.slots.get("class", "")
    if cls:
        return f"{_supposed(then)} {class_effect(then, cls)}"
    return f"{_supposed(then)} {breaches(then)}"


def _overload_if(asked: Asked, reading: Reading) -> str:
    then = _suppose(asked, reading)
    return f"{_supposed(then)} {overloads(then)}"


def _load_if(asked: Asked, reading: Reading) -> str:
    watched = reading.slots["watched"]
    then = _suppose(asked, reading, watched)
    if watched in then.links_down:
        return f"{_supposed(then)} {watched} would be down itself."
    pairs = zip(then.before.watched, then.after.watched, strict=True)
    said = [
        f"{percent(is_.utilisation)} from {is_.node} (before: {percent(was.utilisation)})"
        for was, is_ in pairs
    ]
    return f"{_supposed(then)} {watched} would be offered {joined(said)}."


def _safe(asked: Asked, reading: Reading) -> str:
    """For the time that is named, else for all of the next day: work takes longer than a minute."""
    hours = 0 if "time" in reading.slots else NEXT_HOURS
    then = _suppose(asked, reading, hours=hours, forecast=True)
    said = f"{breaches(then)} {overloads(then)} {losses(then)}"
    return f"{verdict(then)}{forecast_said(then)} {_supposed(then)} {said}"


def verdict(then: WhatIfResult) -> str:
    """Whether it can be done, at the time or at the worst of the times that were tried."""
    cut = then.after.without_a_way_bps > then.before.without_a_way_bps
    bad = bool(then.newly_in_breach_count or then.more_overloaded_count) or cut
    # No "yes": "is it safe?" and "is it risky?" are both asked here.
    said = f"By the twin, that is {'not safe' if bad else 'safe'}"
    if then.forecast is None or then.forecast.verdict == ("not safe" if bad else "safe"):
        return f"{said}."
    return f"{said} with the demand that is expected, but do not rely on it."


def forecast_said(then: WhatIfResult) -> str:
    """What the forecast says of all the time that was asked about, with its interval."""
    found = then.forecast
    if found is None:
        return ""
    because = f" ({joined(found.reasons)})" if found.reasons else ""
    newly = ""
    if found.newly_in_breach_probability:
        newly = (
            f"; services are newly in breach with a probability of "
            f"{percent(found.newly_in_breach_probability)}"
        )
    low, high = percent(found.max_utilisation.p05), percent(found.max_utilisation.p95)
    return (
        f" The forecast calls it {found.verdict}{because}: highest utilisation {low} to {high} "
        f"(in nine of ten of its {found.rollouts} draws){newly}."
    )


def _worst(asked: Asked, reading: Reading) -> str:
    of = "link" if reading.intent == "worst_links" else "node"
    sweep = Sweep(of=of, at=reading.slots.get("time", ""), most=_WORST)
    swept = asked.look_up(WORST_FAILURES, sweep)
    rows = [
        f"{row.link or row.node} ({counted(row.services_in_breach, 'service')} in breach, highest "
        f"utilisation {percent(row.max_utilisation)})"
        for row in swept.worst
    ]
    return (
        f"With the demand of {swept.demand_of_utc}, of {swept.tried} single failures the "
        f"worst by services in breach: {joined(rows)}."
    )


def _supposed(then: WhatIfResult) -> str:
    return f"If {supposition(then)}:"


def supposition(then: WhatIfResult) -> str:
    """The events, and the demand that they were reckoned with."""
    what = events_in_words(then) or "nothing happens"
    known = "" if then.known_from_telemetry else ", with the network as on record"
    more = f", all of it times {then.demand_factor:g}" if then.demand_factor != 1.0 else ""
    share = percent(then.demand_share_of_peak)
    if then.hours_tried == 1:
        return f"{what}, with the demand of {then.demand_of_utc} ({share} of the peak){more}{known}"
    return (
        f"{what}, from {then.from_utc} to {then.until_utc} by the daily profile{more}{known}; the "
        f"worst of {then.hours_tried} times tried is {then.demand_of_utc} ({share} of the peak), "
        "of which this is said"
    )


def events_in_words(then: WhatIfResult) -> str:
    """The events, and which of them are so already; "" where there are none."""
    said = []
    events = then.events.split("; ") if then.events else []
    described = then.described if len(then.described) == len(events) else events
    for event, in_words in zip(events, described, strict=True):
        if event.startswith("drain "):
            words = f"{event.removeprefix('drain ')} is drained"
        elif event.startswith("weight "):
            link, _, weight = event.removeprefix("weight ").partition(" to ")
            words = f"the weight of {link} is set to {weight}"
        elif event.startswith("undrain "):
            words = f"{event.removeprefix('undrain ')} is no longer drained"
        elif event.endswith(" up"):
            words = f"{event.partition(' ')[2].removesuffix(' up')} comes back"
        elif event.endswith(" down"):
            words = f"{event.partition(' ')[2].removesuffix(' down')} fails"
        else:
            words = in_words
        so = " (which is so already and changes nothing)" if event in then.already_so else ""
        said.append(f"{words}{so}")
    return " and ".join(said)


def by_class(rows: Iterable[N]) -> list[N]:
    """Services in the order of their classes: voice, business, best effort."""
    order = list(TrafficClass)
    return sorted(rows, key=lambda row: order.index(row.traffic_class))


def breaches(then: WhatIfResult) -> str:
    """Services that break their promise."""
    number, rows = then.newly_in_breach_count, then.newly_in_breach
    if not number:
        return f"no service would newly be in breach.{_still(then)}"
    named = joined(services(by_class(rows)), _MOST_SERVICES, number)
    return f"{counted(number, 'service')} would newly be in breach: {named}.{_still(then)}"


def _still(then: WhatIfResult, cls: str = "") -> str:
    """What is in breach whether it happens or not."""
    rows = [s for s in then.still_in_breach if not cls or s.traffic_class == cls]
    if not rows:
        return ""
    unlisted = then.still_in_breach_count - len(then.still_in_breach)
    named = joined(services(rows), _MOST_SERVICES, len(rows) + unlisted)
    return f" In breach with or without it, by the twin: {named}."


def relieved(then: WhatIfResult) -> str:
    """Services that no longer do."""
    rows = then.no_longer_in_breach
    return f" No longer in breach: {joined(rows, _MOST_SERVICES)}." if rows else ""


def overloads(then: WhatIfResult) -> str:
    """Egresses that are offered too much, or the busiest."""
    after, number = then.after, then.after.overloaded_count
    if not number:
        return f"No egress would be overloaded; the busiest is {egresses([after.busiest])[0]}."
    return (
        f"{counted(number, 'egress', 'egresses')} would be overloaded: "
        f"{joined(egresses(after.overloaded), len(after.overloaded), number)}."
    )


def losses(then: WhatIfResult) -> str:
    """Traffic that is lost."""
    after = then.after
    cut = after.without_a_way_bps
    way = f" ({rate(cut)} of it without a way)" if cut else ""
    return f"Traffic lost: {rate(after.lost_bps)}{way}."


WHATIF_ANSWERS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "effect": _effect,
    "breach_if": _breach_if,
    "overload_if": _overload_if,
    "load_if": _load_if,
    "safe": _safe,
    "worst_links": _worst,
    "worst_nodes": _worst,
}
"""By intent."""
