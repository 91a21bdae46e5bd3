"""Rewritten journals: is every alteration of what a page shows found, and does any commit?

Whoever alters the journal has every file of the state directory but the signing key, and knows our
code. After each alteration `audit verify` has to find something, and the actuator, asked to commit
the plan that waits, has to refuse; forged answers to it are put in where the alteration brings none
of its own. The control is the journal as we left it: nothing is found in it, and with two honest
approvals it commits. What each control finds by itself is printed as well.

    python -m evals.hostile.journals
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from evals.hostile.journal_scene import (
    INCIDENT,
    Scene,
    build,
    older_copy,
    older_copy_and_mark,
    older_copy_without_mark,
)
from evals.hostile.tables import Played, is_found, play, summary, table
from tools.journal import audit
from tools.journal.mark import mark_file


class Alteration(NamedTuple):
    """One way of rewriting the journal. `shown`: whether it alters what a page shows."""

    name: str
    do: Callable[[Scene], None]
    shown: bool = True


_ITS_OWN = ("seals", "seal_totals", "seal_state")
"""Tables that no page shows: they are what the others are compared with."""

_REORDERED = ("plans", "answers", "changes", "timeline", "dispatches", "role_runs", "audit")
"""Tables whose rows a page shows in their order."""


def alterations(scene: Scene) -> Iterator[Alteration]:
    """All of them, for a journal with the tables of `scene`'s that have rows."""
    tables = _tables(scene)
    for name, columns in tables.items():
        for column in columns:
            yield Alteration(
                f"{name}.{column} changed", _change(name, column), name not in _ITS_OWN
            )
        yield Alteration(f"{name}: a row deleted", _delete(name), name not in _ITS_OWN)
        if name not in _ITS_OWN:
            yield Alteration(f"{name}: a row deleted with its seal", _delete_with_seal(name))
            yield Alteration(f"{name}: the same, and the totals adjusted", _delete_all_of_it(name))
            yield Alteration(f"{name}: a row put in", _insert(name, columns))
            yield Alteration(
                f"{name}: a row put in with another's seal", _insert_sealed(name, columns)
            )
    for name in _REORDERED:
        yield Alteration(f"{name}: two rows change places", _swap(name))
    yield from _WHOLE


def _tables(scene: Scene) -> dict[str, list[str]]:
    with closing(sqlite3.connect(scene.state.journal_file)) as file:
        names = file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' "
            "ORDER BY name"
        )
        return {
            name: [column[1] for column in file.execute(f"PRAGMA table_info({name})")]
            for (name,) in names.fetchall()
            if file.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()
        }


def _past(*statements: str) -> Callable[[Scene], None]:
    def do(scene: Scene) -> None:
        scene.sql("PRAGMA foreign_keys = OFF", *statements)
        scene.put_guards_back()

    return do


def _change(name: str, column: str) -> Callable[[Scene], None]:
    """One value of the first row; a number is one more, a text has a letter more."""
    changed = (
        f"CASE typeof({column}) WHEN 'text' THEN {column} || 'x' WHEN 'blob' THEN "
        f"substr({column}, 2) || x'07' WHEN 'null' THEN 1 ELSE {column} + 1000 END"
    )
    key = "tbl" if name == "seal_totals" else "(tbl, row_id)" if name == "seals" else "rowid"
    first = "tbl" if name == "seal_totals" else "tbl, row_id" if name == "seals" else "rowid"
    return _past(
        f"UPDATE {name} SET {column} = {changed} "
        f"WHERE {key} = (SELECT {first} FROM {name} ORDER BY {first} DESC LIMIT 1)"
    )


def _last(name: str) -> str:
    if name in ("seals", "seal_totals"):
        return "tbl = (SELECT max(tbl) FROM seal_totals)"
    return f"rowid = (SELECT max(rowid) FROM {name})"


def _delete(name: str) -> Callable[[Scene], None]:
    return _past(f"DELETE FROM {name} WHERE {_last(name)}")


def _delete_with_seal(name: str) -> Callable[[Scene], None]:
    seal = f"tbl = '{name}' AND row_id = (SELECT max(rowid) FROM {name})"
    return _past(f"DELETE FROM seals WHERE {seal}", f"DELETE FROM {name} WHERE {_last(name)}")


