"""What is taken out leaves what others need in force, and brings nothing back that is gone."""

import math
from dataclasses import replace

import numpy as np
import pytest

from graphs.unwinding import Layer, unwound
from tests.twin.tracking.square import inventory
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.rate_limit import RateLimit
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.nouns.configuration import NetworkConfiguration
from twin.nouns.plan import Plan
from twin.nouns.traffic_class import TrafficClass

KNOWN = inventory()
BASE, TOPOLOGY = KNOWN.intended, KNOWN.topology


def applied(actions: tuple[Action, ...], running: NetworkConfiguration) -> NetworkConfiguration:
    for action in actions:
        running = action.configured(running, BASE, TOPOLOGY)
    return running


def limit(node: str, link: str, rate_bps: float) -> Action:
    return RateLimit(
        node=node, link=link, traffic_class=TrafficClass.BEST_EFFORT, rate_bps=rate_bps
    )


def put_on(
    name: str, actions: tuple[Action, ...], running: NetworkConfiguration, at_s: float
) -> tuple[Layer, NetworkConfiguration]:
    """The layer that `actions` make of `running`, and what runs then."""
    undo: tuple[Action, ...] = ()
    now = running
    for action in actions:
        undo = (*action.inverse(now, TOPOLOGY), *undo)
        now = action.configured(now, BASE, TOPOLOGY)
    plan = Plan.model_construct(id=name, actions=actions, way_back=undo)
    return Layer(plan, from_s=at_s), now


def out(layers: list[Layer], name: str) -> tuple[Action, ...]:
    return unwound(layers, {name}, TOPOLOGY)


def without(layers: list[Layer], name: str, at_s: float) -> list[Layer]:
    """As they are once the layer `name` has been taken out."""
    return [replace(x, until_s=at_s) if x.plan.id == name else x for x in layers]


def test_limit_that_another_has_moved_is_taken_out_with_the_last_of_them() -> None:
    first, running = put_on("first", (limit("A", "A-B", 5e9),), BASE, 1.0)
    second, running = put_on("second", (limit("A", "A-B", 6e9),), running, 2.0)
    layers = [first, second]
    assert applied(out(layers, "first"), running) == running, "the second needs it"
    layers = without(layers, "first", 3.0)
    assert applied(out(layers, "second"), running) == BASE, "the first must not come back"


def test_what_people_have_made_of_it_since_is_what_it_goes_back_to() -> None:
    first, running = put_on("first", (SetIgpWeight(node="A", link="A-B", weight=20),), BASE, 1.0)
    layers = without([first], "first", 2.0)
    # The same weight, for good this time.
    second, running = put_on(
        "second", (SetIgpWeight(node="A", link="A-B", weight=60),), running, 3.0
    )
    assert applied(out([*layers, second], "second"), running) != BASE


def test_what_lies_beside_is_left_alone() -> None:
    first, running = put_on("first", (limit("A", "A-B", 5e9),), BASE, 1.0)
    second, running = put_on("second", (limit("B", "B-C", 6e9),), running, 2.0)
    assert out([first, second], "first") == first.plan.way_back


@pytest.mark.parametrize("seed", range(40))
def test_in_whatever_order_they_go_what_runs_is_what_is_needed(seed: int) -> None:
    numbers = np.random.default_rng(seed)
    egresses = [("A", "A-B"), ("B", "A-B"), ("B", "B-C")]

    def drawn() -> Action:
        node, link = egresses[int(numbers.integers(len(egresses)))]
        kind = int(numbers.integers(3))
        if kind == 0:
            return DrainLink(link=link)
        if kind == 1:
            return SetIgpWeight(node=node, link=link, weight=int(numbers.integers(2, 9)))
        return limit(node, link, float(numbers.integers(2, 9)) * 1e9)

    layers: list[Layer] = []
    running = BASE
    for step in range(12):
        needed = [layer.plan for layer in layers if layer.until_s == math.inf]
        if needed and numbers.random() < 0.5:
            name = needed[int(numbers.integers(len(needed)))].id
            running = applied(out(layers, name), running)
            layers = without(layers, name, float(step))
        else:
            layer, running = put_on(f"{step}", (drawn(), drawn()), running, float(step))
            layers.append(layer)
        meant = BASE
        for layer in layers:
            if layer.until_s == math.inf:
                meant = applied(layer.plan.actions, meant)
        assert running == meant
