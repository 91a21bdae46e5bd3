"""`models`: what ships trained, and whether its weights are those that the cards describe."""

import typer

from channels.cli.output import AsJson, figures, fitted, new_console, print_json, words

models = typer.Typer(
    help="What ships trained: its cards, and whether the weights are those.", no_args_is_help=True
)


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List them: what each is for, what it has learned from, and by which code."""
    from tools.trained import trained_models

    found = trained_models()
    if as_json:
        print_json([model.model_dump(mode="json") for model in found])
        return
    console = new_console()
    columns = [
        words("model", (model.name for model in found)),
        figures("parameters", (f"{model.parameters:,}" for model in found)),
        figures("kB", (f"{model.bytes / 1000:,.0f}" for model in found)),
        figures("networks", (str(model.networks) for model in found)),
        figures("seed", (str(model.seed) for model in found)),
        figures("CPU s", (f"{model.cpu_s:,.0f}" for model in found)),
        words("code", (model.code for model in found)),
        figures("SHA-256", (model.sha256[:12] for model in found)),
    ]
    console.print(fitted(console, columns))
    for model in found:
        typer.echo(f"{model.name}: {model.purpose} Card: {model.card}")


@models.command("verify")
def verify_models(as_json: AsJson = False) -> None:
    """Compare the weights of each with the digest on its card; exit 1 where one is another."""
    from tools.trained import verified

    found = verified()
    if as_json:
        print_json(dict(found))
    for name, wrong in found.items():
        if not as_json:
            typer.echo(f"{name}: {wrong or 'as its card describes it'}")
    if any(found.values()):
        raise typer.Exit(1)