def _delete_all_of_it(name: str) -> Callable[[Scene], None]:
    """The row, its seal, and its part in the totals, which anybody can compute."""

    def do(scene: Scene) -> None:
        with closing(scene.hands()) as file:
            file.execute("PRAGMA foreign_keys = OFF")
            [[row_id]] = file.execute(f"SELECT max(rowid) FROM {name}").fetchall()
            [[seal]] = file.execute(
                "SELECT seal FROM seals WHERE tbl = ? AND row_id = ?", (name, row_id)
            ).fetchall()
            [[count, total]] = file.execute(
                "SELECT row_count, total FROM seal_totals WHERE tbl = ?", (name,)
            ).fetchall()
            rest = (int.from_bytes(total) - int.from_bytes(seal)) % 2**256
            file.execute(f"DELETE FROM {name} WHERE rowid = ?", (row_id,))
            file.execute("DELETE FROM seals WHERE tbl = ? AND row_id = ?", (name, row_id))
            file.execute(
                "UPDATE seal_totals SET row_count = ?, total = ? WHERE tbl = ?",
                (count - 1, rest.to_bytes(32), name),
            )
        scene.put_guards_back()
        # What we write next signs the totals, if they are still those that we signed last.
        with scene.journal() as journal:
            journal.add_event(INCIDENT, scene.now_s(), "note", "watch", "nothing happened")

    return do


def _insert(name: str, columns: list[str]) -> Callable[[Scene], None]:
    return _past(_copy_of_last(name, columns))


def _insert_sealed(name: str, columns: list[str]) -> Callable[[Scene], None]:
    seal = (
        f"INSERT INTO seals SELECT tbl, (SELECT max(rowid) FROM {name}), seal FROM seals "
        f"WHERE tbl = '{name}' ORDER BY row_id LIMIT 1"
    )
    return _past(_copy_of_last(name, columns), seal)


def _copy_of_last(name: str, columns: list[str]) -> str:
    """Another row, which differs in its texts and whole numbers, as a key may demand."""
    values = ", ".join(
        f"CASE typeof({column}) WHEN 'text' THEN {column} || '2' WHEN 'integer' THEN {column} + 1 "
        f"ELSE {column} END"
        for column in columns
    )
    return f"INSERT INTO {name} SELECT {values} FROM {name} WHERE {_last(name)}"


def _swap(name: str) -> Callable[[Scene], None]:
    two = f"(SELECT min(rowid) FROM {name}), (SELECT max(rowid) FROM {name})"

    def do(scene: Scene) -> None:
        with closing(scene.hands()) as file:
            file.execute("PRAGMA foreign_keys = OFF")
            [[low, high]] = file.execute(f"SELECT {two}").fetchall()
            for was, becomes in ((low, -1), (high, low), (-1, high)):
                file.execute(f"UPDATE {name} SET rowid = ? WHERE rowid = ?", (becomes, was))
        scene.put_guards_back()

    return do


# Of the whole


def _cut_tail(scene: Scene) -> None:
    _past("DELETE FROM audit WHERE seq > (SELECT max(seq) - 3 FROM audit)")(scene)


def _reword_and_rechain(scene: Scene) -> None:
    scene.sql("UPDATE audit SET data = replace(data, 'erin', 'omar')")
    scene.rechain()
    scene.put_guards_back()


def _rows_of_an_older_copy(scene: Scene) -> None:
    """One table with its seals and totals is what it was; the rest is of now."""
    kept = scene.folder / "kept.sqlite"
    shutil.copy(scene.state.journal_file, kept)
    scene.answer("ann", decision="reject")
    scene.sql(
        f"ATTACH '{kept}' AS old",
        "DELETE FROM answers",
        "INSERT INTO answers SELECT * FROM old.answers",
        "DELETE FROM seals WHERE tbl = 'answers'",
        "INSERT INTO seals SELECT * FROM old.seals WHERE tbl = 'answers'",
        "UPDATE seal_totals SET row_count = o.row_count, total = o.total "
        "FROM old.seal_totals AS o WHERE o.tbl = 'answers' AND seal_totals.tbl = 'answers'",
    )
    scene.put_guards_back()


def _truncated_log(scene: Scene) -> None:
    """The process has died, and SQLite's log is cut before its last transactions."""
    with scene.journal() as journal:
        log = scene.state.journal_file.with_name("journal.sqlite-wal")
        journal.append_audit(scene.now_s(), "gate", "note", INCIDENT, {})
        before = log.stat().st_size
        journal.answer(scene.approval("ann", decision="reject"))
        files = [scene.state.journal_file, log]
        kept = [shutil.copy(file, file.with_name(f"{file.name}.kept")) for file in files]
    os.truncate(kept[1], before)
    for file, copy in zip(files, kept, strict=True):
        Path(copy).replace(file)


