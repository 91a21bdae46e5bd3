"""The commands that play scripted incidents: demo, run, stage, scenarios.

What they need is imported when they run: the other commands do without the emulated network.
"""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from pydantic import JsonValue
from rich.console import Console

from channels.cli.output import (
    AsJson,
    Column,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from evals.commands.options import Level, Mismatch, Seed, fresh, state_of
from graphs.state_directory import StateDirectory
from twin.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evals.arm import ArmResult
    from evals.stage import Case
    from graphs.workplace import Workplace
    from tools.journal.journal import Journal
    from twin.nouns.inventory import Inventory

Scenario = Annotated[
    str,
    typer.Argument(help="A name from `noctua scenarios`, a scenario file, or a network file."),
]
TrafficFile = Annotated[
    Path | None, typer.Option("--traffic", help="The demands of a network file, in a second file.")
]
Automatically = Annotated[
    bool,
    typer.Option(
        "--approve-automatically",
        help="Every plan is approved after a drawn delay, by nobody; the report says so.",
    ),
]


def demo(
    context: typer.Context,
    seed: Seed = 1,
    approve_automatically: Automatically = False,
    as_json: AsJson = False,
) -> None:
    """Play an incident from alarm to repair on germany50, and compare it with three other ways.

    You are asked on the terminal before anything is changed, unless the flag says otherwise.
    """
    from channels.cli.principal import os_user
    from channels.report.facts import gather
    from channels.report.writing import report_file, report_text, write_report
    from evals.approvers import AskingApprover
    from evals.arms.noctua import DelayedApprover, NoctuaArm
    from evals.delays import draw_delays
    from evals.demo import comparisons, demo_case, play_others
    from graphs.minds import require_minds
    from tools.change.policy import DEMO_APPROVER

    if not approve_automatically and not sys.stdin.isatty():
        raise BadInput(
            "nothing is changed without a person, and there is no terminal to ask on; run it from "
            "one, or give --approve-automatically"
        )
    console = Console(stderr=as_json, quiet=as_json)
    case, duct = demo_case(seed)
    state = fresh(state_of(context) / "demo")
    directory = StateDirectory(state)
    require_minds(os.environ, state)
    console.print(
        f"{case.world.topology}, realisation {seed}: one of its ducts will be cut at the evening "
        f"peak. State: {state}"
    )
    delay = DelayedApprover(draw_delays(case.id, seed).approve_s, DEMO_APPROVER.name)
    approver = delay if approve_automatically else AskingApprover(console, os_user())
    with _Timeline(console) as timeline:
        ours = NoctuaArm(approver=approver, on_step=timeline).play(case, seed, state)
    console.print(f"It was {duct.duct} ({', '.join(duct.links)}).")
    others = play_others(
        case, seed, state / "comparison", lambda what: console.print(f"also: {what}")
    )
    network = _opened(directory)
    with directory.journal() as journal:
        incidents = [r.incident.id for r in journal.incidents()]
        spent = _print_spent(console, journal, incidents)
        paths = []
        for incident in incidents:
            facts = gather(journal, incident, network, comparisons([ours, *others]))
            for form in ("html", "md"):
                paths.append(report_file(directory, incident, form))
                write_report(paths[-1], report_text(facts, form))
    if as_json:
        played = [r.model_dump(mode="json") for r in (ours, *others)]
        reports: list[JsonValue] = [str(p) for p in paths]
        print_json(
            {
                "state": str(state),
                "reports": reports,
                "arms": cast(JsonValue, played),
                "minds": spent,
            }
        )
        return
    _print_arms(console, [ours, *others])
    for path in paths:
        console.print(f"report: {path}", soft_wrap=True, highlight=False)


def run(
    context: typer.Context,
    scenario: Scenario,
    seed: Seed = 1,
    mismatch: Mismatch = 1,
    traffic: TrafficFile = None,
    approve_automatically: Automatically = False,
    as_json: AsJson = False,
) -> None:
    """Play one scenario with Noctua, up to where a person has to answer, or to its end."""
    from evals.arm import at_mismatch
    from evals.arms.noctua import NoctuaArm
    from evals.stage import load_case
    from graphs.candidates import candidates_from
    from graphs.minds import require_minds

    console = Console(stderr=as_json, quiet=as_json)
    state = state_of(context)
    case = at_mismatch(load_case(scenario, traffic), cast(Level, mismatch))
    # What is set wrong is found out before anything is written.
    StateDirectory(state).policy()
    require_minds(os.environ, state)
    candidates_from(os.environ)
    name = _free_name(StateDirectory(state), f"{case.id}-{seed}")
    if not approve_automatically:
        _run_until_asked(state, case, seed, name, console, as_json=as_json)
        return
    with _Timeline(console) as timeline:
        result = NoctuaArm(on_step=timeline, network=name).play(case, seed, state)
    _print_arms(console, [result])
    with StateDirectory(state).journal() as journal:
        mine = [r.incident.id for r in journal.incidents(network=name)]
        spent = _print_spent(console, journal, mine)
    if as_json:
        print_json({**result.model_dump(mode="json"), "minds": spent})
    else:
        console.print("reports: noctua report INCIDENT; incidents: noctua incidents")


def stage(
    context: typer.Context,
    scenario: Scenario,
    seed: Seed = 1,
    mismatch: Mismatch = 1,
    traffic: TrafficFile = None,
    as_json: AsJson = False,
) -> None:
    """Put a scenario's network into the state directory, for `noctua watch` to operate."""
    from contextlib import closing

    from channels.cli.sweep import origins_lines
    from evals.arm import at_mismatch
    from evals.stage import load_case
    from evals.stage import stage as put_on_stage

    state = StateDirectory(state_of(context))
    case = at_mismatch(load_case(scenario, traffic), cast(Level, mismatch))
    name = _free_name(state, f"{case.id}-{seed}")
    state.require_journal()
    with closing(put_on_stage(case, seed, state.network_file(name), name)) as network:
        origins = network.inventory().origins
    state.made_journal().close()
    if as_json:
        print_json({"network": name, "origins": origins.model_dump(mode="json")})
        return
    for line in origins_lines(origins):
        typer.echo(line)
    if case.world.mismatch:
        typer.echo(
            "It differs from its records in demands, weights and ducts (--mismatch 0: in none)."
        )
    typer.echo(f"{name} is on stage; operate it with: noctua watch {name} --speed 60")


def scenarios(
    as_json: AsJson = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of a scenario file instead.")
    ] = False,
) -> None:
    """List the shipped scenarios: neutral names, never what happens in them."""
    from datetime import UTC, datetime

    from evals.stage import case_names, load_case, scenario_schema

    if schema:
        print_json(scenario_schema())
        return
    worlds = [load_case(name).world for name in case_names()]
    rows = [
        {
            "scenario": name,
            "topology": world.topology,
            "starts": datetime.fromtimestamp(world.starts_s, UTC).isoformat(),
            "duration_s": world.duration_s,
            "announced_work": [w.id for w in world.planned_work],
        }
        for name, world in zip(case_names(), worlds, strict=True)
    ]
    if as_json:
        print_json(cast(JsonValue, rows))
        return
    console = new_console()
    columns = [
        Column("scenario", [str(row["scenario"]) for row in rows]),
        words("topology", (world.topology for world in worlds)),
        Column("starts (UTC)", [str(row["starts"]) for row in rows], whole=True, goes=1),
        figures("hours", (f"{world.duration_s / 3600:g}" for world in worlds)),
        words("announced work", (", ".join(w.id for w in x.planned_work) for x in worlds), goes=2),
    ]
    console.print(fitted(console, columns))


