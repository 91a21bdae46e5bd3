"""Networks that policies are compared on, and that nobody trains on."""

from collections.abc import Iterable

from twin.errors import BadInput

HELD_OUT = (
    "gabriel/50/0", "gabriel/50/3", "gabriel/100/0", "gabriel/100/1", "gabriel/200/0",
    "gabriel/200/1", "topozoo/Dfn", "topozoo/HiberniaGlobal",
)  # fmt: skip
"""Besides all of SNDlib, whose demands are measured ones."""


def check_training(networks: Iterable[str]) -> None:
    """Raises BadInput: one of `networks`, by topohub's names, is held out."""
    for name in networks:
        if name in HELD_OUT or name.startswith("sndlib/"):
            raise BadInput(
                f"{name} is held out: policies are compared on it; train on another network, such "
                "as those of gabriel/ and topozoo/ that are not"
            )
