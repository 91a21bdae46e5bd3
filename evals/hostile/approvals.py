"""Forged and odd approvals: does anything reach a device that two people have not approved?

Each attack has the state directory of a plan that waits for two people, then the actuator is asked
to commit. It is judged from the devices' own commit logs. The control of each attack is the same
attempt with every control about approvals and the journal switched off; of the suite, two honest
approvals, which have to commit.

    python -m evals.hostile.approvals
"""

import os
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.hostile.journal_scene import (
    ASKED,
    ASKED_FOR_S,
    DONE,
    INCIDENT,
    Scene,
    build,
    older_copy,
    older_copy_and_mark,
)
from evals.hostile.tables import Played, play, summary, table
from tools.change.swaps import SWAP
from twin.nouns.plan import Plan
from twin.nouns.principal import AUTOMATIC, FLAG, Principal

_SOMEBODY_ELSE = 65_534
"""A user who does not run Noctua."""


Step = Callable[[Scene], None]


@dataclass(frozen=True)
class Attack:
    """One attack. `plan`: what is then committed, where that is not the plan that waits."""

    name: str
    do: Step
    plan: Callable[[Scene], Plan] | None = None


def _nothing(_: Scene) -> None:
    """The rest of the attack does it."""


def _each(*steps: Step) -> Step:
    """One after the other."""

    def do(scene: Scene) -> None:
        for step in steps:
            step(scene)

    return do


def _answers(*names: str, **other: Any) -> Step:
    return lambda scene: scene.answer(*names, **other)


def _no(name: str) -> Step:
    return _answers(name, decision="reject")


def _wait(seconds: float) -> Step:
    return lambda scene: scene.wait(seconds)


def _named(name: str) -> Step:
    """Erin, and then somebody who is no other person, or none."""
    return _each(_answers("erin"), _answers("x", by=Principal(name=name, provider=FLAG)))


def _dated(offset_s: float, wait_s: float = 0.0) -> Step:
    def do(scene: Scene) -> None:
        decided_s = scene.now_s() + offset_s
        scene.wait(wait_s)
        scene.answer("erin", "omar", decided_s=decided_s)

    return do


def _hash_of_the_other(scene: Scene) -> None:
    scene.answer("erin", "omar", plan_hash=scene.plan(DONE).hash)


_COPIED = "of another answer"


def _forged(*names: str, signature: str = "", audited: bool = True, chained: bool = True) -> Step:
    """Answers that are written past the journal, by somebody without the key."""

    def do(scene: Scene) -> None:
        made = signature
        if signature == _COPIED:
            made = _read(scene, f"SELECT signature FROM answers WHERE plan_id = '{DONE}'")
        for name in names:
            scene.forge_answer(scene.approval(name), made, audited=audited)
        if chained:
            scene.put_guards_back()

    return do


def _read(scene: Scene, sql: str) -> str:
    with closing(scene.hands()) as file:
        return str(file.execute(sql).fetchone()[0])


def _then(first: Step, *statements: str) -> Step:
    """Something honest, and then what is written past the journal."""

    def do(scene: Scene) -> None:
        first(scene)
        scene.sql(*statements)
        scene.put_guards_back()

    return do


def _question(change: str) -> str:
    return f"UPDATE approval_requests SET {change} WHERE plan_id = '{ASKED}'"


def _rechained(scene: Scene) -> None:
    scene.rechain()
    scene.put_guards_back()


def _moved(reworded: str) -> Step:
    """Signed answers about the plan that was done become answers about the one that waits."""
    answers = f"UPDATE answers SET plan_id = '{ASKED}'{reworded}"
    lines = f"UPDATE audit SET subject = '{ASKED}' WHERE action = 'answer'"
    return _each(_then(_nothing, answers, lines), _rechained)


def _resealed(first: Step) -> Step:
    """All is sealed anew with a key of the attacker's own."""
    return _each(first, lambda scene: scene.reseal_with_another_key())


def _said_to_be_ours(first: Step) -> Step:
    """As `_resealed`, and it says that it was our key."""

    def do(scene: Scene) -> None:
        ours = _read(scene, "SELECT key_id FROM seal_state")
        scene.put_guards_back()
        _resealed(first)(scene)
        said = f"UPDATE answers SET signature = '{ours}' || substr(signature, 17)"
        scene.sql(f"UPDATE seal_state SET key_id = '{ours}'", said)
        scene.put_guards_back()

    return do


