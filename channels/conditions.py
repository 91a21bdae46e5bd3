"""What is wrong with a watch itself, for people."""

from channels.views import NetworkView
from graphs.self_watch import WatchNote, note_lines


def condition_lines(network: NetworkView) -> list[str]:
    """A line for each condition, and one for what is seen meanwhile; none where all is well."""
    return note_lines(
        WatchNote(
            network=network.network,
            conditions=network.conditions,
            unrecorded=network.unrecorded,
        )
    )
