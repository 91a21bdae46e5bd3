"""An inventory that travelled through JSON is the same inventory."""

import numpy as np
import pytest

from twin.errors import BadInput
from twin.sources.inventory_json import inventory_text, read_inventory
from twin.sources.world import WorldSpec, build_inventory


def test_inventory_that_travelled_through_json_is_the_same() -> None:
    inventory = build_inventory(WorldSpec(topology="sndlib/abilene"))
    read = read_inventory(inventory_text(inventory))
    assert read.topology == inventory.topology
    assert read.intended == inventory.intended
    assert read.services == inventory.services
    assert read.probes == inventory.probes
    assert read.profile == inventory.profile
    assert read.peak_traffic.nodes == inventory.peak_traffic.nodes
    np.testing.assert_array_equal(read.peak_traffic.rates_bps, inventory.peak_traffic.rates_bps)


def test_damaged_inventory_is_named() -> None:
    with pytest.raises(BadInput, match=r"live\.json: cannot be read as an inventory"):
        read_inventory('{"topology": 1}', "live.json")
