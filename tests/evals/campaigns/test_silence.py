"""The judge of what is said to be unread sees what is missing, what is invented, and wrong ages."""

import numpy as np
import pytest

from evals.campaigns.silence import CAMPAIGN, Play, Silence, mistakes
from tests.twin.tracking.square import Counters, inventory, loads_of, probes
from twin.nouns.coverage import Coverage, CoveredPart, PartRead, Unread
from twin.nouns.health import Health, Seen

KNOWN = inventory(services=(("A", "B"), ("C", "D")))
PROBES = ("A>B/business", "C>D/business")
LAST_S = 1_800_000_000.0


def _health(*unread: tuple[CoveredPart, str, float]) -> Health:
    named: tuple[CoveredPart, ...] = ("devices", "egresses", "loss", "probes", "flows")
    parts = tuple(
        PartRead(
            part=part,
            known=9,
            read=9,
            unread=tuple(Unread(source=s, last_s=t) for p, s, t in unread if p == part),
        )
        for part in named
    )
    coverage = Coverage(
        as_of_s=LAST_S + 600.0, read_s=LAST_S, listening_since_s=LAST_S, parts=parts
    )
    seen = Seen(coverage=coverage, links_down=(), links_drained=(), symptoms=(), in_breach=())
    return Health(now_s=LAST_S + 600.0, looked_s=LAST_S + 600.0, seen=seen, open=(), with_people=())


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ([("devices", "A", LAST_S)], []),
        ([], ["not said: devices A"]),
        ([("devices", "A", LAST_S - 40.0)], ["another age: devices A"]),
        (
            [("devices", "A", LAST_S), ("probes", "p", LAST_S)],
            ["said, and is read: probes p"],
        ),
        ([("devices", "A", LAST_S), ("loss", "B|A-B", LAST_S)], []),
        (
            [("devices", "A", LAST_S), ("loss", "C|C-D", LAST_S)],
            ["said, and is read: loss C|C-D"],
        ),
    ],
)
def test_judge_names_every_mistake(
    said: list[tuple[CoveredPart, str, float]], wrong: list[str]
) -> None:
    expected: dict[tuple[CoveredPart, str], float] = {("devices", "A"): LAST_S}
    assert mistakes(_health(*said), expected, frozenset("ABD")) == wrong


def test_link_is_taken_out_at_both_of_its_ends_and_comes_back() -> None:
    silence = Silence(KNOWN.topology, PROBES, "a link", np.random.default_rng(3))
    [link] = silence.links
    counters = Counters()
    ends = {KNOWN.topology.link(link).a, KNOWN.topology.link(link).b}
    silence.from_s, silence.until_s = counters.now_s + 60.0, counters.now_s + 120.0
    for until_s in (30.0, 60.0, 90.0):
        records = counters.after(loads_of(KNOWN))
        kept = silence.arriving([*records, probes(KNOWN, counters.now_s)], counters.now_s)
        assert len(kept) == len(records) + 1
        gone = silence.expected(60.0) if until_s > 30.0 else {}
        assert set(gone) <= {("egresses", f"{node}|{link}") for node in ends}
    assert set(gone.values()) == {counters.now_s - 60.0}
    counters.after(loads_of(KNOWN))
    silence.arriving(counters.read(), silence.until_s)
    assert set(silence.expected(60.0).values()) == {counters.now_s}


@pytest.mark.slow
def test_device_that_falls_silent_is_said_to_be_unread_and_nothing_else() -> None:
    play = Play(case="topozoo/Compuserve", what="a device", arm="noctua", seed=1)
    outcome = CAMPAIGN.play(play)
    assert outcome.mistakes == ()
    assert [part for part, _ in outcome.silent] == ["devices"]
    assert (outcome.well, outcome.incidents) == (0, 0)
