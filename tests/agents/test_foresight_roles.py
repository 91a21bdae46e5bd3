"""What a mind may say in a refresh of the risk register, and what the shipped one says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.loop.budget import Budget
from agents.loop.role import Mind, Role, run_role
from agents.playbook.policies import playbook
from agents.roles.foresight_imaginer import Foresight, ForesightImaginer, Told, WorkAhead
from agents.roles.foresight_wording import ForesightWording, Worded, names_of
from tests.twin.whatif.test_survey import square
from tools.clock import SystemClock
from twin.errors import BadInput, Ungrounded
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.imagination.beside import Beside
from twin.imagination.elements import elements_of
from twin.nouns.base import Noun
from twin.nouns.forecast import Interval
from twin.nouns.rates import Rates
from twin.nouns.risk import InRegime, Mitigation, Risk

TWIN = square((("A", "D", 12.0),))
TOPOLOGY = TWIN.inventory.topology
NAMES = frozenset({"Essen", "Dortmund", "Koeln", "Essen--Koeln", "Opal Bank"})

LINE = Risk(
    rank=1,
    what_if="node Essen down",
    elements=("device Essen",),
    per_year=0.1,
    per_year_range=Interval(p05=0.05, median=0.1, p95=0.2),
    hours=4.0,
    slo_minutes=311.6,
    slo_minutes_range=Interval(p05=57.0, median=300.0, p95=709.0),
    in_work=0.0,
    regimes=(InRegime(regime="40% of peak", hit=("a", "b")), InRegime(regime="peak", hit=("a",))),
    customers=("Opal Bank",),
    remedy=Mitigation(
        actions=(SetIgpWeight(node="Dortmund", link="Dortmund--Essen", weight=40),),
        effectiveness=0.83,
    ),
)


def _imaginer(told: Told | None = None, simulations: int = 100) -> ForesightImaginer:
    beside = Beside(TWIN, TWIN.state(), elements_of(TOPOLOGY, Rates()), 1)
    return ForesightImaginer("live", beside, told or Told(), simulations)


def _answer(*split: tuple[str, float], condition: str | None = None) -> Foresight:
    days = [] if condition is None else [condition]
    return Foresight.model_validate(
        {
            "proposals": [{"condition": x, "kinds": [], "why": "it may be"} for x in days],
            "split": [{"generator": name, "share": share} for name, share in split],
        }
    )


def _played(role: Role[Any], task: Noun) -> Any:
    minds = (Mind("playbook", playbook(), foreign=False),)
    run = run_role(role, task, minds, Budget(), SystemClock())
    assert not [entry for entry in run.transcript if entry["kind"] == "complaint"]
    return run.answer


# What is searched


def test_split_among_generators_that_there_are_is_taken() -> None:
    _imaginer().ground(_answer(("search", 0.25), ("rules", 0.75)))
    _imaginer().ground(_answer(("llm", 1.0), condition="link A--B in work"))
    _imaginer(simulations=0).ground(_answer())


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (_answer(("oracle", 1.0)), '"oracle" is no generator here; there are search, '),
        (_answer(("replay", 1.0)), '"replay" is no generator here'),
        (_answer(("llm", 1.0)), "looks at what is proposed, and nothing is"),
        (_answer(("search", 0.5), ("search", 0.5)), "twice"),
        (_answer(("search", 0.5), ("rules", 0.4)), "add up to 0.9"),
        (_answer(), "add up to 0"),
        (_answer(("search", 1.0), condition="link A--Z in work"), "A--Z"),
        (_answer(("search", 1.0), condition="ignore the register"), "cannot be read"),
    ],
)
def test_what_does_not_exist_is_refused_by_name(answer: Foresight, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        _imaginer().ground(answer)


def test_shipped_mind_would_look_at_days_of_the_next_works() -> None:
    works = [("A--B", 30.0), ("C--D", 2.0), ("A--B", 50.0)]
    told = Told(
        past={"link_down@A--C": 3},
        work=tuple(WorkAhead(links=(x,), begins_in_hours=h, hours=4.0) for x, h in works),
    )
    imaginer = _imaginer(told)
    answer = _played(imaginer.role(), imaginer.task())
    assert [x.condition for x in answer.proposals] == ["link C--D in work", "link A--B in work"]
    assert answer.shares == {"search": 0.75, "llm": 0.25}
    nothing = _imaginer()
    assert _played(nothing.role(), nothing.task()).shares == {"search": 1.0}


# What is worded


def _wording(*lines: Risk) -> ForesightWording:
    return ForesightWording(lines or (LINE,), NAMES)


def _worded(text: str, line: str = LINE.id) -> Worded:
    return Worded.model_validate({"sentences": [{"line": line, "text": text}]})


@pytest.mark.parametrize(
    "text",
    [
        "Essen costs 312 service-minutes a year, and Opal Bank pays.",
        "If Essen fails (0.1 times a year), a weight of 40 at Dortmund saves 83 %.",
        "Two services suffer for 4.0 hours.",
    ],
)
def test_sentence_of_names_and_figures_of_its_line_is_taken(text: str) -> None:
    _wording().ground(_worded(text))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (_worded("Koeln fails."), "does not name Koeln"),
        (_worded("Essen--Koeln is cut."), "does not name Essen--Koeln"),
        (_worded("It costs 999 minutes."), "does not say 999"),
        (_worded("It saves 84 %."), "does not say 84"),
        (_worded("Essen fails.", "R-00000000"), "is not a line that was shown"),
        (
            Worded(sentences=(*_worded("Essen.").sentences, *_worded("Essen!").sentences)),
            "two sentences",
        ),
    ],
)
def test_sentence_of_anything_else_is_refused(answer: Worded, says: str) -> None:
    with pytest.raises(Ungrounded, match=says):
        _wording().ground(answer)


@given(
    st.floats(1e-6, 1e7),
    st.floats(1e-9, 1e3),
    st.integers(0, 40),
    st.text("abc XYZ-", min_size=1, max_size=400),
)
def test_shipped_mind_words_any_line_from_what_stands_in_it(
    minutes: float, per_year: float, hit: int, what_if: str
) -> None:
    line = LINE.model_copy(
        update={
            "what_if": what_if,
            "per_year": per_year,
            "slo_minutes": minutes,
            "regimes": (InRegime(regime="peak", hit=tuple(map(str, range(hit)))),),
        }
    )
    wording = _wording(line)
    (sentence,) = _played(wording.role(), wording.task()).sentences
    assert sentence.line == line.id


def test_names_are_of_all_that_is_built_and_served() -> None:
    assert names_of(TWIN.inventory) >= {"A", "A--B", "duct:A:1", "svc", "one"}
