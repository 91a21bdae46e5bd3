"""`sweep`: every failure of one kind, ranked by what it costs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from channels.cli.output import (
    AsJson,
    directory_of,
    figures,
    fitted,
    new_console,
    print_json,
    words,
)
from channels.report.wording import plain, rate
from twin.errors import BadInput
from twin.nouns.counted import counted
from twin.nouns.way import Way

if TYPE_CHECKING:
    from channels.planning.opening import Planned, Provenance
    from channels.planning.rows import AttritionRow, ScenarioRow, Spread, SweepDocument, Swept
    from twin.nouns.origins import Origins

TRAFFIC_HELP = "peak, an hour of the daily profile (18:00), a factor (x1.3), or a CSV or JSON file."

Traffic = Annotated[str, typer.Option("--traffic", help=TRAFFIC_HELP)]
DayTraffic = Annotated[
    str,
    typer.Option(
        "--traffic",
        help="Peak, a factor (x1.3), or a CSV or JSON file; the profile makes all hours of it.",
    ),
]
Limit = Annotated[
    float,
    typer.Option("--limit", min=0.01, max=100, help="Egresses above this utilisation are counted."),
]
Seed = Annotated[
    int, typer.Option("--seed", min=0, help="Of the services invented for it, and random orders.")
]


class Depth(StrEnum):
    """What fails in a scenario."""

    ONE = "1"
    TWO = "2"
    SRLG = "srlg"
    NODE = "node"


class RankedBy(StrEnum):
    """What counts first."""

    TRAFFIC = "traffic"
    UTILISATION = "utilisation"
    SERVICES = "services"


def sweep(
    context: typer.Context,
    topology: Annotated[
        str,
        typer.Argument(help="A topohub name, a network file, or a network of --state."),
    ],
    depth: Annotated[
        Depth, typer.Option("--depth", help="What fails: links, shared-risk groups or nodes.")
    ] = Depth.ONE,
    traffic: Traffic = "peak",
    limit: Limit = 1.0,
    top: Annotated[int, typer.Option("--top", min=1, help="How many of the worst to show.")] = 10,
    by: Annotated[RankedBy, typer.Option("--by", help="What counts first.")] = RankedBy.TRAFFIC,
    services: Annotated[
        bool, typer.Option("--services", help="Count the services in breach in each scenario.")
    ] = False,
    assess: Annotated[
        int,
        typer.Option("--assess", min=0, help="Scenarios that are assessed whole, with queues."),
    ] = 2000,
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=256, help="Processor cores to use.")
    ] = 1,
    seed: Seed = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", file_okay=False, help="A folder for all files but Parquet."),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="All scenarios, ranked.")] = None,
    parquet: Annotated[
        Path | None, typer.Option("--parquet", help="The same; needs the extra `parquet`.")
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map", help="How bad each failure is: .svg, .png or .pdf.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option("--curve", help="What is still served: .svg, .png or .pdf.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let everything fail in turn, and rank what it costs.

    The worst scenarios (--assess) are assessed whole, with queues; in others,
    what is lost is at most what egresses are offered beyond capacity.
    """
    # The twin and Matplotlib take a while, and most commands do without them.
    from channels.planning.opening import open_planned
    from channels.planning.rows import swept
    from twin.whatif.survey import survey

    files = _Files(csv, parquet, map_file, curve).beside(out)
    files.check()
    if by == RankedBy.SERVICES and not services:
        raise BadInput(
            "a ranking by services needs their verdicts; ask for them", way=Way(services=True)
        )
    with opening(topology):
        planned = open_planned(directory_of(context), topology, traffic, seed)
    with progress_bar(f"{planned.provenance.topology}, depth {depth}") as tell:
        found = survey(
            planned.twin,
            planned.state,
            depth.value,
            limit=limit,
            threads=threads,
            assess=assess,
            services=services,
            progress=tell,
        )
    lasting = seed if files.curve is not None else None
    with progress_bar("what is shown of it") as tell:
        result = swept(planned, found, by=by.value, top=top, lasting_seed=lasting, progress=tell)
    written = files.write(planned, result)
    if as_json:
        print_json(result.document.model_dump(mode="json"))
        return
    print_sweep(new_console(), result.document)
    for path in written:
        typer.echo(f"written: {path}")


