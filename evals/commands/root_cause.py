"""The command `rca`: root causes in a recorded application, without a twin."""

from pathlib import Path
from typing import Annotated

import typer

from channels.cli.output import AsJson, print_json


def rca(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER", help="As PetShop has it: graph.csv, noissue/, train/, test/."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Rank the root causes of recorded issues on a dependency graph, beside simpler rankers.

    Prints how often the true cause is first and among the first three, what each issue's first
    three are, and what other constants would have come to.
    """
    from evals.root_cause.petshop import read_issues
    from evals.root_cause.rankers import explained_change
    from evals.root_cause.scoring import by_ranker, sensitivity, table

    issues = read_issues(folder)
    found = by_ranker(issues)
    varied = {
        split: sensitivity([issue for issue in issues if issue.split == split]) for split in found
    }
    ranked = {
        f"{issue.split}/{issue.name}": [*explained_change(issue.troubled())[:3]] for issue in issues
    }
    if as_json:
        print_json(
            {
                "accuracy": {
                    split: {name: one.as_json() for name, one in by_name.items()}
                    for split, by_name in found.items()
                },
                "ranked": {name: [*first] for name, first in ranked.items()},
            }
        )
        return
    typer.echo(table(found, varied))
    typer.echo("")
    for issue in issues:
        first = ranked[f"{issue.split}/{issue.name}"]
        said = "right" if first[:1] == [issue.cause] else f"it was {issue.cause}"
        typer.echo(f"{issue.split}/{issue.name} ({issue.metric[0]}): {', '.join(first)} ({said})")
