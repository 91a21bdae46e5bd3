"""Weights of some links are those of all, and what is shut at one end is shut."""

from hypothesis import given
from hypothesis import strategies as st

from tests.twin.tracking.square import topology
from twin.nouns.configuration import (
    DeviceConfiguration,
    InterfaceConfiguration,
    NetworkConfiguration,
    default_configuration,
)
from twin.physics.compiled import NO_ARC, arc_weights, link_weights

SQUARE = topology()
LINKS = tuple(link.id for link in SQUARE.links)


def interfaces(link: str) -> st.SearchStrategy[InterfaceConfiguration]:
    """Any of `link`."""
    return st.builds(
        InterfaceConfiguration,
        link=st.just(link),
        igp_weight=st.integers(1, 100),
        drained=st.booleans(),
        shut_down=st.booleans(),
    )


@st.composite
def configurations(draw: st.DrawFn) -> NetworkConfiguration:
    return NetworkConfiguration(
        devices=tuple(
            DeviceConfiguration(
                node=device.node,
                interfaces=tuple(
                    draw(interfaces(interface.link)) for interface in device.interfaces
                ),
            )
            for device in default_configuration(SQUARE).devices
        )
    )


@given(configurations(), st.sets(st.sampled_from(LINKS)))
def test_weights_of_some_links_are_those_of_all(
    running: NetworkConfiguration, links: set[str]
) -> None:
    every = arc_weights(SQUARE, running)
    found = link_weights(SQUARE, running, links)
    assert [*found] == [
        arc for i, link in enumerate(LINKS) if link in links for arc in (2 * i, 2 * i + 1)
    ]
    assert found == {arc: every[arc] for arc in found}


def test_a_link_that_is_shut_at_one_end_is_usable_at_neither() -> None:
    running = default_configuration(SQUARE)
    shut = running.device("B").interface("A-B").model_copy(update={"shut_down": True})
    found = link_weights(SQUARE, running.with_interface("B", shut), ["A-B", "B-C"])
    assert found == {0: NO_ARC, 1: NO_ARC, 2: 10, 3: 10}
