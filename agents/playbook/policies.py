"""The policies of the shipped mind: one function per role, from what was seen to the next call."""

from collections.abc import Iterable, Sequence
from typing import Any

from agents.playbook.conversation.policy import conversation
from agents.playbook.foresight import foresight_imaginer, foresight_wording
from agents.playbook.guide import guide
from agents.playbook.model import PlaybookModel, Policy
from agents.playbook.reading import reader
from agents.playbook.tickets import ticket_reader
from agents.playbook.view import ToolChoice, TranscriptView, answer
from agents.roles.diagnoser import (
    MOST_RANKED,
    MOST_READS,
    AddedCause,
    DiagnoserTask,
    ProposedCauses,
    TestedCause,
    TestedCauses,
)
from agents.roles.formatting import SymptomShown
from agents.roles.imaginer import MOST_SCENARIOS, ExposureRow, ExposuresResult, ImaginerTask, Under
from agents.roles.monitor import (
    FELT_DROPS,
    HARMLESS_ALONE,
    PLANNED,
    MonitorTask,
    Relation,
    title_of,
)
from agents.roles.remediator import (
    DO_NOTHING,
    MOST_REMEDIES,
    SEARCH_REMEDIES,
    Choice,
    ChoiceTask,
    RemediatorTask,
    ScreenedRow,
    SearchRemedies,
    SearchResult,
    TrialInFull,
)
from agents.roles.supervisor import STAND_BY
from twin.diagnosis.causes import CONVINCING_NATS, INDISTINGUISHABLE_NATS
from twin.diagnosis.something_else import SomethingElse
from twin.events.action import in_words
from twin.events.fault import BY_KIND
from twin.knowledge.past import AND
from twin.nouns.topology import Interface
from twin.remedies.search import MOST_CHANGES


def monitor(view: TranscriptView) -> ToolChoice:
    """Group what is related; a surge of traffic alone is nothing."""
    task = view.task_as(MonitorTask)
    symptoms = {s.id: s for s in task.symptoms}
    open_ids = [i.id for i in task.open_incidents]
    planned = {r.one for r in task.relations if r.other.startswith(PLANNED)}
    # What announced work brings about is somebody's business already, until a service is hurt.
    expected = planned if not task.services_in_breach else set()
    groups, ignored = [], sorted(expected)
    names = [*(s for s in symptoms if s not in expected), *open_ids]
    related = [r for r in task.relations if r.one in names and r.other in names]
    for members in _components(names, related):
        mine = sorted(m for m in members if m in symptoms)
        joins = next((i for i in open_ids if i in members), "")
        if not mine:
            continue
        if not joins and all(_is_harmless(symptoms[m]) for m in mine):
            ignored.extend(mine)
            continue
        groups.append(
            {
                "symptoms": mine,
                "severity": _severity([symptoms[m] for m in mine]),
                "title": title_of([symptoms[m] for m in mine]),
                "joins": joins,
            }
        )
    return answer({"groups": groups, "ignored": ignored})


def _is_harmless(symptom: SymptomShown) -> bool:
    if symptom.kind == "queue_drops":
        return symptom.magnitude < FELT_DROPS
    return symptom.kind in HARMLESS_ALONE


def _components(names: Sequence[str], relations: Iterable[Relation]) -> list[set[str]]:
    parts = {name: {name} for name in names}
    for relation in relations:
        one, other = parts[relation.one], parts[relation.other]
        if one is not other:
            one |= other
            for name in other:
                parts[name] = one
    return list({id(part): part for part in parts.values()}.values())


def _severity(symptoms: Sequence[SymptomShown]) -> str:
    kinds = {s.kind for s in symptoms}
    links = sum(1 for s in symptoms if s.kind == "adjacency_down")
    if links > 1 or ("adjacency_down" in kinds and "queue_drops" in kinds):
        return "critical"
    if kinds & {"adjacency_down", "silent_loss", "queue_drops", "probe_loss", "service_breach"}:
        return "major"
    return "minor"