def _another_journal(scene: Scene) -> None:
    """That of another state directory, which is sealed with a key of its own."""
    other = build(scene.folder / "other")
    shutil.copy(other.state.journal_file, scene.state.journal_file)


def _another_journal_of_our_key(scene: Scene) -> None:
    """Two state directories share a key, against all advice, and their journals change places."""
    elsewhere = scene.folder / "other"
    elsewhere.mkdir()
    shutil.copy(scene.state.signing_key_file, elsewhere / "signing.key")
    other = build(elsewhere)
    shutil.copy(other.state.journal_file, scene.state.journal_file)


def _forgotten_seals(scene: Scene) -> None:
    """It looks as if it had been written before rows were sealed."""
    scene.sql(
        "PRAGMA foreign_keys = OFF",
        "UPDATE incidents SET phase = 'resolved'",
        "DROP TABLE seals",
        "DROP TABLE seal_totals",
        "DROP TABLE seal_state",
        "DROP INDEX audit_by_subject",
        "ALTER TABLE answers DROP COLUMN signature",
        "PRAGMA user_version = 5",
    )
    scene.put_guards_back()


def _forgotten_seals_and_key(scene: Scene) -> None:
    """As before, and the key is gone; the mark is left."""
    _forgotten_seals(scene)
    scene.state.signing_key_file.unlink()


def _resealed(scene: Scene) -> None:
    scene.sql("UPDATE incidents SET phase = 'resolved'")
    scene.reseal_with_another_key()


def _resealed_as_ours(scene: Scene) -> None:
    with closing(scene.hands()) as file:
        [[ours]] = file.execute("SELECT key_id FROM seal_state").fetchall()
    scene.put_guards_back()
    _resealed(scene)
    scene.sql(f"UPDATE seal_state SET key_id = '{ours}'")
    scene.put_guards_back()


def _view(scene: Scene) -> None:
    """Pages read a view, and not the table."""
    scene.sql(
        "PRAGMA legacy_alter_table = ON",
        "ALTER TABLE dispatches RENAME TO dispatches_2",
        "CREATE VIEW dispatches AS SELECT id, incident_id, dispatch, 'repaired' AS state, "
        "updated_s FROM dispatches_2",
    )
    scene.put_guards_back()


def _trigger(scene: Scene) -> None:
    """What we write alters something else in our name."""
    scene.sql(
        "CREATE TRIGGER helpful AFTER INSERT ON timeline BEGIN "
        "UPDATE incidents SET phase = 'resolved'; END"
    )
    scene.put_guards_back()
    with scene.journal() as journal:
        journal.add_event(INCIDENT, scene.now_s(), "note", "watch", "nothing happened")


def _trigger_taken_out_again(scene: Scene) -> None:
    _trigger(scene)
    scene.sql("DROP TRIGGER helpful")
    scene.put_guards_back()


def _hidden_by_index(scene: Scene) -> None:
    """The index by which answers are found says nothing of one."""
    scene.sql(
        "CREATE TABLE copy AS SELECT rowid AS r, * FROM answers",
        "DELETE FROM answers",
    )
    with closing(scene.hands()) as file:
        # An index that is not maintained while the rows are put back.
        file.execute("PRAGMA writable_schema = ON")
        [[root]] = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_answers_1'"
        ).fetchall()
        [[other]] = file.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'sqlite_autoindex_answers_2'"
        ).fetchall()
        swap = "UPDATE sqlite_master SET rootpage = ? WHERE name = ?"
        file.execute(
            "INSERT INTO answers (rowid, plan_id, position, answered_by, approval, signature) "
            "SELECT r, plan_id, position, answered_by, approval, signature FROM copy"
        )
        file.execute("DROP TABLE copy")
        file.execute(swap, (other, "sqlite_autoindex_answers_1"))
        file.execute(swap, (root, "sqlite_autoindex_answers_2"))
    scene.put_guards_back()


def _written_again_by_us(scene: Scene) -> None:
    """A row is altered, and then one of its other columns is written by us."""
    scene.sql("UPDATE incidents SET trace_id = 'ffffffffffffffffffffffffffffffff'")
    scene.put_guards_back()
    with scene.journal() as journal:
        journal.set_phase(INCIDENT, journal.incident(INCIDENT).phase)


def _deleted_and_its_number_used_again(scene: Scene) -> None:
    """The last line of the audit log goes, and ours comes in its place."""
    _past("DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)")(scene)
    with scene.journal() as journal:
        journal.append_audit(scene.now_s(), "gate", "note", INCIDENT, {})


def _anchors_rewritten(scene: Scene) -> None:
    file = scene.anchor_file
    file.write_text(file.read_text("utf-8").replace('"head":"', '"head":"f'), encoding="utf-8")


