"""Looking at a journal without writing to it: no new version, no recovery, no files beside it."""

import sqlite3
from pathlib import Path

from tools.journal.database import (
    APPLICATION_ID,
    BUSY_TIMEOUT_S,
    SCHEMA_VERSION,
    migrate,
)
from tools.journal.errors import JournalFailed, NotAJournal
from tools.journal.journal import Journal
from tools.journal.mark import mark_file
from tools.journal.records import SealReport
from tools.journal.seals import check, state_of
from tools.journal.signing_key import KEY_FILE, SigningKey, load_key
from tools.read_only import connect_read_only, in_memory
from twin.errors import BadInput

NOT_SEALED = "it was written before rows were sealed; the next command that writes to it seals it"


def open_read_only(path: Path, key_file: Path | None = None) -> Journal:
    """The journal at `path`, of which only what reads may be called.

    Of one of an earlier version, a copy in memory is brought up to date, after its rows were
    compared with its seals. `key_file`: as for `Journal.open`; nobody needs the key to read, but
    only who has it can compare rows with seals.

    Raises:
        NotAJournal: it is something else, or a journal of a later version.
        JournalFailed: it is not there, or cannot be read.
    """
    key_file = key_file or path.with_name(KEY_FILE)
    marked, (key, no_key) = mark_file(key_file), _key(key_file)
    as_found: SealReport | None = None
    try:
        connection = connect_read_only(path, busy_timeout_s=BUSY_TIMEOUT_S)
        try:
            earlier = _version(connection, path) < SCHEMA_VERSION
            if earlier:
                connection = in_memory(connection)
            # Whoever altered a text may have left one that is not UTF-8, which is to be found.
            connection.text_factory = _any_text
            if earlier:
                if state_of(connection) is None:
                    key, no_key = None, _never_sealed(marked)
                else:
                    as_found = check(connection, key) if key else None
                migrate(connection)
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError as error:
        raise JournalFailed(f"{path}: cannot be opened ({error})") from error
    except sqlite3.DatabaseError as error:
        raise NotAJournal(f"{path}: is not a journal or is damaged ({error})") from error
    return Journal(connection, path, key, marked, no_key, as_found)


def _any_text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _never_sealed(marked: Path) -> str:
    if not marked.exists():
        return NOT_SEALED
    return f"it was never sealed, and {marked} says that the journal here was"


def _key(file: Path) -> tuple[SigningKey | None, str]:
    """The key, or why there is none to compare with."""
    try:
        key = load_key(file)
    except BadInput as error:
        return None, str(error)
    return key, "" if key else f"there is no signing key {file}"


def journal_version(path: Path) -> int:
    """Which version of a journal the file at `path` is, at most SCHEMA_VERSION.

    Raises:
        NotAJournal: it is something else, or a journal of a later version.
        sqlite3.Error: it cannot be read.
    """
    connection = connect_read_only(path, busy_timeout_s=BUSY_TIMEOUT_S)
    try:
        return _version(connection, path)
    finally:
        connection.close()


def last_entry_s(journal: Journal, network: str) -> float:
    """When the journal was last told the time of `network`, by its clock; 0 if never."""
    times = [watch.stepped_s for watch in journal.watches() if watch.network == network]
    for record in journal.incidents(network=network):
        times.append(record.opened_s)
        times += [event.time_s for event in journal.timeline(record.incident.id)[-1:]]
    return max(times, default=0.0)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION_ID or not 1 <= version <= SCHEMA_VERSION:
        raise NotAJournal(
            f"{path}: is a database, but not a journal of version {SCHEMA_VERSION} or earlier "
            f"(found application {application:#x}, version {version}); name another state directory"
        )
    return version
