"""Whole incidents in which one hostile server is asked by every role, with the playbook behind it.

    noctua campaign evals.hostile.server_incidents

What came of each is judged as it is under hostile minds (`evals/hostile/minds.py`). Besides, the
playbook must take each role over in time, unless the server's reply holds an answer after all.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from agents.loop.budget import Limits
from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.policies import playbook
from evals.campaigns.campaign import Campaign, Spec
from evals.campaigns.records import Record, code_text, raised_text
from evals.hostile import minds
from evals.hostile.server_attacks import ATTACKS, KEY
from evals.hostile.servers import DEADLINE_S, GRACE_S
from evals.hostile.wire import HostileServer
from graphs.state_directory import StateDirectory
from tools.change.swaps import SWAP
from tools.journal.journal import Journal
from tools.journal.records import Charges, RoleRunRecord
from tools.models.openai_compatible import chat_model
from tools.models.settings import ModelSettings
from twin.errors import BadInput
from twin.nouns.base import Noun

_SERVER = "openai:hostile"

_ASKED_ALWAYS = Limits(rest_s=0.0, calls=1000, steps=1000, tokens=10**9, seconds=3600.0)
"""No limit spares a role the server, however often that has failed."""


class ServersSpec(Spec):
    """Kinds of fault, servers (all where none is named), and draws of where the fault is."""


class Play(Noun):
    """One server during one fault."""

    case: str
    arm: str
    seed: int


class Served(Noun):
    """What came of one incident.

    `runs`: of roles, of which the server's model finished `answered`; the playbook took the others
    over, for `causes` (each with how often). `late`: roles that it took over later than the calls'
    deadlines allow. `requests`: that reached the server. `leaked`: the key is kept somewhere.
    """

    incident: minds.Outcome
    runs: int
    answered: int
    causes: dict[str, int]
    late: tuple[str, ...]
    requests: int
    leaked: bool


ServedRecord = Record[Play, Served]


def play(told: Play, folder: Path, deadline_s: float = DEADLINE_S) -> Served:
    """One incident whose every role asks that server, in the new folder `folder`.

    Raises:
        BadInput: there is no such server, or no such kind of fault.
    """
    if told.arm not in ATTACKS:
        raise BadInput(f'no server "{told.arm}"; python -m evals.hostile.servers names them all')
    case = minds.scene(told.case, told.seed)
    with HostileServer(ATTACKS[told.arm].make()) as server:
        settings = ModelSettings(id="hostile", model="m", base_url=server.url, key_env="K")
        model = chat_model(settings, environ={"K": KEY}, call_s=deadline_s)
        chain = Mind(_SERVER, model, foreign=True), Mind("playbook", playbook(), foreign=False)
        limits = _ASKED_ALWAYS.model_copy(update={"call_deadline_s": deadline_s})
        incident = minds.play(case, told.seed, Minds(chain, limits=limits), folder)
        requests = server.requests
    with Journal.open(StateDirectory(folder).journal_file) as journal:
        ids = [record.incident.id for record in journal.incidents()]
        runs = [run for name in ids for run in journal.role_runs(name)]
        lost = [e for name in ids for e in journal.timeline(name) if e.kind == SWAP]
    return Served(
        incident=incident,
        runs=len(runs),
        answered=sum(run.finished_by == _SERVER for run in runs),
        causes=Counter(str(event.data["cause"]) for event in lost),
        late=tuple(run.role for run in runs if _is_late(run, deadline_s)),
        requests=requests,
        leaked=_holds(folder, KEY.encode()),
    )


def _is_late(run: RoleRunRecord, deadline_s: float) -> bool:
    asked = Charges.model_validate(run.data["charges"])
    return asked.seconds > asked.calls * deadline_s + GRACE_S


def _holds(folder: Path, secret: bytes) -> bool:
    return any(secret in file.read_bytes() for file in folder.rglob("*") if file.is_file())


def _plays(spec: ServersSpec) -> list[Play]:
    return [
        Play(case=case, arm=arm, seed=seed)
        for seed in spec.seeds
        for arm in spec.arms or tuple(ATTACKS)
        for case in spec.cases
    ]


def _play(told: Play) -> Served:
    with tempfile.TemporaryDirectory() as folder:
        return play(told, Path(folder))


def faults_of(told: Play, served: Served) -> list[str]:
    """What must not be, of one incident."""
    found = [*served.incident.wrong, *(f"{role} was taken over late" for role in served.late)]
    if not served.incident.incidents:
        found.append("no incident was opened")
    if not served.requests:
        found.append("the server was not asked")
    if served.answered and not ATTACKS[told.arm].answers:
        found.append(f"{served.answered} roles were finished by the server's model")
    if served.leaked:
        found.append("the key is kept")
    return found


def servers_markdown(records: Sequence[ServedRecord]) -> str:
    """What was violated over all plays, and how each server lost its roles; from records alone."""
    ended = [(r.play, r.outcome) for r in records if r.outcome is not None]
    lines = minds.violations([o.incident for _, o in ended], len(records) - len(ended))
    lines += [
        f"- roles taken over late: {sum(len(o.late) for _, o in ended)} "
        f"of {sum(o.runs for _, o in ended)}",
        "",
        "| server | incidents | resolved | handed over | roles | of them the server's | causes |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for arm in dict.fromkeys(p.arm for p, _ in ended):
        mine = [o for p, o in ended if p.arm == arm]
        causes = sum((Counter(o.causes) for o in mine), Counter[str]())
        lines.append(
            f"| {arm} | {sum(o.incident.incidents for o in mine)} "
            f"| {sum(o.incident.resolved for o in mine)} "
            f"| {sum(o.incident.handed_over for o in mine)} "
            f"| {sum(o.runs for o in mine)} | {sum(o.answered for o in mine)} "
            f"| {', '.join(f'{cause} {count}' for cause, count in causes.most_common())} |"
        )
    wrong = [f"- {p.case} {p.seed}, {p.arm}: {w}" for p, o in ended for w in faults_of(p, o)]
    notes = [raised_text(records, "and count as such"), code_text(records)]
    return "\n".join([*lines, "", *wrong, *notes]) + "\n"


CAMPAIGN = Campaign(
    name="hostile-servers",
    file=files(__package__) / "server_incidents.yaml",
    spec=ServersSpec,
    record=ServedRecord,
    plays=_plays,
    together=lambda told: f"{told.arm} {told.seed}",
    play=_play,
    table=servers_markdown,
)