def _anchors_deleted(scene: Scene) -> None:
    """Only those who wrote them down elsewhere would miss them."""
    scene.anchor_file.unlink()
    _cut_tail(scene)


def _chain_and_anchors_rewritten(scene: Scene) -> None:
    """Both say the same again."""
    _reword_and_rechain(scene)
    with closing(sqlite3.connect(scene.state.journal_file)) as file:
        head = audit.head(file)
    line = f'{{"length": {head.length}, "head": "{head.head}", "time_s": 0.0}}\n'
    scene.anchor_file.write_text(line, encoding="utf-8")


def _mark_rewritten(scene: Scene) -> None:
    mark = mark_file(scene.state.signing_key_file)
    mark.write_text(mark.read_text("utf-8").replace('"length":', '"length":1'), encoding="utf-8")


def _key_gone(scene: Scene) -> None:
    scene.sql("UPDATE incidents SET phase = 'resolved'")
    scene.put_guards_back()
    scene.state.signing_key_file.unlink()


_WHOLE = (
    Alteration("the end of the audit log cut off", _cut_tail),
    Alteration("the audit log reworded and chained anew", _reword_and_rechain),
    Alteration("an older copy put back", older_copy),
    Alteration("an older copy put back, with its mark", older_copy_and_mark),
    Alteration("an older copy put back, mark deleted", older_copy_without_mark),
    Alteration("one table of an older copy, with its seals", _rows_of_an_older_copy),
    Alteration("SQLite's log truncated", _truncated_log),
    Alteration("the journal of another directory", _another_journal),
    Alteration("the journal of another directory with the same key", _another_journal_of_our_key),
    Alteration("made to look as of before sealing", _forgotten_seals),
    Alteration("made to look as of before sealing, key deleted", _forgotten_seals_and_key),
    Alteration("sealed anew with another key", _resealed),
    Alteration("sealed anew with another key, said to be ours", _resealed_as_ours),
    Alteration("a view in place of a table", _view),
    Alteration("a trigger that writes in our name", _trigger),
    Alteration("a trigger that wrote in our name, and is gone", _trigger_taken_out_again),
    Alteration("indexes that say something else", _hidden_by_index),
    Alteration("altered, and then written by us", _written_again_by_us),
    Alteration(
        "the last line deleted, and its number used again", _deleted_and_its_number_used_again
    ),
    Alteration("anchors rewritten", _anchors_rewritten, shown=False),
    Alteration("anchors deleted, and the end cut off", _anchors_deleted),
    Alteration("audit log and anchors rewritten alike", _chain_and_anchors_rewritten),
    Alteration("the mark rewritten", _mark_rewritten, shown=False),
    Alteration("a row altered, and the key deleted", _key_gone),
)


def with_forged_answers(do: Callable[[Scene], None]) -> Callable[[Scene], None]:
    """The alteration, and two answers to the plan that waits, well chained, without the key."""

    def both(scene: Scene) -> None:
        do(scene)
        try:
            for name in ("erin", "omar"):
                scene.forge_answer(scene.approval(name))
            scene.put_guards_back()
        except Exception:
            return  # After the alteration nothing more can be put in.

    return both


def main() -> None:
    """Play all of them, and print what came of it."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        base = build(folder / "base")
        found, committed = [], []
        for number, one in enumerate(alterations(base)):
            altered = base.copy(folder / f"altered-{number}")
            one.do(altered)
            found.append((one, is_found(altered)))
            shutil.rmtree(altered.folder)
            do = with_forged_answers(one.do)
            committed.append(play(base, folder / str(number), one.name, do))
        print(table(committed))
        print()
        print(summary(committed))
        _tell_found(found, committed)
        honest = base.copy(folder / "honest")
        print(f"the journal as we left it: {'found' if is_found(honest) else 'nothing is found'}")
        before = honest.commits()
        honest.answer("erin", "omar")
        honest.attempt()
        print(f"two honest approvals in it: {honest.commits() - before} commit (has to be 1)")


def _tell_found(found: list[tuple[Alteration, bool]], played: list[Played]) -> None:
    shown = [(one, was) for one, was in found if one.shown]
    missed = [one.name for one, was in found if not was]
    print(
        f"alterations: {len(found)}, of what a page shows: {len(shown)}; of these unfound: "
        f"{sum(not was for _, was in shown)} (of none, 3/N is {3 / len(shown):.3f})"
    )
    for name in missed:
        print(f"not found: {name}")
    assert len(played) == len(found)


if __name__ == "__main__":
    main()