@dataclass(frozen=True, slots=True)
class _Files:
    """What to write where."""

    csv: Path | None
    parquet: Path | None
    map: Path | None
    curve: Path | None
    document: Path | None = None

    def beside(self, folder: Path | None) -> "_Files":
        """With all but Parquet in `folder`, where they are not named themselves."""
        if folder is None:
            return self
        return _Files(
            self.csv or folder / "ranking.csv",
            self.parquet,
            self.map or folder / "map.svg",
            self.curve or folder / "curve.svg",
            folder / "sweep.json",
        )

    def check(self) -> None:
        """Raises BadInput for what could not be written, before anything is computed."""
        from channels.planning.drawings import check_drawing
        from channels.planning.files import check_places, require_parquet

        if self.parquet is not None:
            require_parquet()
        for drawing in (self.map, self.curve):
            if drawing is not None:
                check_drawing(drawing)
        check_places(self.named)

    @property
    def named(self) -> list[Path]:
        """All of them, in the order in which they are written."""
        every = (self.csv, self.parquet, self.map, self.curve, self.document)
        return [path for path in every if path is not None]

    def write(self, planned: "Planned", result: "Swept") -> list[Path]:
        """Returns what was written."""
        from channels.planning.drawings import draw_criticality, draw_curve
        from channels.planning.files import write_csv, write_parquet
        from channels.planning.rows import ranked_rows, severity
        from channels.whole_file import write_text

        found, order, document = result.found, result.order, result.document
        if self.csv is not None:
            write_csv(self.csv, ranked_rows(found, planned, order), planned.provenance)
        if self.parquet is not None:
            write_parquet(self.parquet, ranked_rows(found, planned, order), planned.provenance)
        if self.map is not None:
            shown = order[: len(document.ranking)].tolist()
            draw_criticality(self.map, planned, found, severity(found, result.milder), shown)
        if self.curve is not None:
            draw_curve(self.curve, result.surveys, document.attrition, planned)
        if self.document is not None:
            write_text(self.document, document.model_dump_json(indent=2) + "\n")
        return self.named


