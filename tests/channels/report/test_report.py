import html
import json
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path

import pytest

from channels.report.comparison import Comparison
from channels.report.contents import ReportFacts
from channels.report.facts import gather
from channels.report.html import to_html
from channels.report.markdown import to_markdown
from channels.report.wording import utc
from tests.channels.conftest import INCIDENT, PLAN, inventory_of, noctua
from tools.journal.journal import Journal
from twin.events.faults.link_down import LinkDown
from twin.nouns.diagnosis import (
    LOG_RECORD,
    Diagnosis,
    Disagreement,
    Hypothesis,
    LogFinding,
    LogRecord,
    Refutation,
    disagreement_text,
)
from twin.nouns.evidence import Evidence

HOSTILE = '</td></style><script>alert("x")</script><img src=x onerror=y> --> `|$a_b$ \x1b[2J'

COMPARISONS = (
    Comparison(
        arm="noctua",
        what="this run",
        slo_minutes_lost=12.5,
        services_hit=3,
        detect_s=60.0,
        mitigate_s=300.0,
        resolve_s=4000.0,
        changes_made=2,
        seed=1,
        case="plain-stone",
    ),
    Comparison(
        arm="do nothing",
        what="nobody reacts",
        slo_minutes_lost=90.0,
        services_hit=9,
        detect_s=None,
        mitigate_s=None,
        resolve_s=None,
        changes_made=0,
        seed=1,
        case="plain-stone",
    ),
)


def facts_of(state: Path, comparisons: tuple[Comparison, ...] = ()) -> ReportFacts:
    inventory = inventory_of(state)
    with Journal.open(state / "journal.sqlite") as journal:
        return gather(journal, INCIDENT, inventory, comparisons)


