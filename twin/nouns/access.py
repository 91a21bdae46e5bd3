"""Who has logged in to a device, and whether somebody behind it reached very many others."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessSigns:
    """Of one device, within half an hour: `failed` log-ins; `strange`: networks of addresses from
    which somebody got in who never did before; `scan`: how many others the address behind it that
    reached most has reached, against what is usual, NaN where nobody counted.
    """

    failed: int
    strange: tuple[str, ...]
    scan: float