def diagnoser(view: TranscriptView) -> ToolChoice:
    """Read the devices that committed, then test what came with one commit as one cause."""
    for node in view.task_as(DiagnoserTask).devices_with_commits:
        if not view.has_called("read_configuration", {"node": node}):
            return ToolChoice("read_configuration", {"node": node})
    tested, stale, is_proposed = _tested_so_far(view)
    if not is_proposed:
        return ToolChoice("propose_causes", {})
    if node := _next_read(view):
        return ToolChoice("read_configuration", {"node": node})
    if not tested:
        return answer(_undiagnosed("nothing in the graph or the telemetry suggests a cause"))
    known = {t.id for t in tested}
    commits = [each for each in _commits(tested) if AND.join(each) not in known]
    sets = commits + [name.split(AND) for name in stale]
    # Asked for again only if it failed, which it would do again.
    if sets and view.calls[-1].arguments != {"sets": sets}:
        return ToolChoice("test_causes", {"sets": sets})
    other = _something_else(view)
    if other is not None:
        where = f"something that there is no kind for, at {other.place}"
        return answer(_undiagnosed(f"{where}, fits better than every cause that was tested"))
    return answer(_diagnosis(tested))


def _next_read(view: TranscriptView) -> str:
    """The device that was last said to be the most worth a read, "" for none."""
    proposals = (c for c in reversed(view.calls) if c.name == "propose_causes" and c.error is None)
    proposed = next(proposals, None)
    looks = proposed.result_as(ProposedCauses).next_looks if proposed else None
    asked = sum(c.name == "read_configuration" for c in view.calls)
    if not looks or asked >= MOST_READS:
        return ""
    unread = (x.node for x in looks if not view.has_called("read_configuration", {"node": x.node}))
    return next(unread, "")


def _something_else(view: TranscriptView) -> SomethingElse | None:
    """As the last results say."""
    for call in reversed(view.calls):
        if call.error is None and call.name == "propose_causes":
            return call.result_as(ProposedCauses).something_else
        if call.error is None and call.name == "test_causes":
            return call.result_as(TestedCauses).something_else
    return None


def _tested_so_far(view: TranscriptView) -> tuple[list[TestedCause], list[str], bool]:
    """What is known of every cause that any mind had tested, and what has to be tested again.

    A configuration that is read makes what was proposed and tested before it out of date. The last
    value says whether causes were proposed since.
    """
    tested: dict[str, TestedCause] = {}
    stale: dict[str, None] = {}
    added: set[str] = set()
    is_proposed = False
    for call in view.calls:
        if call.error is not None:
            continue
        match call.name:
            case "read_configuration":
                stale |= dict.fromkeys(tested)
                tested, is_proposed = {}, False
            case "propose_causes":
                found = call.result_as(ProposedCauses)
                tested |= {t.id: t for t in (*found.causes, *found.sets)}
                is_proposed = True
            case "test_causes":
                tested |= {t.id: t for t in call.result_as(TestedCauses).tested}
            case "add_cause":
                cause = call.result_as(AddedCause)
                tested[cause.id] = cause
                added.add(cause.id)
    testable = added | set(tested)
    again = [s for s in stale if s not in tested and testable.issuperset(s.split(AND))]
    return list(tested.values()), again, is_proposed


def _commits(tested: Sequence[TestedCause]) -> list[list[str]]:
    """All that is wrong in the configuration of one device, which came with one commit."""
    of_node: dict[str, list[str]] = {}
    for cause in tested:
        kind, _, resources = cause.id.partition("@")
        egress = Interface.named_by(resources)
        if egress and AND not in cause.id and BY_KIND[kind].in_configuration:
            of_node.setdefault(egress.node, []).append(cause.id)
    return [sorted(causes) for _, causes in sorted(of_node.items()) if len(causes) > 1]


