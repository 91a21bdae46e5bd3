"""Whoever is to be called is called: after a kill, past a receiver that fails, beside the watch."""

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from pydantic import JsonValue

from evals.stage import Case, stage
from evals.survival.fault_injection import struck_stores
from evals.survival.kill_points import Passage
from graphs.notifier import GIVE_UP_S, MOST_CALLS, Notifier
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tests.graphs.stagehand import EVENING_S, FIRST, LOSSY, STUB, Person, case, operating
from tests.tools.journal.conftest import OPENED_S, incident
from tests.tools.notification.receiver import receiving
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.lease_rows import network_subject
from tools.journal.records import Lease, Notice
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from tools.network.emulated.case_truth import PlannedAction
from tools.notification.on_event import EVERY_EVENT
from tools.notification.ways import NotTaken
from twin.errors import BadInput, NoctuaError
from twin.nouns.condition import Condition, ConditionKind
from twin.nouns.planned_work import PlannedWork

PAGE = """
import sys
with open("calls.jsonl", "a", encoding="utf-8") as calls:
    calls.write(sys.stdin.read())
"""
"""A program that keeps what it is called for."""

_PATIENCE_S = 300.0
"""Only what hangs takes so long."""


def _until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.02)


def _calls(state: Path) -> list[dict[str, object]]:
    file = state / "calls.jsonl"
    return [json.loads(x) for x in file.read_text("utf-8").splitlines()] if file.exists() else []


def _pager(state: Path) -> Path:
    script = state / "page.py"
    script.write_text(PAGE, encoding="utf-8")
    return script


def _calling_process(state: Path, place: str) -> int:
    command = [sys.executable, "-m", "tests.graphs.calling", str(state), "page.py", place]
    return subprocess.run(command, check=False, timeout=_PATIENCE_S).returncode


@pytest.mark.slow
@pytest.mark.parametrize(("place", "calls"), [("before", 1), ("after", 2)])
def test_process_that_dies_around_the_call_makes_it_again_with_the_same_id(
    tmp_path: Path, place: str, calls: int
) -> None:
    """Whether the dead one was heard cannot be known, so it is called again: that is one id."""
    _pager(tmp_path)
    assert _calling_process(tmp_path, place) == -signal.SIGKILL
    with Journal.open(tmp_path / "journal.sqlite") as journal:
        assert len(journal.unsent_notices(incident().network)) == 1
    assert _calling_process(tmp_path, "nowhere") == 0
    assert len(_calls(tmp_path)) == calls
    assert len({call["id"] for call in _calls(tmp_path)}) == 1


# In this process


class Ear:
    """Takes what it is sent, but for the first `refusals`; `hangs`: until it is let go."""

    def __init__(self, refusals: int = 0, hangs: bool = False) -> None:
        self.heard: list[Notice] = []
        self.tries = 0
        self.released = threading.Event()
        self._refusals = refusals
        self.takes_digests = True
        if not hangs:
            self.released.set()

    def send(self, notice: Notice) -> None:
        """Raises NotTaken at first."""
        self.tries += 1
        self.released.wait(_PATIENCE_S)
        if self.tries <= self._refusals:
            raise NotTaken("no modem")
        self.heard.append(notice)


class Watching:
    """A journal with one notice, and the lease on its network."""

    def __init__(self, folder: Path) -> None:
        self.journal = Journal.open(folder / "journal.sqlite")
        self.journal.notifies_of = {"": EVERY_EVENT}
        self.holder = Holder(self.journal, folder / "locks")
        self.lease: Lease = self.holder.take(network_subject(incident().network))
        self.journal.open_incident(incident(), OPENED_S, "a" * 32)
        self.journal.add_event(incident().id, OPENED_S, "escalated", "supervisor", "look")

    def unsent(self) -> tuple[Notice, ...]:
        return self.journal.unsent_notices(incident().network)

    def make_due(self, written_wall_s: float | None = None) -> None:
        (notice,) = self.unsent()
        written = notice.written_wall_s if written_wall_s is None else written_wall_s
        self.journal._execute(
            "UPDATE outbox SET due_wall_s = 0, written_wall_s = ? WHERE id = ?", written, notice.id
        )

    def close(self) -> None:
        self.holder.close()
        self.journal.close()


