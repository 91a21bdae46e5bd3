"""A post, from the bytes that came to rows of the journal."""

from collections.abc import Mapping

from tools.alerts.authenticity import NotAuthentic
from tools.alerts.mapping import AlertMapping
from tools.alerts.reading import decoded
from tools.alerts.settings import AlertSettings, DoorSettings
from tools.journal.alert_rows import Taken
from tools.journal.journal import Journal

MOST_BYTES = 8 * 2**20
"""Of one post; a hundred alerts with long texts are a tenth of it."""


def require_door(
    settings: AlertSettings,
    name: str,
    headers: Mapping[str, str],
    body: bytes,
    now_wall_s: float,
    environ: Mapping[str, str],
) -> DoorSettings:
    """The door of that name, if the post proves whose it is; names of headers in lower case.

    A door that does not exist is refused like a wrong secret: nobody is told which there are.

    Raises:
        NotAuthentic: it does not.
        BadInput: the environment lacks the secret of the door.
    """
    door = settings.doors.get(name)
    if door is None:
        raise NotAuthentic("the token of this door is missing or wrong")
    door.proof(environ).require(headers, body, now_wall_s)
    return door


def take(
    journal: Journal,
    door: tuple[str, DoorSettings],
    body: bytes,
    mapping: AlertMapping,
    network: str,
    now_wall_s: float,
    now_s: float,
) -> Taken:
    """Keep what an authentic post through `door` brought; it is durable when this returns.

    `now_s`: the clock of `network`.

    Raises:
        BadInput: it is not what that system sends; nothing of it is kept.
    """
    name, settings = door
    post = settings.door.read(decoded(body), now_wall_s)
    alerts = [(alert, mapping.of(alert.labels)) for alert in post.alerts]
    return journal.take_alerts(network, name, alerts, now_wall_s, now_s, post.withheld)
