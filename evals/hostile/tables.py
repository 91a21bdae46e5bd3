"""What came of attacks on approvals and journals, and how it is told."""

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from channels.audit import verify_audit
from evals.hostile.journal_scene import Scene
from tools.change.controls import EVERY_CONTROL, Controls
from twin.errors import NoctuaError
from twin.nouns.plan import Plan

ABOUT_LEAVE = (
    "approval", "second_approver", "person", "attested", "signed", "asked_overrides",
    "undamaged", "chained", "anchored", "marked", "sealed",
)  # fmt: skip
"""The controls that stand between a forged or rewritten journal and the devices."""

NO_CONTROL = EVERY_CONTROL.without(*ABOUT_LEAVE)

_SEALED = "sealed"


@dataclass(frozen=True)
class Played:
    """One attack. `commits`: what the devices' logs gained, with all controls, with none of
    `ABOUT_LEAVE`, and, where one control alone refuses, without that one. `beneath`: where the
    seals and one more control refuse, what they gained without the seals, and without both.

    `refusing`: the controls that refuse, each asked by itself. `found`: whether `audit verify`
    finds something. `said`: why nothing was committed.
    """

    name: str
    commits: int
    commits_without_controls: int
    refusing: tuple[str, ...]
    commits_without_it: int | None
    beneath: tuple[int, int] | None
    found: bool
    said: str


def play(
    base: Scene,
    folder: Path,
    name: str,
    do: Callable[[Scene], None],
    plan: Callable[[Scene], Plan] | None = None,
) -> Played:
    """Play one attack on copies of `base`, which are removed again."""
    try:
        attacked = base.copy(folder / "attacked")
        do(attacked)
        copies = (attacked.copy(folder / str(number)) for number in count())
        wanted = _plan(plan, attacked)
        refusing = next(copies).refusing(wanted)

        def commits(controls: Controls) -> tuple[int, str]:
            return _commits(next(copies), wanted, controls)

        alone = beneath = None
        besides = [name for name in refusing if name != _SEALED]
        if len(refusing) == 1 and refusing[0] in ABOUT_LEAVE:
            alone, _ = commits(EVERY_CONTROL.without(*refusing))
        elif len(refusing) == 2 and len(besides) == 1:
            unsealed = EVERY_CONTROL.without(_SEALED)
            beneath = commits(unsealed)[0], commits(unsealed.without(*besides))[0]
        none, _ = commits(NO_CONTROL)
        all_of_them, said = commits(EVERY_CONTROL)
        return Played(name, all_of_them, none, refusing, alone, beneath, is_found(attacked), said)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_found(scene: Scene) -> bool:
    """Whether `noctua audit verify` says that something is wrong, or cannot read it."""
    try:
        anchors = scene.anchor_file if scene.anchor_file.exists() else None
        return not verify_audit(scene.state, anchors).sound
    except NoctuaError:
        return True


def _plan(plan: Callable[[Scene], Plan] | None, scene: Scene) -> Plan | None:
    try:
        return plan(scene) if plan else scene.plan()
    except NoctuaError:
        return None


def _commits(scene: Scene, plan: Plan | None, controls: Controls) -> tuple[int, str]:
    before = scene.commits()
    said = scene.attempt(plan, controls)
    return scene.commits() - before, said


def table(played: Sequence[Played]) -> str:
    """One line an attack."""
    lines = [f"{'attack':62} {'commits':>7} {'without':>7} {'found':>5}  stopped by"]
    for one in played:
        stopped = ", ".join(one.refusing) or "nothing"
        alone = f" (alone; {one.commits_without_it} without)" if one.commits_without_it else ""
        if one.beneath is not None:
            alone = " (without the seals {}, without both {})".format(*one.beneath)
        lines.append(
            f"{one.name[:62]:62} {one.commits:7} {one.commits_without_controls:7} "
            f"{'yes' if one.found else 'no':>5}  {stopped}{alone}"
        )
    return "\n".join(lines)


def summary(played: Sequence[Played]) -> str:
    """What came of all of them, and which control held what."""
    committed = sum(one.commits > 0 for one in played)
    real = [one for one in played if one.commits_without_controls]
    held, alone, beneath = Counter[str](), Counter[str](), Counter[str]()
    for one in played:
        held.update(one.refusing)
        if one.commits_without_it:
            alone.update(one.refusing)
        if one.beneath is not None and one.beneath[0] == 0 < one.beneath[1]:
            beneath.update(one.refusing)
    lines = [
        f"attacks: {len(played)}; with a commit: {committed} "
        f"(of none, 3/N is {3 / len(played):.3f}); with a commit when the controls are off: "
        f"{len(real)}; found by audit verify: {sum(one.found for one in played)}",
        f"{'control':18} {'refuses':>8} {'alone':>6} {'alone beneath the seals':>24}",
    ]
    for name in ("open", *ABOUT_LEAVE):
        under = beneath[name] if name != _SEALED else 0
        lines.append(f"{name:18} {held[name]:8} {alone[name]:6} {under:24}")
    return "\n".join(lines)