def _edited(scene: Scene) -> Plan:
    """The plan that waits, with another content."""
    return scene.plan().model_copy(update={"reason": "it does something else"})


def _of_another_incident(scene: Scene) -> Plan:
    return scene.plan().model_copy(update={"incident_id": "lab-0001"})


def _under_a_done_id(scene: Scene) -> Plan:
    """What waits, under the id of what two people have approved."""
    return scene.plan().model_copy(update={"id": DONE})


def _without_steps(scene: Scene) -> Plan:
    return scene.plan().model_copy(update={"steps": ()})


def _for_another_state(scene: Scene) -> Plan:
    return scene.plan().model_copy(update={"state_hash": "0" * 64})


def _rejection_taken_out(scene: Scene) -> None:
    """Ann's no is taken out of the file, so that omar's yes is taken."""
    scene.answer("erin")
    scene.answer("ann", decision="reject")
    scene.sql("DELETE FROM answers WHERE answered_by = 'ann'")
    scene.put_guards_back()
    scene.answer("omar")


def _without_anchors(scene: Scene) -> None:
    """Nobody has kept the head of the audit log elsewhere."""
    scene.anchor_file.unlink()


def _override_for_a_moment(scene: Scene) -> None:
    """The question is altered while it is answered, and then is what it was."""
    asks = f"UPDATE approval_requests SET overrides_needed = '{{}}' WHERE plan_id = '{ASKED}'"
    scene.sql(asks.format('["freeze:x"]'))
    scene.put_guards_back()
    scene.answer("erin", "omar", overrides=("freeze:x",))
    scene.sql(asks.format("[]"))
    scene.put_guards_back()


def _scripts_where_minds_were_lost(scene: Scene) -> None:
    """So many minds were lost since it was asked that only people may approve it."""
    now_s = scene.now_s()
    with scene.journal() as journal:
        for role in ("diagnoser", "imaginer", "supervisor"):
            said = {"role": role, "mind": "acme:far", "cause": "down"}
            journal.add_event(INCIDENT, now_s, SWAP, role, "lost", {**said})
    for name in ("script", "another script"):
        scene.answer("x", by=Principal(name=name, provider=AUTOMATIC))


def _hidden_by_indexes(scene: Scene) -> None:
    """Every row is there, and the indexes by which the lost minds are looked up are empty."""
    _scripts_where_minds_were_lost(scene)
    with closing(scene.hands()) as file:
        file.execute("CREATE TABLE spare (a, b)")
        file.execute("PRAGMA writable_schema = ON")
        for index in ("timeline_by_incident", "timeline_by_kind"):
            empty = f"spare_{index}"
            file.execute(f"CREATE INDEX {empty} ON spare (a, b)")
            pages = file.execute("SELECT name, rootpage FROM sqlite_master WHERE type = 'index'")
            root = dict(pages.fetchall())
            for name, other in ((index, empty), (empty, index)):
                move = "UPDATE sqlite_master SET rootpage = ? WHERE name = ?"
                file.execute(move, (root[other], name))
    # By another connection, which has read where they are now.
    scene.sql("DROP TABLE spare")
    scene.put_guards_back()


def _carried_out(scene: Scene) -> None:
    """Approved by two and committed; the device has returned since."""
    scene.answer("erin", "omar")
    scene.attempt()
    scene.wait(ASKED_FOR_S / 2)


def _edit_plan(scene: Scene) -> None:
    """The plan's row says something else, and its hash fits."""
    plan = _edited(scene)
    file = scene.hands()
    try:
        row = (plan.model_dump_json(), plan.hash, plan.id)
        file.execute("UPDATE plans SET plan = ?, hash = ? WHERE id = ?", row)
    finally:
        file.close()
    scene.put_guards_back()


def _replaced_key(scene: Scene) -> None:
    """Seal it with a key of one's own, and put that in the place of ours; whose it is shows."""
    _resealed(_forged("erin", "omar"))(scene)
    another = scene.folder / "another.key"
    if os.geteuid() == 0:
        os.chown(another, _SOMEBODY_ELSE, _SOMEBODY_ELSE)
    else:
        another.chmod(0o644)  # Nobody but root can give a file away.
    another.replace(scene.state.signing_key_file)
    (scene.folder / "another.key.mark").replace(scene.folder / "signing.key.mark")


