"""A plan's actions become one commit per device."""

from hypothesis import given
from hypothesis import strategies as st

from tests.tools.change.in_memory import inventory
from twin.events.action import Action
from twin.events.actions.drain_link import DrainLink
from twin.events.actions.set_igp_weight import SetIgpWeight
from twin.events.actions.undrain_link import UndrainLink
from twin.nouns.configuration import configuration_diff
from twin.remedies.steps import plan_steps

INVENTORY = inventory()
RUNNING, TOPOLOGY = INVENTORY.intended, INVENTORY.topology

links = st.sampled_from(TOPOLOGY.links)
actions: st.SearchStrategy[Action] = st.one_of(
    links.map(lambda link: DrainLink(link=link.id)),
    links.map(lambda link: UndrainLink(link=link.id)),
    st.builds(
        lambda link, weight: SetIgpWeight(node=link.a, link=link.id, weight=weight),
        links,
        st.integers(1, 50),
    ),
)


def test_drain_is_two_commits_in_the_order_of_the_ends() -> None:
    steps = plan_steps([DrainLink(link="A-B")], RUNNING, RUNNING, TOPOLOGY)
    assert [step.node for step in steps] == ["A", "B"]
    halfway = steps[0].after
    assert halfway.device("A").interface("A-B").drained
    assert not halfway.device("B").interface("A-B").drained


def test_action_that_changes_nothing_needs_no_commit() -> None:
    assert plan_steps([UndrainLink(link="A-B")], RUNNING, RUNNING, TOPOLOGY) == ()
    assert plan_steps([], RUNNING, RUNNING, TOPOLOGY) == ()


@given(st.lists(actions, max_size=6))
def test_steps_commit_each_device_once_and_end_where_the_actions_end(
    chosen: list[Action],
) -> None:
    steps = plan_steps(chosen, RUNNING, RUNNING, TOPOLOGY)
    after = RUNNING
    for action in chosen:
        after = action.configured(after, RUNNING, TOPOLOGY)
    assert (steps[-1].after if steps else RUNNING) == after
    assert len({step.node for step in steps}) == len(steps)
    for step in steps:
        assert step.diff == configuration_diff(RUNNING.device(step.node), step.candidate)