class _Timeline:
    """Prints the timeline of whichever workplace is played."""

    def __init__(self, console: Console) -> None:
        from channels.cli.timeline import LiveTimeline

        self._console = console
        self._live: LiveTimeline | None = None

    def __enter__(self) -> "_Timeline":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, workplace: "Workplace", now_s: float) -> None:
        from channels.cli.timeline import LiveTimeline

        if self._live is None:
            known = workplace.journal.incidents(network=workplace.network.name)
            self._live = LiveTimeline(workplace.journal, self._console, past=not known)
        self._live(now_s)


def _run_until_asked(
    state: Path, case: "Case", seed: int, name: str, console: Console, *, as_json: bool
) -> None:
    """Stop at the first request: the network's clock stands still while a person thinks."""
    from channels.cli.timeline import LiveTimeline
    from evals.stage import stage
    from graphs.workplace import Workplace
    from tools.network.emulated.clock import SimulatedClock

    network = stage(case, seed, StateDirectory(state).network_file(name), name)
    ends_s = case.world.starts_s + case.world.duration_s
    clock = SimulatedClock(network)
    try:
        with (
            Workplace(state, network, clock) as workplace,
            LiveTimeline(workplace.journal, console) as timeline,
        ):
            waiting: list[str] = []
            mine: set[str] = set()
            while clock.now_s() < ends_s and not waiting:
                workplace.watch.step()
                timeline(clock.now_s())
                asked = workplace.journal.approval_requests(clock.now_s(), state="waiting")
                mine = {r.incident.id for r in workplace.journal.incidents(network=name)}
                waiting = [r.plan_id for r in asked if r.incident_id in mine]
                if not waiting:
                    clock.wait_until(clock.now_s() + 30.0)
            spent = _print_spent(console, workplace.journal, sorted(mine))
    finally:
        network.close()
    if as_json:
        print_json({"network": name, "waiting": list(waiting), "minds": spent})
        return
    for plan in waiting:
        incident = plan.rsplit(".", 1)[0]
        console.print(f"waiting for approval: noctua approve {plan}; then noctua resume {incident}")
    if not waiting:
        console.print("the scenario is over; nobody was asked anything")


