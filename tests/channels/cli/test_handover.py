import json
from pathlib import Path
from typing import Any

import pytest

from channels import verbs
from channels.handover import NetworkHandover, gather
from graphs.state_directory import StateDirectory
from tests.channels.cli.desk_of_paper import (
    OPENED_S,
    SECOND,
    open_journal,
    write_change,
    write_incident,
    write_plan,
)
from tests.channels.conftest import INCIDENT, PLAN, inventory_of, noctua
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.lease_rows import Since
from tools.journal.records import ChangeState, Claim, Quarantine
from tools.journal.standing import IMPACT, OVER
from tools.notification.on_event import EVERY_EVENT
from twin.nouns.impact import Impact, ServiceHit
from twin.nouns.incident import Phase
from twin.nouns.plan import Dispatch

NOW_S = OPENED_S + 3600.0
HALF_DAY_S = 12 * 3600.0


def _gathered(journal: Journal, since_s: float = HALF_DAY_S) -> NetworkHandover:
    [network] = gather(journal, {"live": NOW_S}, since_s).networks
    return network


def _sections(text: str) -> dict[str, list[str]]:
    """The lines below every heading of the printed handover."""
    found: dict[str, list[str]] = {}
    for block in text.split("\n\n")[1:]:
        title, *lines = block.splitlines()
        found[title] = [line.strip() for line in lines]
    return found


def test_section_without_anything_says_none(state: Path) -> None:
    code, output, _ = noctua(state, "handover")
    sections = _sections(output)
    assert code == 0
    for title in ("Temporary changes in force", "Armed return timers", "Devices in quarantine"):
        assert sections[title] == ["none"]
    assert "\x1b" not in output


def test_open_incident_is_told_with_what_it_waits_for_and_its_cause(state: Path) -> None:
    output = noctua(state, "handover")[1]
    sections = _sections(output)
    head, *rest = sections["Open incidents"]
    assert head.startswith(INCIDENT)
    assert "awaiting approval" in head
    assert "since 19:" in head
    told = "\n".join(rest)
    assert f"waits for approval of {PLAN}" in told
    assert "cause: the cause is igp weight misconfig of Fulda" in told
    assert any(f"noctua approve {PLAN}" in line for line in sections["Waiting approvals"])
    assert "nobody watches" in output


def test_blocked_incident_is_told_with_its_reason_and_holder(state: Path) -> None:
    with open_journal(state) as journal:
        journal.block(f"incident:{INCIDENT}", "the outcome of a commit is unknown", OPENED_S)
        with Holder(journal, state / "locks") as holder:
            holder.take(f"incident:{INCIDENT}")
            told = "\n".join(_sections(noctua(state, "handover")[1])["Open incidents"])
            assert "the outcome of a commit is unknown" in told
            assert "BLOCKED since" in told
            assert f"held by {holder.id}" in told
        journal.take_lease(f"incident:{INCIDENT}", "host:1:aa", Since("boot", 1.0), 30.0)
        told = "\n".join(_sections(noctua(state, "handover")[1])["Open incidents"])
        assert "held by nobody" in told, "it has no lock, so it has died"


def test_temporary_change_is_in_force_until_a_return_plan_is_confirmed(state: Path) -> None:
    intended = inventory_of(state).intended
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        node = write_change(journal, plan, ChangeState.CONFIRMED, intended)
        journal.set_phase(SECOND, Phase.AWAITING_REPAIR)
        [entry] = _gathered(journal).temporary
        assert (entry.plan_id, entry.since_s) == (plan.id, OPENED_S)
        assert [device.node for device in entry.devices] == [node]
        assert all(line[0] in "+-" for line in entry.devices[0].changed)
        assert "repair" in entry.ends_with
        back = write_plan(journal, purpose="return", temporary=False)
        journal.request_approval(back, OPENED_S, NOW_S + 600.0)
        journal.set_phase(SECOND, Phase.AWAITING_APPROVAL)
        [entry] = _gathered(journal).temporary
        assert entry.ends_with == f"the approval of {back.id}"
        write_change(journal, back, ChangeState.COMMITTED, intended, return_at_s=NOW_S + 60.0)
        assert len(_gathered(journal).temporary) == 1
        journal.set_change(f"{back.steps[0].action_id}@{node}", ChangeState.CONFIRMED, "", NOW_S)
        assert _gathered(journal).temporary == ()