def _diagnosis(tested: Sequence[TestedCause]) -> dict[str, Any]:
    order = sorted(tested, key=lambda t: (-t.log_posterior, t.id))
    if order[0].log_posterior < CONVINCING_NATS:
        return _undiagnosed("no cause that was tested fits better than nothing being wrong")
    most = order[0].log_posterior
    near = [t for t in order if most - t.log_posterior < INDISTINGUISHABLE_NATS]
    # What earlier incidents had speaks among what measurements do not tell apart, and nowhere else.
    near.sort(key=lambda t: (-t.log_posterior - (t.seen_before or 0.0), t.id))
    order, best = [*near, *order[len(near) :]], near[0]
    close = [t.id for t in near if t is best or _links(t.id) != _links(best.id)]
    found = len(close) == 1
    return {
        "verdict": "found" if found else "ambiguous",
        "ranking": [t.id for t in order[:MOST_RANKED]],
        "would_separate": "" if found else "another flow record and two more rounds of counters",
        "own_view": "",
        "statement": _statement(best, close),
    }


def _links(cause: str) -> frozenset[str]:
    parts = (part.split("@", 1) for part in cause.split(AND))
    links: set[str] = set()
    for kind, resources in parts:
        if kind not in BY_KIND or not BY_KIND[kind].only_links_down:
            return frozenset({cause})
        links.update(resources.split("+"))
    return frozenset(links)


def _statement(best: TestedCause, close: Sequence[str]) -> str:
    cause = best.id.replace("_", " ").replace("@", " of ")
    odds = f"(log odds {best.log_posterior:.0f} against nothing being wrong)"
    left = f"; unexplained: {', '.join(best.unexplained)}" if best.unexplained else ""
    if len(close) > 1:
        return f"the cause is one of {len(close)} that cannot be told apart, {cause} {odds}{left}"
    return f"the cause is {cause} {odds}{left}"


def _undiagnosed(reason: str) -> dict[str, Any]:
    return {
        "verdict": "unknown",
        "ranking": [],
        "would_separate": "",
        "own_view": "",
        "statement": reason,
    }


def remediator(view: TranscriptView) -> ToolChoice:
    """Search remedies of every size; put a wrong weight right whether it hurts or not."""
    task = view.task_as(RemediatorTask)
    if task.cost <= 0:
        return answer({"remedies": _reverts(task)})
    if not view.has_called(SEARCH_REMEDIES, _SEARCHED):
        return ToolChoice(SEARCH_REMEDIES, _SEARCHED)
    found = view.result_as(SearchResult, SEARCH_REMEDIES, _SEARCHED).remedies
    proposed = [_proposed(row, task.cost) for row in found]
    reverts = _reverts(task)
    wanted = [r["actions"] for r in reverts]
    proposed = [*reverts, *(r for r in proposed if r["actions"] not in wanted)]
    return answer({"remedies": proposed[:MOST_REMEDIES]})


_SEARCHED = SearchRemedies(most_changes=MOST_CHANGES)


def _proposed(row: ScreenedRow, nothing: float) -> dict[str, Any]:
    says = " and ".join(in_words(row.actions))
    actions = [a.model_dump(mode="json") for a in row.actions]
    cost = f"{row.cost:.2f} service-hours expected, {nothing:.2f} if nothing is done"
    return {"actions": actions, "reason": f"{says}: {cost}"}


def _reverts(task: RemediatorTask) -> list[dict[str, Any]]:
    """A wrong configuration is put right whether or not it hurts."""
    return [
        {
            "actions": [action.model_dump(mode="json") for action in chosen],
            "reason": "put the running configuration back to what is intended",
        }
        for chosen in task.reverts or ()
    ]


def remediator_choice(view: TranscriptView) -> ToolChoice:
    """Among ties: put a wrong configuration right, else touch least, else the cheapest."""
    task = view.task_as(ChoiceTask)
    full = [t for t in task.trials if isinstance(t, TrialInFull)]
    chosen = min(
        (t for t in full if t.remedy in task.within_tie),
        key=lambda t: (*_preference(t), t.cost, task.within_tie.index(t.remedy)),
    )
    nothing = next((t for t in full if t.remedy == DO_NOTHING), None)
    if not chosen.actions:
        reason = "no remedy is forecast to do better than waiting for the repair"
    else:
        against = f", against {nothing.cost:.2f} when nothing is done" if nothing else ""
        reason = f"{' and '.join(chosen.actions)}: expected cost {chosen.cost:.2f}{against}"
    return answer(Choice(remedy=chosen.remedy, reason=reason))