def _print_spent(
    console: Console, journal: "Journal", incidents: "Sequence[str]"
) -> dict[str, JsonValue]:
    """What foreign minds used for each incident, by its id; none where only our own were asked."""
    from channels.report.minds import spent_text

    spent: dict[str, JsonValue] = {}
    for incident in incidents:
        charges = journal.charged(incident)
        if charges.calls:
            text = f"minds on {incident}: {spent_text(charges)}"
            console.print(text, soft_wrap=True, highlight=False, markup=False)
            spent[incident] = charges.model_dump(mode="json")
    return spent


def _print_arms(console: Console, arms: "list[ArmResult]") -> None:
    columns = [
        words("", (arm.arm.replace("_zero", ", no delays") for arm in arms)),
        figures("SLO minutes lost", (f"{arm.slo_minutes_total:.1f}" for arm in arms)),
        figures("services hit", (str(arm.services_hit) for arm in arms)),
        figures("detected", (_seconds(arm.detect_s) for arm in arms)),
        figures("mitigated", (_seconds(arm.mitigate_s) for arm in arms)),
        figures("resolved", (_seconds(arm.resolve_s) for arm in arms)),
        figures("changes", (str(arm.changes) for arm in arms), goes=1),
    ]
    title = "the same hidden realisation, seconds after the fault"
    console.print(fitted(console, columns, title))


def _seconds(time_s: float | None) -> str:
    return "never" if time_s is None else f"{time_s:.0f}"


def _opened(state: StateDirectory) -> "Inventory":
    from channels.networks import open_network

    network, _ = open_network(state, "live")
    return network.inventory()


def _free_name(state: StateDirectory, name: str) -> str:
    """`name`, or with a number behind it if the state directory has that network."""
    found, number = name, 1
    while state.network_file(found).exists():
        number += 1
        found = f"{name}-{number}"
    return found