class _Loads(HTMLParser):
    """Collects what a browser would fetch or run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form"):
            self.found.append(tag)
        for name, value in attrs:
            target = name in ("src", "href", "xlink:href", "action", "data")
            if name.startswith("on") or (target and not (value or "").startswith("#")):
                self.found.append(f"{tag} {name}={value}")


def _loads(page: str) -> list[str]:
    parser = _Loads()
    parser.feed(page)
    return parser.found


def test_a_resolved_incident_tells_when_what_was_changed_and_that_nothing_is_left(
    resolved: Path,
) -> None:
    facts = facts_of(resolved)
    times = facts.milestones
    assert times.ending == "resolved"
    assert times.acknowledged_s is not None
    assert times.mitigated_s is not None
    assert times.closed_s is not None
    assert times.onset_s <= times.detected_s <= times.acknowledged_s <= times.mitigated_s
    assert times.mitigated_s < times.closed_s
    plan = facts.plans[0]
    assert plan.approval is not None
    assert (plan.approval.by, plan.approval.plan_hash) == ("«erin»", plan.hash)
    assert all(step.diff and step.return_diff for step in plan.steps)
    assert facts.remaining.broken == facts.remaining.temporary == ()
    assert facts.services.measured


def test_the_report_ranks_causes_and_marks_the_remedy_that_became_the_plan(resolved: Path) -> None:
    facts = facts_of(resolved)
    assert facts.diagnosis is not None
    ranked = [cause.probability for cause in facts.diagnosis.causes]
    assert ranked == sorted(ranked, reverse=True)
    assert any("Fulda--Kassel" in text for text in facts.diagnosis.causes[0].faults)
    [chosen] = [remedy for remedy in facts.remedies if remedy.chosen]
    assert chosen.actions == facts.plans[0].actions
    assert any(remedy.actions == () for remedy in facts.remedies)
    assert {remedy.seed for remedy in facts.remedies} == {chosen.seed}


@pytest.mark.slow
def test_a_cause_that_fits_as_well_is_named_even_where_one_was_found(state: Path) -> None:
    best, rival = (
        Hypothesis(
            id=link,
            faults=(LinkDown(link=link),),
            log_likelihood=log_likelihood,
            probability=probability,
            evidence_for=(),
            evidence_against=(),
        )
        for link, log_likelihood, probability in (("A--B", 40.0, 0.99), ("C--D", 39.9, 0.01))
    )
    worse = rival.model_copy(update={"faults": (LinkDown(link="E--F"),), "log_likelihood": 30.0})
    found = Diagnosis(verdict="found", hypotheses=(best, rival, worse), statement="it is A--B")
    with Journal.open(state / "journal.sqlite") as journal:
        journal.put_artefact(INCIDENT, "diagnosis", found)
    facts = facts_of(state)
    assert facts.diagnosis is not None
    assert facts.diagnosis.equal_fit == ("C--D is down",)
    assert "What was seen fits as well with: C--D is down" in to_html(facts)


@pytest.mark.slow
def test_predicted_stands_beside_observed(resolved: Path) -> None:
    page, plan = to_html(facts_of(resolved)), facts_of(resolved).plans[0]
    assert plan.observed
    for fact in plan.observed:
        if fact.observed is not None:
            assert fact.inside is fact.forecast.holds(fact.observed)
    assert "Predicted against observed" in page
    assert f"{plan.forecast.rollouts} rollouts, seed {plan.forecast.seed}" in page


@pytest.mark.slow
def test_an_escalated_incident_names_who_takes_over_where_to_look_and_what_is_broken(
    escalated: Path,
) -> None:
    facts = facts_of(escalated)
    assert (facts.milestones.ending, facts.milestones.closed_s) == ("", None), "people have it"
    assert facts.milestones.handed_s is not None
    assert facts.milestones.mitigated_s is None
    assert "A person takes over" in facts.next_steps[0]
    assert facts.remaining.broken
    page = to_html(facts)
    assert "«not tonight»" in page
    assert "Nothing is left broken" not in page


@pytest.mark.slow
def test_an_unfinished_incident_says_what_it_waits_for_and_invents_no_figures(state: Path) -> None:
    facts = facts_of(state)
    assert facts.closed is False
    assert facts.services.final is False
    assert facts.services.as_of_s is not None
    assert facts.next_steps[0] == f"Answer: noctua approve {PLAN}, or noctua reject {PLAN}"
    page = to_html(facts)
    assert f"so far, as of {utc(facts.services.as_of_s)}" in page
    assert "Predicted against observed" not in page


def test_an_incident_that_was_only_just_opened_has_a_report(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        incident = journal.incident(INCIDENT).incident.model_copy(update={"id": "live-0002"})
        journal.open_incident(incident, incident.detected_s, "0" * 32)
        facts = gather(journal, "live-0002", inventory_of(state))
    assert facts.topology.moments == ()
    for page in (to_html(facts), to_markdown(facts)):
        assert "No diagnosis was made" in page
        assert "No plan was made" in page


@pytest.mark.slow
@pytest.mark.parametrize("which", ["state", "resolved", "escalated"])
def test_the_page_needs_nothing_from_outside(which: str, request: pytest.FixtureRequest) -> None:
    page = to_html(facts_of(request.getfixturevalue(which), COMPARISONS))
    assert _loads(page) == []
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in re.sub(r"url\(#", "", page)
    assert "@import" not in page


@pytest.mark.slow
def test_text_from_outside_stays_text(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        known = journal.incident(INCIDENT).incident
        symptom = known.symptoms[0].model_copy(update={"resource": HOSTILE})
        journal.update_incident(known.model_copy(update={"title": HOSTILE, "symptoms": (symptom,)}))
        journal.add_event(INCIDENT, known.detected_s, "answered", HOSTILE, HOSTILE)
        journal.put_artefact(INCIDENT, "diagnosis", _hostile_diagnosis())
        journal.put_artefact(INCIDENT, LOG_RECORD, _logged(HOSTILE))
        journal.append_audit(known.detected_s, HOSTILE, "answer", INCIDENT, {})
    comparison = COMPARISONS[0].model_copy(update={"arm": HOSTILE, "note": HOSTILE})
    facts = facts_of(state, (comparison,))
    page = to_html(facts)
    assert _loads(page) == []
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    text = to_markdown(facts)
    assert "<script" not in text
    assert "<img" not in text
    assert "\x1b" not in text


def _hostile_diagnosis() -> Diagnosis:
    evidence = (Evidence(observation=HOSTILE, log_likelihood_ratio=3.0),)
    hypothesis = Hypothesis(
        id=HOSTILE,
        faults=(LinkDown(link="Fulda--Kassel"),),
        log_likelihood=3.0,
        probability=0.5,
        evidence_for=evidence,
        evidence_against=evidence,
        unexplained=(HOSTILE,),
        refutations=(ABSENT,),
    )
    return Diagnosis(
        verdict="ambiguous",
        hypotheses=(hypothesis,),
        indistinguishable=(HOSTILE,),
        would_separate=HOSTILE,
        suspected_location=(HOSTILE,),
        statement=HOSTILE,
        disagreement=Disagreement(
            mind=HOSTILE, cause=HOSTILE, best=HOSTILE, log_odds=1.0, refutations=(ABSENT,)
        ),
    )


ABSENT = Refutation(observable="silent_loss", resource=HOSTILE, seen=False, verdict="refuted")


def _logged(quote: str) -> LogRecord:
    finding = LogFinding(
        kind="suspicious_instruction",
        node="Fulda",
        time_s=1.0,
        times=3,
        quote=quote,
        confidence="high",
        read_by="acme",
    )
    return LogRecord(findings=(finding,))


@pytest.mark.slow
def test_disagreement_and_what_was_logged_stand_in_every_form(state: Path) -> None:
    believed = Disagreement(
        mind="acme:large",
        cause="traffic_spike@Fulda",
        best="link_down@Fulda--Kassel",
        log_odds=21.5,
        refutations=(
            Refutation(
                observable="traffic_surge", resource="Fulda", seen=False, verdict="not_observable"
            ),
        ),
    )
    with Journal.open(state / "journal.sqlite") as journal:
        found = journal.artefact(INCIDENT, "diagnosis", Diagnosis)
        assert found is not None
        disputed = found.model_copy(update={"disagreement": believed})
        journal.put_artefact(INCIDENT, "diagnosis", disputed)
        journal.put_artefact(INCIDENT, LOG_RECORD, _logged("«drain everything»"))
    told = disagreement_text(believed)
    assert "ranks link_down@Fulda--Kassel first" in told
    assert "no traffic surge at Fulda, which nothing that was read would show" in told
    facts = facts_of(state)
    shown = " ".join(noctua(state, "show", INCIDENT)[1].split())
    for text in (html.unescape(to_html(facts)), to_markdown(facts).replace("\\", ""), shown):
        assert "acme:large believes in" in text
        assert "drain everything" in text
        assert "suspicious instruction" in text
    document = json.loads(noctua(state, "show", INCIDENT, "--json")[1])
    assert document["diagnosis"]["disagreement"]["log_odds"] == 21.5
    assert [f["node"] for f in document["log_findings"]] == ["Fulda"]


@pytest.mark.slow
def test_the_same_facts_give_the_same_bytes(resolved: Path) -> None:
    first, second = facts_of(resolved, COMPARISONS), facts_of(resolved, COMPARISONS)
    assert first == second
    assert to_html(first) == to_html(second)
    assert to_markdown(first) == to_markdown(second)


def test_facts_survive_json(resolved: Path) -> None:
    facts = facts_of(resolved, COMPARISONS)
    assert ReportFacts.model_validate_json(facts.model_dump_json()) == facts


@pytest.mark.slow
def test_the_head_of_the_audit_chain_and_its_verdict_stand_in_every_form(resolved: Path) -> None:
    facts = facts_of(resolved)
    assert facts.audit.lines
    for text in (to_html(facts), to_markdown(facts)):
        assert facts.audit.report.head in text
        assert "The chain holds" in text


@pytest.mark.slow
def test_a_forged_audit_line_is_told(state: Path) -> None:
    with Journal.open(state / "journal.sqlite") as journal:
        journal.append_audit(1.0, "erin", "answer", INCIDENT, {"decision": "reject"})
    with sqlite3.connect(state / "journal.sqlite") as connection:
        guards = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'"
        for (name,) in connection.execute(guards).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor = 'mallory' WHERE seq = 1")
    connection.close()
    assert "The chain is broken at line 1" in to_html(facts_of(state))


@pytest.mark.slow
def test_comparisons_name_their_run_and_a_dash_stands_for_never(state: Path) -> None:
    page = to_html(facts_of(state, COMPARISONS))
    assert "plain-stone, seed 1" in page
    assert "do nothing" in page
    assert 'id="comparison"' in page
    assert 'id="comparison"' not in to_html(facts_of(state))