@contextmanager
def opening(name: str) -> Iterator[None]:
    """Say on standard error, where that is a terminal, what is opened: that may take minutes."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(Text(plain(f"opening {name}"))):
        yield


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(plain(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def print_sweep(console: Console, document: "SweepDocument") -> None:
    """What the command shows, within the width of `console`."""
    for line in _preface(document):
        console.print(Text(line), soft_wrap=True)
    with_services = document.reference.services_in_breach is not None
    console.print(
        _worst_table(console, document.ranking, with_services=with_services, title=_title(document))
    )
    console.print(_spread_table(console, document.spreads))
    if document.attrition_seed is not None:
        console.print(_attrition_table(console, document.attrition, document.attrition_seed))
    console.print(Text(_FOOTNOTE), soft_wrap=True)


_FOOTNOTE = (
    "No path: traffic of pairs that are cut off. Lost: what has a path and does not arrive, by the "
    "twin's queues with finite buffers; with ≤ only that it is no more than what egresses are "
    "offered beyond capacity. Loads are offered loads over all equal-cost shortest paths."
)


def run_line(run: "Provenance") -> str:
    """What a figure was computed from, in one line."""
    seed = "" if run.seed is None else f"; seed {run.seed}"
    down = f"; already down: {', '.join(run.down_links)}" if run.down_links else ""
    return plain(
        f"{run.topology}: {counted(run.nodes, 'node')}, {counted(run.links, 'link')}; "
        f"traffic {run.traffic}, {rate(run.offered_bps)}{down}{seed}; code {run.code}"
    )


def origins_lines(origins: "Origins") -> Iterator[str]:
    """Which of its figures are given and which assumed, and how its source was understood."""
    yield plain(origins.line())
    if origins.remarks:
        yield plain(f"of the source: {'; '.join(origins.remarks)}")


def _preface(document: "SweepDocument") -> Iterator[str]:
    yield run_line(document.run)
    yield from origins_lines(document.run.origins)
    now = document.reference
    breach = (
        f", {counted(now.services_in_breach, 'service')} in breach"
        if now.services_in_breach is not None
        else ""
    )
    yield plain(
        f"without any failure: no path {rate(now.no_path_bps)}, lost {rate(now.lost_bps)}, highest "
        f"utilisation {now.max_utilisation:.1%} ({now.busiest_node} on {now.busiest_link}), "
        f"{counted(now.over_limit, 'egress', 'egresses')} above {document.limit:.0%}{breach}"
    )


def _title(document: "SweepDocument") -> str:
    first = {
        "traffic": "what does not arrive, then utilisation",
        "utilisation": "highest utilisation, then what does not arrive",
        "services": "services in breach, then what does not arrive",
    }[document.ranked_by]
    scenarios = counted(document.scenarios, "scenario")
    return f"the worst {len(document.ranking)} of {scenarios}, by {first}"


def _worst_table(
    console: Console, rows: "Sequence[ScenarioRow]", *, with_services: bool, title: str
) -> RenderableType:
    columns = [
        figures("", (str(row.rank) for row in rows)),
        words("what fails", (plain(row.what_if) for row in rows)),
        figures("no path", (rate(row.no_path_bps) for row in rows), goes=2),
        figures("lost", (f"{'' if x.assessed else '≤ '}{rate(x.lost_bps)}" for x in rows), goes=1),
        figures("arrives", (f"{row.served_share:.2%}" for row in rows), goes=3),
        figures("highest", (f"{row.max_utilisation:.1%}" for row in rows)),
        words("on", (plain(f"{row.busiest_node} on {row.busiest_link}") for row in rows), goes=5),
        figures("over limit", (str(row.over_limit) for row in rows), goes=4),
    ]
    if with_services:
        in_breach = (str(row.services_in_breach) for row in rows)
        columns.append(figures("services in breach", in_breach))
    return fitted(console, columns, title)


def _spread_table(console: Console, rows: "Sequence[Spread]") -> RenderableType:
    columns = [
        figures("depth", (row.depth for row in rows)),
        figures("scenarios", (f"{row.scenarios:,}" for row in rows), goes=5),
        figures("lose traffic", (f"{row.losing:,}" for row in rows)),
        figures("cut pairs off", (f"{row.without_path:,}" for row in rows), goes=2),
        figures("over limit", (f"{row.over_limit:,}" for row in rows), goes=3),
        figures("not assessed", (f"{row.unassessed:,}" for row in rows), goes=6),
        figures("arrives: mean", (f"{row.mean_served:.3%}" for row in rows), goes=1),
        figures("worst 1 %", (f"{row.served_p01:.2%}" for row in rows), goes=4),
        figures("worst", (f"{row.worst_served:.2%}" for row in rows)),
    ]
    return fitted(console, columns, "all scenarios together")


def _attrition_table(console: Console, rows: "Sequence[AttritionRow]", seed: int) -> RenderableType:
    columns = [
        figures("failed", (str(row.failures) for row in rows)),
        figures("worst", (f"{row.worst:.2%}" for row in rows)),
        words("", ("of all" if row.exact else "greedy" for row in rows)),
        figures("random: mean", (f"{row.random_mean:.2%}" for row in rows)),
        figures("5 %", (f"{row.random_p05:.2%}" for row in rows), goes=2),
        figures("95 %", (f"{row.random_p95:.2%}" for row in rows), goes=1),
    ]
    return fitted(console, columns, f"what arrives as failures add up (seed {seed})")
