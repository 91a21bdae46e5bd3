"""The demonstration of `noctua serve`: one incident over HTTP, in a Slack and in a Teams. Its plans
take two different people each, who answer where they are.

Slack and Teams stand on loopback. The server, the watch, the gate and the journal are those that
always run, in one process of their own.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from channels.access.accounts import accounts
from channels.http.server import bind
from channels.http.settings import ServeSettings
from channels.report.writing import report_file, report_text, write_report
from channels.verbs import report, verify_audit
from evals.chat.slack_workspace import SlackWorkspace
from evals.chat.teams_tenant import TeamsTenant
from evals.serve_demo.answering import INCIDENT, Answering, Approved
from evals.serve_demo.chats import in_slack, in_teams
from evals.serve_demo.narration import Narration
from evals.serve_demo.server import Server
from evals.serve_demo.staging import FRANK, prepare
from graphs.state_directory import StateDirectory
from tools.journal.records import AuditLine
from twin.nouns.account import Identity
from twin.nouns.base import Noun


class ServeDemo(Noun):
    """What came of the demonstration. `server_exit`: with which the server has ended.

    `audit_sound`: of the chain with these approvals in it.
    """

    state: str
    report: str
    approvals: tuple[Approved, ...]
    incident_phase: str
    server_exit: int
    audit_sound: bool
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether an approval through each channel has reached the commit, all of it on record."""
        channels = {approved.channel for approved in self.approvals}
        reached = channels == {"http", "slack", "teams"}
        return reached and self.audit_sound and self.server_exit == 0


def play_serve_demo(folder: Path, port: int, seed: int, narration: Narration) -> ServeDemo:
    """Play it in the state directory `folder`, which is made, with the server at `port` (0: any).

    Raises:
        BadInput: the port is taken, or the server has ended.
        DeadlineExceeded: the incident has not come to its end.
    """
    bind(ServeSettings(port=port)).close()
    begun_s = time.monotonic()
    narration.line("germany50 is put on stage; one of its ducts will be cut at the evening peak")
    with ExitStack() as opened:
        slack = opened.enter_context(SlackWorkspace().serving())
        teams = opened.enter_context(TeamsTenant(members=(FRANK,)).serving())
        prepare(folder, seed, slack, teams)
        secrets = slack.environ | teams.environ
        server = opened.enter_context(Server(folder, port, secrets).running())
        _introduce(narration, folder, server.address, slack.address, teams.address)
        journal = opened.enter_context(StateDirectory(folder).read_only_journal())
        chats = in_slack(slack, server.address), in_teams(teams, server.address)
        answering = Answering(server, *chats, journal, narration)
        approvals = answering.play()
        phase = answering.phase
    state = StateDirectory(folder)
    file = report_file(state, INCIDENT, "html")
    write_report(file, report_text(report(state, INCIDENT), "html"))
    return ServeDemo(
        state=str(folder),
        report=str(file),
        approvals=approvals,
        incident_phase=phase,
        server_exit=server.exit_code,
        audit_sound=verify_audit(state).sound,
        seconds=time.monotonic() - begun_s,
    )


def _introduce(
    narration: Narration, folder: Path, address: str, slack_address: str, teams_address: str
) -> None:
    narration.chapter("all of it on this machine")
    narration.table(
        ("", "", ""),
        (
            ("HTTP", address, "one process: the API, both chats and the watch"),
            ("Slack", slack_address, "a workspace that refuses what Slack refuses"),
            ("Teams", teams_address, "a tenant that refuses what Teams refuses"),
            ("state", str(folder), "journal, audit log, settings, report"),
        ),
    )
    narration.chapter("who may do what; each plan here takes two different people (policy.yaml)")
    rows = [
        (one.id, one.role, ", ".join(map(str, one.identities)) or "a password")
        for one in accounts(StateDirectory(folder))
    ]
    narration.table(("account", "role", "signs in as"), rows)


def tell_end(demo: ServeDemo, narration: Narration) -> None:
    """What stands in the audit log, how long it took, and where the report is."""
    narration.chapter("what stands in the audit log")
    with StateDirectory(Path(demo.state)).read_only_journal() as journal:
        for line in journal.audit_lines():
            if line.action in ("answer", "chat_refused"):
                narration.line(_audited(line))
    sound = "sound" if demo.audit_sound else "NOT sound"
    narration.line(f"the chain is {sound}: noctua --state {demo.state} audit verify")
    narration.chapter("seconds from the click")
    rows = [
        (
            one.plan,
            one.by,
            one.channel,
            *(f"{s:.2f}" for s in (one.acknowledged_s, one.recorded_s, one.committed_s)),
        )
        for one in demo.approvals
    ]
    narration.table(("plan", "who", "through", "acknowledged", "on record", "committed"), rows)
    narration.line("(what the first of two people approves waits for the second)")
    narration.line(
        f"{INCIDENT} is {demo.incident_phase}; the server has ended with {demo.server_exit}; "
        f"all of it took {demo.seconds:.0f} s"
    )
    narration.line(f"report: {demo.report}")


def _audited(line: AuditLine) -> str:
    data: Any = line.data
    by = data["by"]
    signed = {name: by.get(name, "") for name in Identity.model_fields}
    identity = str(Identity(**signed))
    if line.action == "answer":
        who = f"{by['account']} ({by['role']}), {identity}, through {by['channel']}"
        return f"{line.seq:>4}  {line.subject}: {data['decision']} by {who}"
    return f"{line.seq:>4}  {data['act']['plan_id']}: refused to {identity}: {data['why']}"
