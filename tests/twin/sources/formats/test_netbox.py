"""NetBox: traced connections are links, LAGs are bundles, sites are places."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.twin.sources.formats.published_files import published
from twin.errors import BadTopology
from twin.sources.formats.netbox import NETBOX


def test_lag_is_one_link_and_the_slower_interface_counts() -> None:
    network = NETBOX.read(published("netbox/netbox-4.json"), "n")
    assert [(x.id, x.capacity_bps, x.members) for x in network.links] == [
        ("osl-cr1--bgo-cr1", 200e9, 2),
        ("osl-cr1--trd-cr1", 10e9, None),
        ("bgo-cr1--trd-cr1", 5e9, None),
    ]
    first = network.nodes[0]
    assert (first.longitude, first.latitude) == (10.75, 59.91)
    assert (first.platform, first.role) == ("Juniper MX960, Juniper Junos", "Router")
    assert (first.hardware, first.software) == ("Juniper MX960", "Juniper Junos")
    assert first.management_address == "10.0.255.1"
    said = " | ".join(network.remarks)
    assert "connected to no other: 1 of 4" in said
    assert "lead to a provider network, or to a device that is not in the document: 1" in said


def test_older_netbox_calls_the_role_device_role_and_traces_through_panels() -> None:
    network = NETBOX.read(published("netbox/netbox-3.5.json"), "n")
    assert [node.role for node in network.nodes] == ["Router", "Router"]
    assert [link.capacity_bps for link in network.links] == [10e9]


def test_breakout_is_a_link_to_each_far_end() -> None:
    network = NETBOX.read(published("netbox/breakout.json"), "n")
    assert [(x.id, x.capacity_bps) for x in network.links] == [
        ("osl-cr1--bgo-cr1", 10e9),
        ("osl-cr1--trd-cr1", 10e9),
    ]


def _changed(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(published("netbox/netbox-3.5.json"))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (_changed(lambda d: d.update(devices=7)), '"devices" of the document must be a list'),
        (_changed(lambda d: d["devices"][0].pop("id")), 'an entry of "devices" has no "id"'),
        (_changed(lambda d: d["devices"][0].update(id=2)), '"devices" has id 2 twice'),
        (_changed(lambda d: d["interfaces"][0].pop("device")), 'interface 11 has no "device"'),
        (_changed(lambda d: d["interfaces"][0].update(speed="fast")), "speed of interface 11"),
        (_changed(lambda d: d["sites"][0].update(latitude=95)), "device 1 is at 95 north"),
        (_changed(lambda d: d.update(interfaces=[])), "it has no nodes"),
    ],
)
def test_record_that_breaks_a_rule_is_named(text: str, says: str) -> None:
    with pytest.raises(BadTopology) as raised:
        NETBOX.read(text, "n")
    assert says in str(raised.value)
