"""Announced work explains what was announced, and nothing else.

Each situation is played with the work, and as a control without it: what nobody had announced has
to be found in the first as in the second. A link is drained or shut by its crew, at both ends.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Literal, get_args

from pydantic import NonNegativeInt

from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.promises import count_line, in_breach, in_time, located, share_line
from evals.stage import Case
from evals.unseen import Ground, drawn_world, numbers_for, timed
from evals.witness import Told, Witnessed, witness
from tools.network.emulated.case_truth import CaseTruth, PlannedAction
from twin.events.faults.link_down import LinkDown
from twin.nouns.base import Noun
from twin.nouns.planned_work import PlannedWork

Situation = Literal["in time", "early", "overrun", "wrong link", "other change", "protecting path"]
Way = Literal["drain", "link_down"]
Arm = Literal["noctua", "control"]

_DURATION_S = 4.5 * 3600.0
_WINDOW_S = (3600.0, 9000.0)
_WORK_S = (3900.0, 8700.0)
_EARLY_S = 1800.0
_LATE_S = 14_400.0
_OTHER_S = (4500.0, 6000.0)


class AnnouncedSpec(Spec):
    """`cases`: topologies. `situations`, `ways`: of Situation and Way."""

    arms: tuple[Arm, ...]
    situations: tuple[Situation, ...]
    ways: tuple[Way, ...]


class Play(Noun):
    """One situation, with the work or (`arm` "control") without it."""

    case: str
    situation: Situation
    way: Way
    arm: Arm
    seed: NonNegativeInt

    @property
    def scene(self) -> tuple[str, Situation, Way, int]:
        """What both arms have in common."""
        return self.case, self.situation, self.way, self.seed


class Outcome(Noun):
    """What was witnessed. `unannounced`: the link at which something happened that nobody had
    announced, "" for nothing; `from_s`: since when. `crew`: the link on which a crew works, "" in a
    control of something else; `works`: from when to when, Unix seconds.
    """

    seen: Witnessed
    unannounced: str
    from_s: float
    crew: str
    works: tuple[float, float]


AnnouncedRecord = Record[Play, Outcome]


class Scene(Noun):
    """See Outcome; seconds from the start, and the truth of it."""

    truth: CaseTruth
    announced: bool
    unannounced: str
    from_s: float
    crew: str
    works: tuple[float, float]


def scene(
    ground: Ground, situation: Situation, way: Way, arm: Arm, key: tuple[object, ...]
) -> tuple[str, Scene]:
    """The link that work is announced for, and what happens."""
    numbers = numbers_for("announced", *key)
    link = ground.link(numbers).id
    number = f"CHG-{6000 + int(numbers.integers(1000))}"
    late_s = round(float(numbers.uniform(*_OTHER_S)))
    starts_s, ends_s = _WORK_S
    alone = arm == "control"
    unannounced, from_s, crew = "", 0.0, link
    events = []
    match situation:
        case "in time":
            pass
        case "early":
            starts_s, unannounced, from_s = _EARLY_S, link, _EARLY_S
        case "overrun":
            starts_s = _WINDOW_S[1] if alone else starts_s
            ends_s, unannounced, from_s = _LATE_S, link, _WINDOW_S[1]
        case "wrong link":
            crew = ground.link(numbers, but={link}).id
            unannounced, from_s = crew, starts_s
        case "other change":
            unannounced, from_s, crew = _beside(ground, link), late_s, "" if alone else link
            node = _common(ground, link, unannounced)
            fault = ground.misconfigured(node, unannounced, numbers)
            events.append(timed(fault, late_s, numbers))
        case "protecting path":
            unannounced = ground.protecting(link).id
            from_s, crew = late_s, "" if alone else link
            events.append(timed(LinkDown(link=unannounced), late_s, numbers))
    action = PlannedAction(at_s=starts_s, until_s=ends_s, link=crew, what=way, change_id=number)
    work = (action,) if crew and not (alone and situation == "in time") else ()
    return link, Scene(
        truth=CaseTruth(events=tuple(events), planned_actions=work),
        announced=not alone,
        unannounced=unannounced,
        from_s=from_s,
        crew=crew if work else "",
        works=(starts_s, ends_s),
    )


def _beside(ground: Ground, link: str) -> str:
    """Another link of a router of `link`, busy if there is one."""
    ends = ground.inventory.topology.link(link)
    near = {ends.a, ends.b}
    links = [*ground.busy, *ground.inventory.topology.links]
    return next(x.id for x in links if x.id != link and near & {x.a, x.b})


def _common(ground: Ground, link: str, other: str) -> str:
    one, two = (ground.inventory.topology.link(x) for x in (link, other))
    return min({one.a, one.b} & {two.a, two.b})


def incident(play: Play) -> tuple[Case, Scene]:
    """What is played."""
    drawn_at = drawn_world(*play.scene, duration_s=_DURATION_S)
    # At its usual traffic a network does without any one link: what goes as announced hurts nobody.
    world = drawn_at.model_copy(update={"traffic_scale": 1.0})
    ground = Ground.of(world)
    link, drawn = scene(ground, play.situation, play.way, play.arm, play.scene)
    window = PlannedWork(
        id=drawn.truth.planned_actions[0].change_id if drawn.truth.planned_actions else "CHG-1",
        links=(link,),
        starts_s=world.starts_s + _WINDOW_S[0],
        ends_s=world.starts_s + _WINDOW_S[1],
    )
    known = (window,) if drawn.announced else ()
    return Case(world.model_copy(update={"planned_work": known}), drawn.truth), drawn


def _plays(spec: AnnouncedSpec) -> list[Play]:
    """Work that goes as announced has no control: without it nothing happens."""
    return [
        Play(case=case, situation=situation, way=way, arm=arm, seed=seed)
        for seed in spec.seeds
        for case in spec.cases
        for situation in spec.situations
        for way in spec.ways
        for arm in spec.arms
        if arm != "control" or situation != "in time"
    ]


def _play(play: Play) -> Outcome:
    case, drawn = incident(play)
    starts_s = case.world.starts_s
    return Outcome(
        seen=witness(case, "noctua", play.seed),
        unannounced=drawn.unannounced,
        from_s=starts_s + drawn.from_s,
        crew=drawn.crew,
        works=(starts_s + drawn.works[0], starts_s + drawn.works[1]),
    )


def found(ours: Outcome, control: Outcome) -> bool | None:
    """Whether what was not announced was found as in the control; None if that found nothing."""
    alone = located(control.seen.incidents, control.unannounced, control.from_s)
    if alone is None:
        return None
    mine = located(ours.seen.incidents, ours.unannounced, ours.from_s)
    if mine is None or not mine[1] & alone[1]:
        return False
    return in_time(mine[0] - ours.from_s, alone[0] - control.from_s)


def crews_sent(play: Outcome) -> int:
    """Field orders, while a crew works, for the link on which it does."""
    starts_s, ends_s = play.works
    return sum(
        play.crew in order.links and starts_s <= order.at_s <= ends_s
        for order in play.seen.orders
        if play.crew
    )


def of_work(play: Outcome) -> list[Told]:
    """Incidents that were detected before anything happened which nobody had announced."""
    until_s = play.from_s if play.unannounced else play.seen.ends_s
    return [told for told in play.seen.incidents if told.detected_s < until_s]


def needless(play: Outcome) -> int:
    """Incidents of work that goes as announced, while no service was in breach."""
    return sum(not in_breach(told, play.seen.spells) for told in of_work(play))


def hurtful(play: Outcome) -> int:
    """Incidents of work that goes as announced, in which it put a service in breach."""
    return len(of_work(play)) - needless(play)


def announced_markdown(records: Sequence[AnnouncedRecord]) -> str:
    """What was found and what was not, by situation; from the records alone."""
    ours = {r.play.scene: r.outcome for r in records if r.play.arm == "noctua"}
    controls = {r.play.scene: r.outcome for r in records if r.play.arm == "control"}
    lines = [f"{len(ours)} plays with work, {len(controls)} controls without.\n\n"]
    everywhere: list[bool] = []
    blind = 0
    missed: list[str] = []
    for situation in get_args(Situation):
        if situation == "in time":
            continue
        verdicts: list[bool] = []
        for key, play in ours.items():
            control = controls.get(key)
            if key[1] != situation or control is None:
                continue
            verdict = False if play is None else found(play, control)
            if verdict is None:
                blind += 1
                continue
            verdicts.append(verdict)
            if not verdict:
                missed.append(" ".join(map(str, key)))
        everywhere += verdicts
        lines.append(
            share_line(f"found as in the control, {situation}", sum(verdicts), len(verdicts))
        )
    ended = {key: play for key, play in ours.items() if play is not None}
    lines += [
        share_line("found as in the control, all", sum(everywhere), len(everywhere)),
        f"- left out, as the control found nothing either: {blind}\n",
        count_line(
            "field orders to a crew's own link", sum(map(crews_sent, ended.values())), len(ours)
        ),
        count_line(
            "incidents of work that goes as announced",
            sum(map(needless, ended.values())),
            len(ours),
        ),
        f"- incidents in which announced work had put a service in breach: "
        f"{sum(map(hurtful, ended.values()))}\n",
        f"- field orders, in controls, to what somebody switched off: "
        f"{sum(crews_sent(c) for c in controls.values() if c is not None)}\n",
        *(f"- not found: {text}\n" for text in missed),
        raised_text(records, "and count as not found"),
        f"Run: `noctua campaign announced`, {code_text(records)}.\n",
    ]
    return "".join(lines)


CAMPAIGN = Campaign(
    name="announced",
    file=files(__package__) / "announced.yaml",
    spec=AnnouncedSpec,
    record=AnnouncedRecord,
    plays=_plays,
    together=lambda play: " ".join(map(str, play.scene)),
    play=_play,
    table=announced_markdown,
)