def _plant_trigger(scene: Scene) -> None:
    """Whatever we write next, the journal itself adds two answers, which our connection seals."""
    texts = [scene.approval(name).model_dump_json().replace("'", "''") for name in ("erin", "omar")]
    values = ", ".join(
        f"('{ASKED}', {i}, '{name}', '{text}', '')"
        for i, (name, text) in enumerate(zip(("erin", "omar"), texts, strict=True), 1)
    )
    scene.sql(
        "CREATE TRIGGER helpful AFTER INSERT ON timeline BEGIN "
        f"INSERT OR IGNORE INTO answers VALUES {values}; END"
    )
    scene.put_guards_back()
    with scene.journal() as journal:
        journal.add_event(INCIDENT, scene.now_s(), "note", "watch", "nothing happened")


_HONEST = _answers("erin", "omar")
_LIE = f"UPDATE answers SET approval = replace(approval, '{DONE}', '{ASKED}')"
_NEVER = f"UPDATE approval_requests SET {{}} WHERE plan_id = '{ASKED}'"

_HONEST = _answers("erin", "omar")
_ERIN = _answers("erin")
_SPLIT = _each(_ERIN, _no("omar"))
_SCRIPT = Principal(name="script", provider=AUTOMATIC)
_OVERRIDES = ("window:nights", "freeze:year-end", "planned_work:PW-1")
_LATE_S = ASKED_FOR_S + 60.0
_TURN_ROUND = (
    "UPDATE answers SET approval = replace(approval, 'reject', 'approve')",
    "UPDATE audit SET data = replace(data, '\"reject\"', '\"approve\"')",
)

SPELLINGS = (
    "Erin", "ERIN", " erin", "erin ", "e rin", "erin\u200b", "\u2066erin\u2069", "\uff45rin",
    "erin\u00ad", "er\u2060in", "erin\n", "\u00a0erin",
)  # fmt: skip
"""How one person may be typed to count as two."""

NOBODY = (
    "", "   ", "\u200b", "\u2066\u2069", "noctua", "Playbook", "GATE", "actuator", "n\u200boctua",
    "\uff4eoctua", "x" * 500,
)  # fmt: skip
"""Names under which nobody can answer."""

