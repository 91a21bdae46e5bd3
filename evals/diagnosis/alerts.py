"""What alerts do to a diagnosis: true ones, a lie, and a storm of lies about other places.

Recorded as the bench records. At the last look the same incident is diagnosed once with each set of
alerts; what counts is what is named first, all of it and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.resources import files
from typing import cast

import numpy as np
from pydantic import Field

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.diagnosis.bench import judged
from evals.diagnosis.methods import noctua
from evals.diagnosis.recording import LOOKS_S, Look, looks
from evals.diagnosis.scene import Severity, drawn_scene
from evals.intervals import share_interval
from evals.unseen import numbers_for
from tools.alerts.settings import FALSE, MISSED
from twin.events.fault import Fault
from twin.nouns.alert import Alert, AlertClaim
from twin.nouns.base import Noun
from twin.nouns.topology import Interface, Topology

_STORM = 20
"""Places that a storm of lies complains about, at most."""

_CLAIMS: Mapping[str, AlertClaim] = {
    "silent_egress_packet_loss": "silent_loss",
    "packet_loss": "queue_drops",
    "high_latency": "late_link",
    "traffic_spike": "traffic_surge",
    "igp_weight_misconfig": "trouble",
}
"""What somebody else would notice of a fault at its resource, where that is no lost adjacency."""


class AlertsSpec(Spec):
    """`cases`: topologies. `kinds`: of faults. `missing`: the share of samples that is."""

    kinds: tuple[str, ...]
    missing: float = Field(ge=0, lt=1)


class Play(Noun):
    """One recording, for all of `arms`."""

    case: str
    kind: str
    seed: int
    missing: float
    arms: tuple[str, ...]


class Said(Noun):
    """With one set of alerts: whether all that is wrong and nothing else was named first, and
    whether something was named that is not wrong.
    """

    arm: str
    exact: bool
    false: bool


class Diagnosed(Noun):
    """`said`: none where nothing is felt, or the network has no place for the fault."""

    said: tuple[Said, ...]


AlertsRecord = Record[Play, Diagnosed]


def _alert(claims: AlertClaim, resource: str, starts_s: float) -> Alert:
    return Alert(
        rule=f"theirs-{claims.replace('_', '-')}",
        claims=claims,
        resource=resource,
        starts_s=starts_s,
        false_rate=FALSE,
        missed_rate=MISSED,
    )


def _true(look: Look, _: np.random.Generator) -> list[Alert]:
    """What somebody else would tell of what is wrong."""
    topology, now_s = look.situation.inventory.topology, look.situation.tracker.now_s
    told = [one for fault in look.faults for one in _of(fault, topology)]
    return [_alert(claims, resource, now_s - 120.0) for claims, resource in told]


def _of(fault: Fault, topology: Topology) -> list[tuple[AlertClaim, str]]:
    down = sorted(fault.links_down(topology) | fault.unsteady_links)
    if down:
        return [("adjacency_down", link) for link in down]
    claims = _CLAIMS.get(fault.kind, "trouble")
    return [(claims, resource) for resource in fault.resources]


def _lies(look: Look, numbers: np.random.Generator) -> list[Alert]:
    """About links on which nothing is wrong, and that end nowhere where something is."""
    topology, now_s = look.situation.inventory.topology, look.situation.tracker.now_s
    wrong = {
        part for fault in look.faults for name in fault.resources for part in Interface.parts(name)
    }
    wrong |= {link for fault in look.faults for link in fault.links_down(topology)}
    links = [x for x in topology.links if not wrong & {x.id, x.a, x.b}]
    order = numbers.permutation(len(links))[:_STORM]
    kinds: tuple[AlertClaim, ...] = ("adjacency_down", "silent_loss", "queue_drops", "trouble")
    found = []
    for place, index in enumerate(order.tolist()):
        link, claims = links[index], kinds[place % len(kinds)]
        egress = str(Interface(node=link.a, link=link.id))
        resource = egress if claims in ("silent_loss", "queue_drops") else link.id
        found.append(_alert(claims, resource, now_s - 120.0))
    return found


ARMS: Mapping[str, Callable[[Look, np.random.Generator], list[Alert]]] = {
    "no alert": lambda *_: [],
    "true alerts": _true,
    "one lie": lambda look, numbers: _lies(look, numbers)[:1],
    "a storm of lies": _lies,
    "true alerts among lies": lambda look, numbers: [*_true(look, numbers), *_lies(look, numbers)],
}


def diagnose(play: Play) -> Diagnosed:
    """Record it, and diagnose it once with each set of alerts."""
    scene = drawn_scene(play.case, (play.kind,), cast("Severity", play.seed % 3), play.seed)
    if scene is None:
        return Diagnosed(said=())
    truth = tuple(event.fault for event in scene.case.truth.events)
    *_, look = looks(scene, play.seed, play.missing, looks_s=LOOKS_S[-1:])
    if look.incident is None:
        return Diagnosed(said=())
    tracker, said = look.situation.tracker, []
    for arm in play.arms:
        numbers = numbers_for("alerts", play.case, play.kind, play.seed)
        tracker.hear(ARMS[arm](look, numbers), tracker.now_s)
        one = judged("noctua", noctua(look), truth)
        said.append(Said(arm=arm, exact=one.exact, false=one.false))
        tracker.hear((), tracker.now_s)
    return Diagnosed(said=tuple(said))


def _plays(spec: AlertsSpec) -> list[Play]:
    return [
        Play(case=case, kind=kind, seed=seed, missing=spec.missing, arms=spec.arms)
        for seed in spec.seeds
        for case in spec.cases
        for kind in spec.kinds
    ]


def alerts_markdown(records: Sequence[AlertsRecord]) -> str:
    """By what alerts said, and against no alert; from the records alone."""
    done = [r.outcome.said for r in records if r.outcome is not None and r.outcome.said]
    arms = list(dict.fromkeys(arm for r in records for arm in r.play.arms))
    lines = ["| alerts | incidents | exactly right | interval | false | right with them alone | "
             "right without them alone |",
             "|---|--:|--:|---|--:|--:|--:|"]  # fmt: skip
    for arm in arms:
        mine = [(said[0], one) for said in done for one in said if one.arm == arm]
        right = sum(one.exact for _, one in mine)
        low, high = share_interval(right, len(mine))
        better = sum(one.exact and not without.exact for without, one in mine)
        worse = sum(without.exact and not one.exact for without, one in mine)
        false = sum(one.false for _, one in mine)
        lines.append(
            f"| {arm} | {len(mine)} | {right} | {low:.2f} to {high:.2f} | {false} | {better} | "
            f"{worse} |"
        )
    unfelt = len(records) - len(done)
    notes = [f"- left out, since nothing is felt or there is no place for it: {unfelt}"]
    notes += [raised_text(records, "and are left out"), code_text(records)]
    return "\n".join([*lines, "", *(note for note in notes if note), ""])


CAMPAIGN = Campaign(
    name="evals.diagnosis.alerts",
    file=files(__package__) / "alerts.yaml",
    spec=AlertsSpec,
    record=AlertsRecord,
    plays=_plays,
    together=lambda play: f"{play.case} {play.seed}",
    play=diagnose,
    table=alerts_markdown,
)
