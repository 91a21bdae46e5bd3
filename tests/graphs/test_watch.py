"""What a watch does when something fails, when it is not alone, and when somebody answers."""

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from evals.stage import stage
from graphs.watch import POLL_S
from graphs.workplace import Workplace
from tests.graphs.stagehand import (
    FIRST,
    LOSSY,
    STUB,
    WRONG_WEIGHT,
    Person,
    answer_to,
    case,
    operating,
)
from tools.clock import never
from tools.journal.errors import JournalFailed, LeaseLost
from tools.journal.holder import Holder
from tools.journal.journal import Journal
from tools.journal.lease_rows import incident_subject, network_subject
from tools.network.emulated import EmulatedNetwork, SimulatedClock
from twin.errors import NetworkError
from twin.nouns.incident import Phase
from twin.nouns.telemetry import Telemetry


class DeafNetwork:
    """A network whose telemetry cannot be had while `is_deaf`; all else is the real one's."""

    def __init__(self, network: EmulatedNetwork) -> None:
        self._network = network
        self.is_deaf = False

    def poll(self, after_s: float | None = None) -> Sequence[Telemetry]:
        """Raises NetworkError while deaf."""
        if self.is_deaf:
            raise NetworkError("no collector answers")
        return self._network.poll(after_s)

    def __getattr__(self, name: str) -> object:
        return getattr(self._network, name)


class SleepingClock(SimulatedClock):
    """A clock that sleeps in slices of a second, and asks in each whether it is to stop."""

    def wait_until(self, time_s: float, stop: Callable[[], bool] = never) -> None:
        """Advance second by second."""
        while self.now_s() < time_s and not stop():
            super().wait_until(min(self.now_s() + 1.0, time_s))


def test_watch_says_why_it_is_blocked_and_when_it_goes_on(tmp_path: Path) -> None:
    with closing(stage(case(), 1, tmp_path / "networks" / "live.sqlite")) as network:
        deaf = DeafNetwork(network)
        clock = SimulatedClock(network)
        with Workplace(tmp_path, deaf, clock, tolerant=True) as workplace:  # type: ignore[arg-type]  # __getattr__ gives the rest of the Protocol
            workplace.watch.run(clock.now_s() + 2 * POLL_S)
            deaf.is_deaf = True
            workplace.watch.run(clock.now_s() + 3 * POLL_S)
            (blocked,) = workplace.journal.blocked()
            assert (blocked.subject, blocked.reason) == (
                network_subject("live"),
                "no collector answers",
            )
            (watch,) = workplace.journal.watches()
            assert (watch.failures, watch.trouble) == (3, "no collector answers")
            deaf.is_deaf = False
            workplace.watch.run(clock.now_s() + POLL_S)
            assert workplace.journal.blocked() == ()


def test_watch_that_is_not_tolerant_lets_failures_out(tmp_path: Path) -> None:
    with closing(stage(case(), 1, tmp_path / "networks" / "live.sqlite")) as network:
        deaf = DeafNetwork(network)
        deaf.is_deaf = True
        with (
            Workplace(tmp_path, deaf, SimulatedClock(network)) as workplace,  # type: ignore[arg-type]  # as above
            pytest.raises(NetworkError, match="no collector"),
        ):
            workplace.watch.step()


@pytest.mark.slow
def test_second_watch_stands_by_until_the_first_has_gone(tmp_path: Path) -> None:
    with closing(stage(case((60.0, LOSSY)), 1, tmp_path / "networks" / "live.sqlite")) as network:
        clock = SimulatedClock(network)
        with Workplace(tmp_path, network, clock) as second:
            with Workplace(tmp_path, network, clock) as first:
                while first.journal.incident_count("live") == 0:
                    first.watch.run(clock.now_s() + POLL_S)
                    before = second.tracker.now_s
                    second.watch.step()
                    assert second.watch.standing_by
                    assert second.tracker.now_s == before, "telemetry is taken in by one"
                lease = second.journal.lease(incident_subject(FIRST))
                assert lease is not None
                assert lease.holder == first.holder.id
            second.watch.run(clock.now_s() + POLL_S)
            assert not second.watch.standing_by
            assert second.journal.incident_count("live") == 1
            lease = second.journal.lease(incident_subject(FIRST))
            assert lease is not None
            assert (lease.holder, lease.epoch) in ((second.holder.id, 2), ("", 1))


