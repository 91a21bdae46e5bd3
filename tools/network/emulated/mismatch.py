"""How far a network is from what its operator believes: three levels, as data."""

from functools import cache
from importlib.resources import files

import yaml

from twin.errors import BadCase
from twin.nouns.base import Noun


class Mismatch(Noun):
    """One level. `mismatch.yaml` says next to each figure what it means."""

    demand_sigma: float
    day_sigma: float
    record_sigma: float
    record_sampling: int
    walk_sigma: float
    tick_sigma: float
    profile_ease: float
    wrong_weights: int
    short_bundles: int
    missing_groups: float
    flows: int
    size_sigma: float
    elastic_share: tuple[float, float, float]
    burst_cv: float
    buffer_s: float
    egress_sigma: float
    bfd_share: float
    counter_gap: float
    counter_reset: float
    read_jitter_s: float
    probe_packets: int
    probe_gap: float
    probe_noise_s: float
    flow_sampling: int
    exporter_silent: float
    flow_bits_sigma: float
    flow_count_sigma: float
    sources_error: float
    event_loss: float
    event_loss_both: bool
    event_duplicate: float
    event_late: float
    noise_lines_per_hour: float


@cache
def mismatch_level(level: int) -> Mismatch:
    """The figures of level 0, 1 or 2. Raises BadCase for another."""
    text = files(__package__).joinpath("mismatch.yaml").read_text(encoding="utf-8")
    levels = yaml.safe_load(text)
    if level not in levels:
        raise BadCase(f"mismatch is {level}, expected one of {sorted(levels)}")
    return Mismatch.model_validate(levels[level])