def test_half_a_return_leaves_the_other_device_in_force(state: Path) -> None:
    intended = inventory_of(state).intended
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        back = write_plan(journal, purpose="return", temporary=False)
        for node in ("Fulda", "Kassel"):
            write_change(journal, plan, ChangeState.CONFIRMED, intended, node=node)
        write_change(journal, back, ChangeState.CONFIRMED, intended, node="Fulda")
        write_change(journal, back, ChangeState.UNKNOWN, intended, node="Kassel")
        [entry] = _gathered(journal).temporary
    assert [device.node for device in entry.devices] == ["Kassel"]


def test_return_plan_ends_the_whole_change_where_a_device_had_nothing_left(state: Path) -> None:
    intended = inventory_of(state).intended
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        back = write_plan(journal, purpose="return", temporary=False)
        for node in ("Fulda", "Kassel"):
            write_change(journal, plan, ChangeState.CONFIRMED, intended, node=node)
        write_change(journal, back, ChangeState.CONFIRMED, intended, node="Fulda")
        assert _gathered(journal).temporary == ()


@pytest.mark.parametrize(
    ("back", "ends"), [(False, "ends with the end of its cause"), (True, "ends with a person")]
)
def test_temporary_change_that_was_handed_over_is_a_persons_once_a_way_back_was_made(
    state: Path, back: bool, ends: str
) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        write_change(journal, plan, ChangeState.CONFIRMED, inventory_of(state).intended)
        if back:
            write_plan(journal, purpose="return", temporary=False)
        journal.set_phase(SECOND, Phase.ESCALATED)
    told = "\n".join(_sections(noctua(state, "handover")[1])["Temporary changes in force"])
    assert plan.id in told
    assert ends in told


def test_lasting_change_is_not_told_as_temporary(state: Path) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=False)
        write_change(journal, plan, ChangeState.CONFIRMED, inventory_of(state).intended)
        assert _gathered(journal).temporary == ()


def test_armed_timer_says_when_the_device_goes_back(state: Path) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        node = write_change(
            journal,
            plan,
            ChangeState.COMMITTED,
            inventory_of(state).intended,
            return_at_s=OPENED_S + 600.0,
        )
        journal.claim_devices(
            [
                Claim(
                    network="live", node=node, incident_id=SECOND, plan_id=plan.id, since_s=OPENED_S
                )
            ]
        )
    (state / "networks" / "live.sqlite").unlink()  # the journal's last entry is the clock then
    sections = _sections(noctua(state, "handover")[1])
    [line] = sections["Armed return timers"]
    assert f"{node} of {plan.id}" in line
    assert "goes back by itself at 20:43 UTC, in 10 min 00 s" in line
    assert node in sections["Devices that plans work on"][0]


def test_unknown_outcome_and_quarantine_are_told(state: Path) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        plan = write_plan(journal, temporary=True)
        node = write_change(journal, plan, ChangeState.UNKNOWN, inventory_of(state).intended)
        journal.quarantine(
            Quarantine(network="live", node=node, since_s=OPENED_S, reason="it is half-way")
        )
    sections = _sections(noctua(state, "handover")[1])
    assert f"{node} of {plan.id}  unknown" in sections["Changes whose outcome is unknown"][0]
    told = "\n".join(sections["Devices in quarantine"])
    assert "it is half-way" in told
    assert f"noctua quarantine lift live {node}" in told


def test_field_order_is_open_until_the_field_has_reported_an_end(state: Path) -> None:
    order = Dispatch(
        id="order-1",
        incident_id=SECOND,
        place="Fulda",
        links=("Fulda--Kassel",),
        text="splice it",
        requested_s=OPENED_S,
    )
    with open_journal(state) as journal:
        write_incident(journal)
        journal.record_dispatch(order, "travelling", OPENED_S + 60.0)
        [entry] = _gathered(journal).orders
        assert (entry.order, entry.state) == (order, "travelling")
        journal.record_dispatch(order, "repaired", OPENED_S + 1200.0)
        assert _gathered(journal).orders == ()


