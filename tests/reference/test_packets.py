"""The twin against packet simulations that others made."""

import numpy as np
import pytest

from tests.reference.gnnet2021 import DATA, errors, samples

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"reference data absent: {DATA} (NOCTUA_REFERENCE_DATA)"
)


def test_delay_utilisation_and_loss_match_unseen_packet_simulations() -> None:
    found = errors("validation")
    assert found.pairs == 50 * 30 * 29
    assert found.delay < 0.015
    assert found.utilisation < 1e-3
    assert found.loss < 1e-4


def test_packet_on_the_wire_has_one_of_the_32_places() -> None:
    # Mean occupancy is of a busy queue: for M/G/1 that is 1 + load (1 + scv) / 2 / (1 - load).
    for sample in samples("train"):
        assert sample.most_packets[sample.loss > 0].tolist() == [32.0] * int(
            (sample.loss > 0).sum()
        )
        calm = (sample.utilisation < 0.3) & (sample.utilisation > 0)
        load = sample.utilisation[calm]
        expected = 1 + load * 1.49 / 2 / (1 - load)
        assert np.abs(sample.occupancy[calm] / expected - 1).mean() < 0.01
