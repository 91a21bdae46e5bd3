"""Refuses scenarios that a network cannot have."""

from collections.abc import Sequence

from twin.errors import BadInput
from twin.imagination.scenario_text import WITH, event_text
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.risk_scenario import DAY_S, RiskScenario
from twin.nouns.topology import Topology


def check_scenario(
    scenario: RiskScenario,
    topology: Topology,
    running: NetworkConfiguration,
    words: Sequence[str] = (),
) -> None:
    """Refuse what does not exist, what cannot be, and what an adversary does not have.

    `words`: in which somebody said what is under way, and each event; else as they are printed.

    Raises:
        BadInput: the text quotes the words, and says why.
    """
    under_way, events = scenario.conditions.under_way, scenario.events
    said = words or (*(one.fault.phrase() for one in under_way), *map(event_text, events))
    for text, one in zip(said, (*under_way, *events), strict=True):
        whole = one.fault.complete(topology)
        try:
            whole.check(topology, running)
        except BadInput as error:
            raise BadInput(f'"{text}": {error}') from None
        if whole.bare() != one.fault:
            raise BadInput(f'"{text}" takes down other than it says')
    of_events = said[len(under_way) :]
    _refuse_twice(scenario, of_events)
    _refuse_without_means(scenario, of_events)


def _refuse_twice(scenario: RiskScenario, words: Sequence[str]) -> None:
    """Raises BadInput: something strikes while it is in force."""
    until = {one.fault.subject(): one.until_s or DAY_S for one in scenario.conditions.under_way}
    for text, event in zip(words, scenario.events, strict=True):
        subject = event.fault.subject()
        if event.after_s < until.get(subject, 0):
            raise BadInput(f'"{text}": that is so already when it strikes')
        until[subject] = event.until_s or DAY_S


def _refuse_without_means(scenario: RiskScenario, words: Sequence[str]) -> None:
    """Raises BadInput: an adversary does what it has no means for."""
    adversary = scenario.adversary
    if adversary == "flood" and len(scenario.events) > 1:
        raise BadInput(f'"{words[1]}": an adversary with one flood does one thing')
    for text, event in zip(words, scenario.events, strict=True):
        if adversary and event.fault.means != adversary:
            raise BadInput(
                f'"{text}": an adversary with {WITH[adversary]} does not bring that about'
            )