def test_incident_that_ended_is_told_for_as_long_as_is_asked(state: Path) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        journal.set_phase(SECOND, Phase.RESOLVED)
        journal.add_event(SECOND, NOW_S - 1800.0, "resolved", "supervisor", "nothing is left")
        [entry] = _gathered(journal).ended
        assert (entry.id, entry.phase, entry.ended_s) == (SECOND, Phase.RESOLVED, NOW_S - 1800.0)
        assert SECOND not in {incident.id for incident in _gathered(journal).incidents}
        assert _gathered(journal, since_s=1000.0).ended == ()


def test_incident_with_people_stands_there_for_days_and_in_every_channel(state: Path) -> None:
    with open_journal(state) as journal:
        write_incident(journal)
        journal.set_phase(SECOND, Phase.ESCALATED)
        journal.add_event(SECOND, OPENED_S, "escalated", "supervisor", "look at the duct")
        assert [i.id for i in _gathered(journal, since_s=60.0).with_people] == [SECOND]
    said = _sections(noctua(state, "handover", "--since", "1m")[1])
    assert said["With people, not known to be over"][0].startswith(SECOND)
    assert "people: it was handed over" in noctua(state, "show", SECOND)[1]
    assert SECOND in noctua(state, "ask", "Which incidents are open?")[1]
    report = verbs.report(StateDirectory(state), SECOND)
    assert any(step.startswith("A person takes over") for step in report.next_steps)
    with open_journal(state) as journal:
        journal.add_event(SECOND, NOW_S, OVER, "monitor", "nothing of it is seen")
        assert _gathered(journal).with_people == ()
        assert [i.id for i in _gathered(journal).unattended] == [SECOND]
    asked = noctua(state, "ask", "Which incidents are open?")[1]
    assert f"Over, and nobody has looked: {SECOND}" in asked
    report = verbs.report(StateDirectory(state), SECOND)
    assert not any(step.startswith("A person takes over") for step in report.next_steps)


def test_open_incident_says_who_is_hit_and_what_was_lost_so_far(state: Path) -> None:
    hit = ServiceHit(service="gold-17", customer="Acme")
    with open_journal(state) as journal:
        impact = Impact(as_of_s=NOW_S, hit_now=(hit,), minutes_lost={"gold-17": 12.0})
        journal.put_artefact(INCIDENT, IMPACT, impact)
    told = "1 service in breach at 21:33 UTC: gold-17 (Acme, 12 min); 12 service-minutes so far"
    assert f"hit now: {told}" in _sections(noctua(state, "handover")[1])["Open incidents"]
    assert told in noctua(state, "show", INCIDENT)[1]


def test_call_that_nobody_took_is_told(state: Path) -> None:
    with open_journal(state) as journal:
        journal.notifies_of = {"": EVERY_EVENT}
        journal.add_event(INCIDENT, NOW_S, "paged", "supervisor", "look")
        (notice,) = journal.unsent_notices("live")
        assert _gathered(journal).lost_calls == (), "it has not been tried yet"
        journal.begin_sending(notice.id, 0.0)
        journal.note_unsent(notice.id, "no modem")
    (line,) = _sections(noctua(state, "handover")[1])["Calls to people that were not taken"]
    assert line == f"{INCIDENT} paged: still tried after 1 attempt; no modem"


def test_handover_as_json_has_every_section(state: Path) -> None:
    document: dict[str, Any] = json.loads(noctua(state, "handover", "--json", "--since", "3h")[1])
    assert document["since_s"] == 3 * 3600.0
    [network] = document["networks"]
    assert network["approvals"][0]["command"].startswith(f"noctua approve {PLAN}")
    assert network["incidents"][0]["phase"] == "awaiting_approval"
    assert set(network) == set(NetworkHandover.model_fields)


def test_text_of_the_network_cannot_move_the_cursor(state: Path) -> None:
    with open_journal(state) as journal:
        journal.block(f"incident:{INCIDENT}", "\x1b[2Jgone\nand more", OPENED_S)
    output = noctua(state, "handover")[1]
    assert "\x1b" not in output
    assert "gone and more" in output