@pytest.mark.slow
def test_answer_of_another_process_wakes_the_watch_up(tmp_path: Path) -> None:
    scripted = case((600.0, WRONG_WEIGHT))
    with operating(tmp_path, scripted) as operation:
        operation.run(operation.is_waiting_for_approval)
        (plan,) = operation.plans()
        answered_s = operation.clock.now_s() + 10.0
    with closing(EmulatedNetwork.open(tmp_path / "networks" / "live.sqlite")) as network:
        clock = SleepingClock(network)

        def answer_then_go_on() -> bool:
            if clock.now_s() >= answered_s and not done:
                with Journal.open(tmp_path / "journal.sqlite") as elsewhere:
                    for name in ("erin", "frank"):
                        elsewhere.answer(answer_to(plan, "approve", clock.now_s(), name))
                done.append(True)
            return False

        done: list[bool] = []
        with Workplace(tmp_path, network, clock, stop=answer_then_go_on) as workplace:
            workplace.watch.run(clock.now_s() + POLL_S)
            events = workplace.journal.timeline(FIRST)
    (committed,) = [e for e in events if e.kind == "committed"]
    assert answered_s <= committed.time_s <= answered_s + 3.0


def test_watch_that_is_told_to_stop_ends_its_step_and_keeps_what_it_learned(tmp_path: Path) -> None:
    with closing(stage(case(), 1, tmp_path / "networks" / "live.sqlite")) as network:
        clock = SimulatedClock(network)
        stopping_s = clock.now_s() + 5 * POLL_S
        stop = lambda: clock.now_s() >= stopping_s  # noqa: E731
        with Workplace(tmp_path, network, clock, stop=stop) as workplace:
            workplace.watch.run(clock.now_s() + 3600.0)
            assert clock.now_s() == stopping_s
            assert (tmp_path / "trackers" / "live.json").exists()
        assert list((tmp_path / "locks").iterdir()) == []


@pytest.mark.slow
def test_incident_that_no_graph_has_begun_is_begun_by_the_next_watch(tmp_path: Path) -> None:
    """A kill between admission and the graph's first step."""
    with operating(tmp_path, case((600.0, WRONG_WEIGHT)), person=Person()) as operation:
        watch = operation.workplace.watch
        tracker = operation.workplace.tracker
        while not operation.journal.incidents():
            tracker.ingest(operation.network.poll())
            watch._admission.admit()
            operation.clock.wait_until(operation.clock.now_s() + POLL_S)
        watch.save()
    with operating(tmp_path, None, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert operation.journal.incident_count("live") == 1


@pytest.mark.slow
def test_look_whose_step_was_lost_is_taken_again(tmp_path: Path) -> None:
    """A death after the repair was told of, and before the graph has taken its step."""
    with operating(tmp_path, case((600.0, STUB)), person=Person()) as operation:
        operation.kept[0].fails.append(lambda: bool(operation.told("repaired")))
        with pytest.raises(JournalFailed, match="full"):
            operation.run()
        assert operation.phase() is Phase.AWAITING_REPAIR
    with operating(tmp_path, None, person=Person()) as operation:
        operation.run()
        assert operation.phase() is Phase.RESOLVED
        assert len(operation.journal.dispatches(FIRST)) == 1
        assert [e.kind for e in operation.journal.timeline(FIRST)][-1] == "resolved"


@pytest.mark.slow
def test_thread_is_not_written_by_who_has_lost_its_lease(tmp_path: Path) -> None:
    with operating(tmp_path, case((600.0, WRONG_WEIGHT))) as operation:
        operation.run(operation.is_waiting_for_approval)
        runs = operation.workplace.runs
        pending = runs.pending(FIRST)
        assert pending is not None
        stale = operation.workplace.holder.take(incident_subject(FIRST))
        operation.workplace.holder.release(incident_subject(FIRST))
        with (
            Journal.open(tmp_path / "journal.sqlite") as elsewhere,
            Holder(elsewhere, tmp_path / "locks") as other,
        ):
            other.take(incident_subject(FIRST))
            config = runs._config(FIRST)
            held = runs._checkpoints.get_tuple(config)
            assert held is not None
            with operation.journal.holding(stale), pytest.raises(LeaseLost, match=other.id):
                runs._checkpoints.put(held.config, held.checkpoint, held.metadata, {})
            assert runs.pending(FIRST) == pending
