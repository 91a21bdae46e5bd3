"""The command `noctua`: its commands, each of which is imported when it is used.

Exit codes: 0 done; 1 somebody else's answer holds, or what was checked is not in order; 2 the
request is wrong or was refused; 130 stopped with Ctrl-C.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from channels.cli.group import NoctuaGroup, defer

# The installed script of an earlier version calls it here.
from channels.cli.start import main as main

_DISTRIBUTION = "noctua-netops"

COMMANDS = (
    ("incidents", "show:incidents", "List the incidents, oldest first."),
    (
        "networks",
        "show:networks",
        "List the networks: what time it is there, who watches, what is open.",
    ),
    (
        "show",
        "show:show",
        "Show an incident: facts, timeline, plans with diffs and forecasts, waiting approvals.",
    ),
    (
        "resume",
        "watching:resume",
        "Watch on until nothing is open any more, or until a person has to answer.",
    ),
    (
        "watch",
        "standing_watch:watch",
        "Watch networks and operate their incidents until stopped (Ctrl-C, SIGTERM or SIGHUP).",
    ),
    (
        "serve",
        "serve:serve",
        "Serve the HTTP API, on this machine alone unless told otherwise, until stopped.",
    ),
    (
        "report",
        "report:report",
        "Write the report of an incident, by default to reports/ of the state directory.",
    ),
    (
        "approve",
        "answering:approve",
        "Approve a plan, or the plan that an incident waits for; some need two different people.",
    ),
    (
        "reject",
        "answering:reject",
        "Reject a plan, or the plan that an incident waits for. One rejection decides.",
    ),
    (
        "acknowledge",
        "answering:acknowledge",
        "Say that you have seen what a plan asks; nobody else is called, and nothing is answered.",
    ),
    ("take", "people:take", "Say that you have an incident; whoever had it before has it no more."),
    ("note", "people:note", "Write what you have seen or done into an incident's timeline."),
    ("close", "people:close", "Close an incident that people have, with the cause that you found."),
    (
        "reopen",
        "people:reopen",
        "Say that an incident that has ended is not over: people have it again, and first you.",
    ),
    (
        "ask",
        "ask:ask",
        "Ask about the network: what is built, how it is, what would happen if, what was decided.",
    ),
    (
        "chat",
        "ask:chat",
        'Ask several questions, which may refer to those before ("and at 20:00?"); Ctrl-D ends it.',
    ),
    (
        "handover",
        "handover:handover",
        "What a shift takes over: what is open, in force, armed, waited for, and what has ended.",
    ),
    (
        "drift",
        "drift:drift",
        "Show how far the twin is from the network: loads, link states, configuration, capacity.",
    ),
    (
        "doctor",
        "doctor.command:doctor",
        "Check the state directory and everything in reach; nothing is changed. "
        "Exit 1 if it fails.",
    ),
    (
        "prune",
        "prune:prune",
        "Drop checkpoints of what has ended, and what was learned of networks that nobody watches.",
    ),
    ("sweep", "sweep:sweep", "Let everything fail in turn, and rank what it costs."),
    (
        "imagine",
        "imagine:imagine",
        "Ask what will break next, and rank it by what it costs in a year.",
    ),
    (
        "models",
        "models:models",
        "What ships trained: its cards, and whether the weights are those.",
    ),
    (
        "risks",
        "risks:risks",
        "The risk register: what is expected to break next, and what people say of it.",
    ),
    (
        "availability",
        "availability:availability",
        "Ask how often each service is outside its objective, and compare with what was promised.",
    ),
    (
        "adversary",
        "adversary:adversary",
        "Search the worst that so many failures at once can do.",
    ),
    (
        "worst-days",
        "worst_days:worst_days",
        "Search the worst days: conditions, and up to four events in order and time.",
    ),
    (
        "mitigate",
        "mitigate:mitigate",
        "Have a line of the risk register cost less before it strikes.",
    ),
    (
        "what-if",
        "what_if:what_if",
        'Compare the network before and after: "link A-B down; weight C-D 20".',
    ),
    (
        "grow",
        "grow:grow",
        "Let demand grow: which link is full when, and what one more member buys.",
    ),
    ("te", "te:te", "Search IGP weights that keep the highest utilisation low."),
    (
        "disjoint",
        "disjoint:disjoint",
        "Find two paths that share no link, no node, no duct, at the least weight together.",
    ),
    (
        "import",
        "networks_in_files:import_network",
        "Show what is understood of a network file, what is assumed, and what is left out.",
    ),
    ("topology", "networks_in_files:topology", "Network files."),
    (
        "graph",
        "graph:app",
        "The knowledge graph: what is on record of a network, and what depends on what.",
    ),
    (
        "netbox",
        "netbox:netbox",
        "Write what a NetBox knows of devices and connections into a network file.",
    ),
    (
        "quarantine",
        "quarantine:quarantine",
        "Devices that no plan may touch until a person has looked at them.",
    ),
    (
        "work",
        "work:work",
        "Announced work: what it may do is expected, and what it will do to services is said.",
    ),
    (
        "slack",
        "slack:slack",
        "Show incidents and plans in Slack, and take answers from there, until stopped.",
    ),
    (
        "teams",
        "teams:teams",
        "Show incidents and plans in Teams, and take answers from there, until stopped.",
    ),
    (
        "accounts",
        "accounts:app",
        "Who may do what here: accounts, tokens, and who answers in whose place.",
    ),
    (
        "login",
        "login:login",
        "Sign in with the password of an account, or with a token, for twelve hours.",
    ),
    (
        "logout",
        "login:logout",
        "Sign out: what was kept of the sign-in is forgotten here, and is worth nothing elsewhere.",
    ),
    ("whoami", "login:whoami", "Say who acts at this command line, and what they may do."),
    (
        "alerts",
        "alerts:alerts",
        "List alerts of other monitoring systems: what they say, of what, and how it turned out.",
    ),
    (
        "audit",
        "audit:audit",
        "The audit log: a chain of hashes, which is recomputed or exported.",
    ),
)
"""Name, place under `channels.cli`, and the first line of the command's help."""

app = typer.Typer(
    name="noctua",
    cls=NoctuaGroup,
    help="Operates a communication network with agents, and changes it only through a gate.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        found = version(_DISTRIBUTION)
    except PackageNotFoundError:
        found = "of a source tree that is not installed"
    typer.echo(f"noctua {found}")
    raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    state: Annotated[
        Path,
        typer.Option(
            "--state", envvar="NOCTUA_STATE", help="Where everything is kept.", file_okay=False
        ),
    ] = Path(".noctua"),
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and end."
        ),
    ] = False,
) -> None:
    """Options of all commands."""
    context.obj = state


for _name, _where, _help in COMMANDS:
    defer(app, _name, f"channels.cli.{_where}", _help)
