"""What was refused for who asked stands in the audit log, whatever the channel."""

import logging
import time
from collections.abc import Mapping

from pydantic import JsonValue

from channels.report.wording import plain
from graphs.state_directory import StateDirectory
from twin.errors import NoctuaError
from twin.nouns.principal import Principal

_log = logging.getLogger(__name__)


def record_refusal(
    state: StateDirectory,
    by: Principal,
    what: tuple[str, str],
    rule: str,
    why: str,
    beside: Mapping[str, JsonValue] | None = None,
) -> None:
    """Write down who was refused what; `what`: the action of the audit log, and its subject.

    That it cannot be written down lets nobody in.
    """
    if not state.journal_file.is_file():
        return
    action, subject = what
    said: dict[str, JsonValue] = {
        "rule": rule,
        "why": plain(why),
        **(beside or {}),
        "by": by.model_dump(mode="json"),
    }
    try:
        with state.journal() as journal:
            journal.append_audit(time.time(), by.name, action, subject, said)
    except NoctuaError as error:
        _log.warning("a refusal was not recorded: %s", error)
