"""Whether a network is well, and what of it was read, is said the same way in every channel."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from channels import verbs
from channels.cli.standing_watch import health_line
from graphs.state_directory import StateDirectory
from tests.channels import test_one_figure as figures
from tests.channels.cli.desk_of_paper import OPENED_S, SECOND, open_journal, write_incident
from tests.channels.conftest import noctua
from tools.journal.records import WatchRecord
from twin.nouns.coverage import Coverage, CoveredPart, PartRead, Unread
from twin.nouns.health import Health, Seen
from twin.nouns.incident import Symptom
from twin.nouns.telemetry_fault import TelemetryFault, TelemetryFaultKind

NOW_S = OPENED_S + 3600.0
FELL_S = OPENED_S + 3000.0
HALF_READ = Unread(source="CHINng|CHINng--IPLSng", last_s=FELL_S)
DOWN = "CHINng--IPLSng"

Sight = Callable[[], tuple[Seen | None, float]]
"""What the watch saw, and when it last stepped."""


def _part(part: CoveredPart, known: int, *unread: Unread) -> PartRead:
    return PartRead(part=part, known=known, read=known - len(unread), unread=unread)


def _coverage(as_of_s: float, *, read_s: float, blind: bool = False, **unread: Unread) -> Coverage:
    sizes: dict[CoveredPart, int] = {
        "devices": 12, "egresses": 30, "loss": 30, "probes": 5, "flows": 12,
    }  # fmt: skip
    found = {part: (one,) for part, one in unread.items()}
    gone = [Unread(source=f"{i}", last_s=read_s) for i in range(30)]
    return Coverage(
        as_of_s=as_of_s,
        read_s=read_s,
        listening_since_s=OPENED_S - 3600.0,
        parts=tuple(
            _part(part, known, *(gone[:known] if blind else found.get(part, ())))
            for part, known in sizes.items()
        ),
    )


def _seen(coverage: Coverage, down: tuple[str, ...] = ()) -> Seen:
    symptom = Symptom(
        kind="adjacency_down",
        resource=DOWN,
        first_seen_s=FELL_S,
        last_seen_s=FELL_S,
        magnitude=1.0,
        alarms=2,
    )
    return Seen(
        coverage=coverage,
        links_down=down,
        links_drained=(),
        symptoms=(symptom,) if down else (),
        in_breach=(),
    )


def _whole() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=NOW_S)), NOW_S


def _down() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=NOW_S), (DOWN,)), NOW_S


def _gap() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=NOW_S, egresses=HALF_READ)), NOW_S


def _down_and_gap() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=NOW_S, egresses=HALF_READ), (DOWN,)), NOW_S


def _blind() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=FELL_S, blind=True)), NOW_S


def _blind_and_down() -> tuple[Seen | None, float]:
    return _seen(_coverage(NOW_S, read_s=FELL_S, blind=True), (DOWN,)), NOW_S


def _clock_off() -> tuple[Seen | None, float]:
    return _whole_but(TelemetryFaultKind.CLOCK), NOW_S


def _misread() -> tuple[Seen | None, float]:
    return _whole_but(TelemetryFaultKind.CONTRADICTED), NOW_S


def _whole_but(kind: TelemetryFaultKind) -> Seen:
    fault = TelemetryFault(source="CHINng", kind=kind, since_s=FELL_S, amount=-3600.0)
    seen = _seen(_coverage(NOW_S, read_s=NOW_S))
    return seen.model_copy(update={"telemetry_faults": (fault,)})


def _never_said() -> tuple[Seen | None, float]:
    return None, NOW_S


SIGHTS: tuple[Sight, ...] = (
    _whole, _down, _gap, _down_and_gap, _blind, _blind_and_down, _clock_off, _misread, _never_said,
)  # fmt: skip


def _record(sight: Sight) -> WatchRecord:
    seen, stepped_s = sight()
    return WatchRecord(
        network="live",
        holder="",
        started_s=OPENED_S,
        stepped_s=stepped_s,
        stepped_wall_s=time.time(),
        steps=120,
        alarms=3,
        failures=0,
        trouble="",
        seen=seen,
    )


def _write(state: StateDirectory, sight: Sight) -> None:
    with open_journal(state.path) as journal:
        record = _record(sight)
        journal.report_watch(record)
        assert journal.watches() == (record,)


@pytest.mark.slow
@pytest.mark.parametrize("sight", SIGHTS, ids=lambda x: x.__name__)
@pytest.mark.parametrize("reach", [x for x, _ in figures.STATES], ids=lambda x: x.__name__)
def test_every_channel_makes_the_same_claim(
    state: Path, reach: Callable[[StateDirectory], None], sight: Sight
) -> None:
    (state / "networks" / "live.sqlite").unlink()
    with open_journal(state) as journal:
        write_incident(journal)
    directory = StateDirectory(state)
    reach(directory)
    _write(directory, sight)
    [network] = verbs.networks(directory)
    health = network.health
    assert verbs.incident(directory, SECOND).health == health
    assert verbs.report(directory, SECOND).health == health
    assert verbs.handover(directory, 3600.0).networks[0].health == health
    shown, handed = noctua(state, "show", SECOND)[1], noctua(state, "handover")[1]
    asked = noctua(state, "ask", "Is the network healthy?")[1]
    checked, drifted = noctua(state, "doctor")[1], noctua(state, "drift")[1]
    for text in (shown, handed):
        assert _spaced(health.sentence) in _spaced(text)
    for text in (shown, handed, checked, drifted):
        assert _spaced(health.coverage_line) in _spaced(text)
    assert _spaced(asked).startswith(_spaced(health.sentence))
    assert health.unread in _spaced(asked)
    for sentence in health.put_right:
        assert sentence[1:] in _spaced(asked)
    _is_right(health, sight)


def _is_right(health: Health, sight: Sight) -> None:
    said = {health.sentence, health.coverage_line}
    is_well = any("All is well" in text for text in said)
    wrong = bool(health.open or health.with_people) or sight in (
        _down,
        _down_and_gap,
        _blind_and_down,
    )
    assert is_well == (sight in (_whole, _clock_off) and not wrong)
    assert ("Not everything is well." in health.sentence) == wrong
    if sight in (_blind, _blind_and_down):
        assert health.unread.startswith("no telemetry since 2026-")
        assert health.data_age_s == NOW_S - FELL_S
    if sight is _clock_off:
        assert "the clock of CHINng is 3,600 s behind since " in health.coverage_line
    if sight is _misread:
        assert "counters of CHINng do not agree with those of the far ends" in health.unread
    if sight in (_gap, _down_and_gap):
        assert HALF_READ.source in health.coverage_line
        assert "10 min 00 s" in health.coverage_line


@pytest.mark.parametrize(
    ("sight", "says"),
    [(_whole, "well, reads everything"), (_gap, HALF_READ.source), (_blind, "no telemetry since")],
)
def test_the_watch_itself_calls_nothing_well_that_it_does_not_read(sight: Sight, says: str) -> None:
    line = health_line(_record(sight))
    assert says in line
    assert ("well" in line) == (sight is _whole)


def test_network_at_which_nobody_has_looked_for_long_is_unknown() -> None:
    seen, stepped_s = _whole()
    before = Health(now_s=stepped_s + 200.0, looked_s=stepped_s, seen=seen, open=(), with_people=())
    assert before.verdict == "well"
    after = before.model_copy(update={"now_s": stepped_s + 7200.0})
    assert after.verdict == "unknown"
    assert "nobody has looked since" in after.sentence
    assert "2 h 00 min" in after.sentence


def _spaced(text: str) -> str:
    return " ".join(text.split())