def _preference(trial: TrialInFull) -> tuple[int, int]:
    """The less the better: kind of remedy, then how much it touches (or, of reverts, leaves)."""
    if trial.puts_right:
        return 0, -len(trial.actions)
    if not trial.actions:
        return 1, 0
    return (3 if trial.takes_away else 2), len(trial.actions)


def imaginer(view: TranscriptView) -> ToolChoice:
    """The worst next failures as things are, and the worst under the first remedy."""
    task = view.task_as(ImaginerTask)
    remedies = [r.id for r in task.remedies if r.actions]
    under: Sequence[ExposureRow] = ()
    if remedies:
        first = Under(remedy=remedies[0])
        if not view.has_called("list_exposures_under", first):
            return ToolChoice("list_exposures_under", first)
        under = view.result_as(ExposuresResult, "list_exposures_under", first).exposures
    scenarios: list[dict[str, Any]] = []
    seen = set()
    for exposure, why in [
        *((e, _why(e)) for e in task.exposures[:4]),
        *((e, f"how {remedies[0] if remedies else ''} could go wrong") for e in under[:4]),
    ]:
        if exposure.id not in seen and len(scenarios) < MOST_SCENARIOS:
            seen.add(exposure.id)
            scenarios.append(
                {
                    "exposure": exposure.id,
                    "probability": _chance(exposure.id),
                    "why": f"{why}: highest utilisation {exposure.max_utilisation:.0%}",
                }
            )
    return answer({"scenarios": scenarios})


def _why(exposure: ExposureRow) -> str:
    if not exposure.foreseen:
        return "the worst that can follow"
    return f"it completes {exposure.foreseen.partition(':')[0]} of the risk register"


def _chance(exposure: str) -> float:
    return BY_KIND[exposure.partition("@")[0]].chance_before_repair


def supervisor(view: TranscriptView) -> ToolChoice:
    """Go on; send back what is unexplained; escalate what has no cause or no remedy."""
    targets = view.offered["answer"]["properties"]["next"]
    legal = targets.get("enum", [targets.get("const")])
    facts = view.task["facts"]
    if view.task["phase"] == "diagnosing":
        unnamed = facts["verdict"] in ("unknown", "healthy")
        if unnamed and STAND_BY in legal:
            return _next(STAND_BY, "nothing is seen any more")
        if unnamed and facts["looks"] > 1 and "remediator" in legal:
            # A routing change spoils what is measured, so one more look comes first.
            return _next("remediator", "no cause is found, and services are hurt: relieve them")
        if facts["verdict"] in ("unknown", "ambiguous") and "diagnoser" in legal:
            return _next("diagnoser", "the diagnosis is not certain yet; look again with more data")
        if facts["unexplained"] and "diagnoser" in legal:
            missing = ", ".join(facts["unexplained"])
            return _next("diagnoser", f"the diagnosis does not explain {missing}")
        if unnamed:
            return _next("escalate", "no cause was found that explains what is seen")
        return _next("remediator", "the cause is known")
    if view.task["phase"] == "planning" and facts["do_nothing"] and _stays_hurt(facts):
        return _next("escalate", "no remedy that was tried clears the services in breach")
    return _next(next(t for t in legal if t != "escalate"), "the work is done")


def _stays_hurt(facts: dict[str, Any]) -> bool:
    """Whether services are in breach and nobody is on it; just after routing has changed, probes
    show the past.
    """
    clears = facts["settling"] and facts["left_in_breach"] < 1
    return bool(facts["in_breach_now"]) and not (clears or facts["repair_ordered"])


def _next(role: str, reason: str) -> ToolChoice:
    return answer({"next": role, "reason": reason})


POLICIES: dict[str, Policy] = {
    "monitor": monitor,
    "reader": reader,
    "ticket_reader": ticket_reader,
    "diagnoser": diagnoser,
    "guide": guide,
    "remediator": remediator,
    "remediator_choice": remediator_choice,
    "imaginer": imaginer,
    "supervisor": supervisor,
    "foresight_imaginer": foresight_imaginer,
    "foresight_wording": foresight_wording,
    "conversation": conversation,
}


def playbook() -> PlaybookModel:
    """The shipped mind with its policies."""
    return PlaybookModel(policies=POLICIES)
