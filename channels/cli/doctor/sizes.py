"""How large what is kept is, and how much of it is kept no longer."""

from collections.abc import Iterable

from channels.cli.doctor.check import Check, Installation
from channels.cli.prune import megabytes
from graphs.pruning import droppable, stores
from twin.nouns.counted import counted

WARN_ABOVE_BYTES = 100_000_000
"""So much that is kept no longer is worth a word."""


def sizes(installation: Installation) -> Iterable[Check]:
    """Journal, checkpoints, trackers, traces, inventories, and of how many things they are."""
    state, journal = installation.state, installation.journal
    if journal is None:
        return
    kept = stores(state, journal)
    parts = (
        ("journal", kept.journal, f"{counted(kept.incidents, 'incident')}, {kept.in_work} in work"),
        ("checkpoints", kept.checkpoints, f"of {counted(kept.threads, 'incident')}"),
        ("learned", kept.trackers, counted(kept.tracked, "tracker")),
        ("traces", kept.traces, f"{kept.traced}"),
        ("on record", kept.inventories, f"of {counted(kept.inventoried, 'network')}"),
    )
    found = ", ".join(f"{name} {megabytes(size)} ({of})" for name, size, of in parts)
    needless = droppable(state, journal, installation.now_s).total
    if needless > WARN_ABOVE_BYTES:
        yield Check(
            name="sizes",
            state="warning",
            found=f"{found}; {megabytes(needless)} of it is kept no longer",
            remedy="noctua prune --dry-run says what; noctua prune gives the room back",
        )
    else:
        yield Check(name="sizes", state="ok", found=found)