def test_what_was_not_taken_is_sent_again_when_it_is_due(tmp_path: Path) -> None:
    ear = Ear(refusals=1)
    with (
        closing(Watching(tmp_path)) as watching,
        closing(Notifier(watching.journal, incident().network, ear)) as notifier,
    ):
        notifier.watch_under(watching.lease)
        _until(lambda: any(n.trouble for n in watching.unsent()))
        (notice,) = watching.unsent()
        assert (notice.attempts, notice.trouble) == (1, "no modem")
        assert notice.due_wall_s > notice.written_wall_s
        watching.make_due()
        _until(lambda: not watching.unsent())
        assert [n.id for n in ear.heard] == [notice.id]


def test_what_nobody_took_for_a_day_is_given_up_and_kept_as_lost(tmp_path: Path) -> None:
    with (
        closing(Watching(tmp_path)) as watching,
        closing(Notifier(watching.journal, incident().network, Ear(refusals=99))) as notifier,
    ):
        watching.make_due(written_wall_s=time.time() - GIVE_UP_S - 60)
        notifier.watch_under(watching.lease)
        _until(lambda: not watching.unsent())
        (lost,) = watching.journal.lost_notices(incident().network)
        assert lost.trouble == "no modem"


def test_nobody_is_called_by_a_process_that_stands_by_or_has_lost_its_lease(
    tmp_path: Path,
) -> None:
    ear = Ear()
    with closing(Watching(tmp_path)) as watching:
        with closing(Notifier(watching.journal, incident().network, ear)) as notifier:
            notifier.watch_under(None)
        lost = watching.lease.model_copy(update={"epoch": watching.lease.epoch - 1})
        with closing(Notifier(watching.journal, incident().network, ear)) as notifier:
            notifier.watch_under(lost)
        assert ear.tries == 0
        assert [n.attempts for n in watching.unsent()] == [0]


def _flood(watching: Watching, events: int) -> None:
    for number in range(events):
        data: dict[str, JsonValue] = {"plan": f"plan-{number}"}
        watching.journal.add_event(incident().id, OPENED_S, "asked", "gate", f"{number}?", data)


def test_too_many_calls_within_an_hour_wait_for_one_that_tells_of_all(tmp_path: Path) -> None:
    ear = Ear()
    with closing(Watching(tmp_path)) as watching:
        _flood(watching, MOST_CALLS + 2)
        with closing(Notifier(watching.journal, incident().network, ear)) as notifier:
            notifier.watch_under(watching.lease)
            _until(lambda: len(watching.unsent()) == 3)
        assert len(ear.heard) == MOST_CALLS, "the first was waiting before the flood"
        assert [n.attempts for n in watching.unsent()] == [0, 0, 0]


def test_digest_tells_of_all_that_waits_and_ends_it(tmp_path: Path) -> None:
    ear = Ear()
    with closing(Watching(tmp_path)) as watching:
        _flood(watching, MOST_CALLS + 2)
        waiting = watching.unsent()[-3:]
        with closing(Notifier(watching.journal, incident().network, ear, digest_s=0.0)) as notifier:
            notifier.watch_under(watching.lease)
            _until(lambda: not watching.unsent())
    assert len(ear.heard) == MOST_CALLS + 1
    told = json.loads(ear.heard[-1].body)
    assert told["id"] == waiting[-1].id == ear.heard[-1].id
    assert told["data"]["text"] == f"{MOST_CALLS + 1}? (and 2 more to tell of this network)"
    assert [one["text"] for one in told["data"]["more"]] == ["11?", "12?"]