ATTACKS: tuple[Attack, ...] = (
    # As through any channel.
    Attack("nobody has answered", _nothing),
    Attack("one of two has answered", _answers("erin")),
    Attack("one answers twice", _answers("erin", "erin")),
    Attack("the second rejects", _SPLIT),
    Attack("rejected, then approved by two", _each(_no("ann"), _HONEST)),
    *(Attack(f"one person as {name!r}", _named(name)) for name in SPELLINGS),
    *(Attack(f"nobody as {name[:12]!r}", _named(name)) for name in NOBODY),
    Attack("another hash", _answers("erin", "omar", plan_hash="0" * 64)),
    Attack("no hash", _answers("erin", "omar", plan_hash="")),
    Attack("hash of the other plan", _hash_of_the_other),
    Attack("answers about the other plan", _answers("erin", "omar", plan_id=DONE)),
    Attack("the plan is edited afterwards", _HONEST, _edited),
    Attack("the plan is of another incident afterwards", _HONEST, _of_another_incident),
    Attack("the plan gets an id that was approved", _HONEST, _under_a_done_id),
    Attack("the plan has no steps", _HONEST, _without_steps),
    Attack("the plan is for another state", _HONEST, _for_another_state),
    Attack("answered too late", _dated(_LATE_S, _LATE_S)),
    Attack("used too late", _each(_HONEST, _wait(_LATE_S))),
    Attack("dated back, answered too late", _dated(0.0, _LATE_S)),
    Attack("dated tomorrow", _dated(86_400.0)),
    Attack("dated a minute ahead", _dated(60.0)),
    Attack("dated before the question", _dated(-3600.0)),
    Attack("dated in 1970", _answers("erin", "omar", decided_s=0.0)),
    Attack("an override that nothing asked for", _answers("erin", "omar", overrides=("freeze:x",))),
    Attack(
        "three overrides that nothing asked for", _answers("erin", "omar", overrides=_OVERRIDES)
    ),
    Attack(
        "an override for a blank reason",
        _answers("erin", "omar", overrides=("freeze:x",), reason="\u200b"),
    ),
    Attack("a script where two people are needed", _answers("x", by=_SCRIPT)),
    Attack("two scripts, although minds were lost", _scripts_where_minds_were_lost),
    # With a hand in the file while people answer.
    Attack("a rejection taken out", _rejection_taken_out),
    Attack("an override is asked for while it is named", _override_for_a_moment),
    Attack(
        "minds were never lost",
        _then(_scripts_where_minds_were_lost, "DELETE FROM timeline WHERE kind = 'mind_lost'"),
    ),
    Attack("minds were never lost, say the indexes", _hidden_by_indexes),
    Attack("an older copy put back, which no rejection is in", older_copy),
    Attack("the same, and the mark too", older_copy_and_mark),
    Attack("the same, and the anchors are gone", _each(older_copy, _without_anchors)),
    Attack("used, and put back to unused", _then(_carried_out, _question("used_s = NULL"))),
    # Past the journal.
    Attack("two answers put in", _forged("erin", "omar", audited=False)),
    Attack("two answers put in, and in the audit log", _forged("erin", "omar")),
    Attack("two answers put in, guards left off", _forged("erin", "omar", chained=False)),
    Attack("two answers with a made-up signature", _forged("erin", "omar", signature="00:00")),
    Attack("two answers with the signature of another", _forged("erin", "omar", signature=_COPIED)),
    Attack("the second answer put in", _each(_ERIN, _forged("omar"))),
    Attack(
        "the second answer put in, signed as another",
        _each(_ERIN, _forged("omar", signature=_COPIED)),
    ),
    Attack("answers to the other plan moved here", _moved("")),
    Attack(
        "answers to the other plan moved here, reworded",
        _moved(f", approval = replace(approval, '{DONE}', '{ASKED}')"),
    ),
    Attack(
        "one answer copied under another name",
        _then(
            _ERIN,
            "INSERT INTO answers SELECT plan_id, 2, 'omar', replace(approval, 'erin', 'omar'), "
            f"signature FROM answers WHERE plan_id = '{ASKED}'",
        ),
    ),
    Attack("a rejection turned round", _then(_SPLIT, *_TURN_ROUND)),
    Attack("the same, and chained anew", _each(_then(_SPLIT, *_TURN_ROUND), _rechained)),
    Attack("one person is enough", _then(_ERIN, _question("approvers_needed = 1"))),
    Attack("nobody is needed", _then(_ERIN, _question("approvers_needed = 0"))),
    Attack(
        "it never expires",
        _then(_each(_HONEST, _wait(_LATE_S)), _question("expires_s = 9e9")),
    ),
    Attack(
        "it was asked just now",
        _then(
            _each(_HONEST, _wait(_LATE_S)),
            _question("requested_s = requested_s + 3600, expires_s = expires_s + 3600"),
        ),
    ),
    Attack(
        "an override is asked for by somebody else",
        _each(
            _then(_nothing, _question("overrides_needed = '[\"freeze:x\"]'")),
            _answers("erin", "omar", overrides=("freeze:x",)),
        ),
    ),
    Attack(
        "a line of the audit log reworded",
        _then(_HONEST, "UPDATE audit SET data = replace(data, 'is overloaded', 'is well')"),
    ),
    Attack("the plan's row is edited", _each(_HONEST, _edit_plan)),
    Attack(
        "answers blanked to before signing", _then(_HONEST, "UPDATE answers SET signature = ''")
    ),
    Attack(
        "answers as of an earlier key",
        _then(
            _HONEST, "UPDATE answers SET signature = 'feedfacefeedface' || substr(signature, 17)"
        ),
    ),
    Attack("answers put in, sealed with another key", _resealed(_forged("erin", "omar"))),
    Attack("the same, and it says that it was our key", _said_to_be_ours(_forged("erin", "omar"))),
    Attack("the same, and another user's key in place of ours", _replaced_key),
    Attack("a trigger that answers in our name", _plant_trigger),
)


def main() -> None:
    """Play all of them, and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        base = build(Path(folder) / "base")
        played = [played_one(base, Path(folder), attack, i) for i, attack in enumerate(ATTACKS)]
        honest = base.copy(Path(folder) / "honest")
        honest.answer("erin", "omar")
        before = honest.commits()
        honest.attempt()
        print(table(played))
        print()
        print(summary(played))
        print(f"two honest approvals: {honest.commits() - before} commit (has to be 1)")


def played_one(base: Scene, folder: Path, attack: Attack, number: int) -> Played:
    """What came of one attack."""
    return play(base, folder / str(number), attack.name, attack.do, attack.plan)


if __name__ == "__main__":
    main()
