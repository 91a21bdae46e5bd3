"""Random numbers that depend only on what they are for, never on what was drawn before."""

from hashlib import blake2b

import numpy as np


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of `purpose` (names and counters): the same arguments give the same numbers.

    Source: counter-based Philox (Salmon et al., SC 2011), keyed by a hash of the arguments.
    """
    digest = blake2b(repr((seed, *purpose)).encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def unit(seed: int, *purpose: str | int) -> float:
    """One number, uniform in 0..1, for `purpose`."""
    digest = blake2b(repr((seed, *purpose)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") / 2.0**64