@pytest.mark.slow
def test_call_that_hangs_does_not_stop_the_watch(tmp_path: Path) -> None:
    scripted = case((60.0, LOSSY))
    hanging = Ear(hangs=True)
    with operating(tmp_path, scripted) as operation:
        operation.journal.notifies_of = {"": EVERY_EVENT}
        notifier = Notifier(operation.journal, "live", hanging)
        lease = operation.workplace.holder.take(network_subject("live"))
        notifier.watch_under(lease)
        operation.run(operation.is_waiting_for_approval)
        _until(lambda: hanging.tries == 1)
        assert operation.is_waiting_for_approval()
        hanging.released.set()
        _until(lambda: not operation.journal.unsent_notices("live"))
        notifier.close()
        assert [n.event for n in hanging.heard] == ["opened", "awaiting"]


# The whole way


def _write_settings(state: Path, text: str) -> None:
    state.mkdir(parents=True, exist_ok=True)
    (state / "on_event.yaml").write_text(text, encoding="utf-8")


def _types(calls: list[dict[str, object]]) -> Counter[object]:
    return Counter({str(call["id"]): call["type"] for call in calls}.values())


class KillAfterNotice:
    """`kill -9` of this process right after `node` has written a notice with its event, for the
    `number`th time.
    """

    def __init__(self, node: str, number: int = 1) -> None:
        self._node = node
        self._number = number

    def before(self, place: str) -> None:
        """Nothing is struck before it is done."""

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Here?"""
        written = place.startswith(f"{self._node}: after journal ")
        if written and "timeline" in place and "outbox" in place:
            self._strike()

    def _strike(self) -> None:
        self._number -= 1
        if not self._number:
            os.kill(os.getpid(), signal.SIGKILL)


class KillAfterWorkNotice(KillAfterNotice):
    """The same after a notice about announced work, which has no event in a timeline."""

    def after(self, place: str, error: type[NoctuaError]) -> None:
        """Here?"""
        if place.startswith(f"{self._node}: after journal outbox"):
            self._strike()


def _operate_and_die(state: Path, strike: KillAfterNotice) -> None:
    """What the process does that is killed: it operates what stands in `state`."""
    with closing(EmulatedNetwork.open(state / "networks" / "live.sqlite")) as network:
        clock = SimulatedClock(network)
        stores = struck_stores(Passage(strike))
        person = Person()
        with Workplace(state, network, clock, approver=person, stores=stores) as workplace:
            person.journal = workplace.journal
            workplace.journal.notifies_of = {"": EVERY_EVENT}
            last_s = clock.now_s() + 4 * 3600.0
            while clock.now_s() < last_s:
                workplace.watch.run(clock.now_s() + POLL_S)


def _die(state: Path, strike: str) -> None:
    """Operate what stands in `state` in a process that is killed by `strike`, an expression."""
    died = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from tests.graphs.test_notices import *; "
            "from tests.graphs.test_notices import _operate_and_die; "
            f"_operate_and_die(Path(sys.argv[1]), {strike})",
            str(state),
        ],
        check=False,
        timeout=_PATIENCE_S,
    )
    assert died.returncode == -signal.SIGKILL, f"{strike} wrote no notice"


@pytest.mark.slow
@pytest.mark.parametrize("node", ["watch", "approval", "resolve"])
def test_each_event_is_called_for_once_though_the_process_died_right_after_it(
    tmp_path: Path, node: str
) -> None:
    script = _pager(tmp_path)
    _write_settings(tmp_path, f"command: [{sys.executable}, {script}]")
    stage(case((300.0, LOSSY)), 1, tmp_path / "networks" / "live.sqlite").close()
    _die(tmp_path, f"KillAfterNotice({node!r})")
    with operating(tmp_path, None, person=Person()) as operation:
        operation.run(most_s=4 * 3600.0)
        assert operation.has_ended()
        plans = len(operation.plans())
    expected = {
        "incident.opened": 1,
        "incident.awaiting": plans,
        "incident.resolved": 1,
    }
    assert _types(_calls(tmp_path)) == expected


def _work_that_hurts() -> Case:
    """CHG-1 cuts a router off from the twentieth minute on, which is known an hour before."""
    plain = case()
    work = PlannedWork(
        id="CHG-1", links=(STUB.link,), starts_s=EVENING_S + 1200.0, ends_s=EVENING_S + 3600.0
    )
    shut = PlannedAction(
        at_s=1260.0, until_s=3500.0, link=STUB.link, what="link_down", change_id="CHG-1"
    )
    return Case(
        plain.world.model_copy(update={"planned_work": (work,)}),
        plain.truth.model_copy(update={"planned_actions": (shut,)}),
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
def test_work_that_hurts_is_called_for_before_and_when_it_has_begun_once_each_after_a_kill(
    tmp_path: Path, number: int
) -> None:
    stage(_work_that_hurts(), 1, tmp_path / "networks" / "live.sqlite").close()
    _die(tmp_path, f"KillAfterWorkNotice('watch', {number})")
    with operating(tmp_path, None) as operation:
        operation.journal.notifies_of = {"": EVERY_EVENT}
        operation.run(lambda: operation.clock.now_s() >= EVENING_S + 4200.0)
        ahead, begun = operation.journal.unsent_notices("live")
        assert operation.journal.incidents() == ()
    assert (ahead.event, begun.event, begun.work) == ("work_ahead", "work_begun", "CHG-1")
    told = [json.loads(notice.body) for notice in (ahead, begun)]
    assert told[0]["timestamp"] < "2026-03-03T18:20:00Z" < told[1]["timestamp"]
    assert "will put" in told[0]["data"]["text"]
    assert "has begun, and has put" in told[1]["data"]["text"]


@pytest.mark.slow
def test_webhook_is_told_of_an_incident_as_it_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("NOCTUA_WEBHOOK_SECRET", secret)
    with receiving() as receiver:
        _write_settings(
            tmp_path, f"webhook: {receiver.address}\nsecret_env: NOCTUA_WEBHOOK_SECRET\n"
        )
        with operating(tmp_path, case((60.0, LOSSY))) as operation:
            operation.run(operation.is_waiting_for_approval)
        told = [json.loads(body) for _, body in receiver.posts]
    assert [t["type"] for t in told] == ["incident.opened", "incident.awaiting"]
    assert told[1]["data"]["plan"] == f"{FIRST}.mitigate1"


def test_settings_that_are_wrong_end_the_watch_before_it_begins(tmp_path: Path) -> None:
    _write_settings(tmp_path, "webhook: https://alerts.example/\nsecret_env: NOT_THERE")
    with (
        closing(stage(case(), 1, tmp_path / "networks" / "live.sqlite")) as network,
        pytest.raises(BadInput, match="the environment has no NOT_THERE"),
    ):
        Workplace(tmp_path, network, SimulatedClock(network))


# About the watch itself


def test_call_about_the_watch_itself_needs_no_journal_and_is_made_once(tmp_path: Path) -> None:
    ear = Ear()
    full = Condition(
        network=incident().network,
        kind=ConditionKind.DISK_FULL,
        detail="the disk of /srv is full",
        since_s=OPENED_S,
    )
    journal, away = tmp_path / "journal.sqlite", tmp_path / "away"
    with closing(Watching(tmp_path)) as watching:
        with closing(Notifier(watching.journal, incident().network, ear)) as notifier:
            journal.rename(away)
            notifier.watch_under(watching.lease)
            notifier.call(full)
            _until(lambda: bool(ear.heard))
            assert [notice.event for notice in ear.heard] == ["paged"]
            assert json.loads(ear.heard[0].body)["data"]["text"] == full.text
            away.rename(journal)
            _until(lambda: not watching.unsent())
        assert [notice.event for notice in ear.heard] == ["paged", "escalated"]


def test_what_was_taken_and_not_written_down_is_not_sent_again(tmp_path: Path) -> None:
    ear = Ear(hangs=True)
    journal, away = tmp_path / "journal.sqlite", tmp_path / "away"
    with closing(Watching(tmp_path)) as watching:
        with closing(Notifier(watching.journal, incident().network, ear)) as notifier:
            notifier.watch_under(watching.lease)
            _until(lambda: ear.tries == 1)
            journal.rename(away)
            ear.released.set()
            _until(lambda: bool(ear.heard))
            away.rename(journal)
            watching.make_due()
            _until(lambda: not watching.unsent())
        assert len(ear.heard) == 1
