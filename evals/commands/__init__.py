"""Commands that join `noctua` through an entry point, so that channels need not import evals."""

import typer

from channels.cli.group import defer

COMMANDS = (
    (
        "demo",
        "playing:demo",
        "Play an incident from alarm to repair on germany50, and compare it with three other ways.",
    ),
    (
        "run",
        "playing:run",
        "Play one scenario with Noctua, up to where a person has to answer, or to its end.",
    ),
    (
        "scenarios",
        "playing:scenarios",
        "List the shipped scenarios: neutral names, never what happens in them.",
    ),
    (
        "stage",
        "playing:stage",
        "Put a scenario's network into the state directory, for `noctua watch` to operate.",
    ),
    (
        "results",
        "campaigning:results",
        "Play every scenario with every arm, and print the table of results.",
    ),
    (
        "ducts",
        "measuring:ducts",
        "List the ducts that overload another link when cut at peak, with the best single repair.",
    ),
    (
        "healthy",
        "campaigning:healthy",
        "Count false incidents on healthy network-days, and say how late real ones are noticed.",
    ),
    (
        "storm",
        "measuring:storm",
        "Cut a duct in the middle of an alarm storm, and count what was folded, kept and lost.",
    ),
    (
        "token-bill",
        "measuring:token_bill",
        "Count what a whole incident on germany50 costs a language model, in calls and tokens.",
    ),
    (
        "survival",
        "campaigning:survival",
        "Kill -9 at every step, and time out what was done: is anything lost, or done twice?",
    ),
    (
        "rca",
        "root_cause:rca",
        "Rank the root causes of recorded issues on a dependency graph, beside simpler rankers.",
    ),
    (
        "estimate",
        "measuring:estimate",
        "Foresee the loads after every link failure from a traffic matrix that nobody measured.",
    ),
    (
        "questions",
        "campaigning:questions",
        "Ask the shipped questions about three staged networks, and judge every answer.",
    ),
    (
        "campaign",
        "campaigning:campaign",
        "Play a campaign, or go on with one, and print the table of its records.",
    ),
    (
        "policy",
        "policy:policy",
        "Policies for the hours after a failure: what each is worth; train and serve the ranker.",
    ),
    ("train", "training:train", "Train a model that ships, from nothing."),
    (
        "predict",
        "predict:predict",
        "What fails next: fit what is simpler than the twin's draws, and compare them.",
    ),
    (
        "repair-times",
        "repairing:repair_times",
        "Learn when the field is done from what it said of past orders, and how well that is told.",
    ),
    (
        "serve-demo",
        "chatting:serve_demo",
        "Play an incident that is answered over HTTP, in a Slack and in a Teams, all on loopback.",
    ),
    (
        "chat-delay",
        "chatting:chat_delay",
        "Approve in a chat on loopback, and say how long it took until the commit.",
    ),
    (
        "chat-kills",
        "chatting:chat_kills",
        "Kill -9 while a plan is answered in a chat on loopback: is anything lost or done twice?",
    ),
    (
        "model-server",
        "model_serving:model_server",
        "Serve a scripted, recorded or replayed model on loopback, until Ctrl-C (or SIGTERM).",
    ),
)
"""Name, place under `evals.commands`, and the first line of the command's help."""


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for name, where, help_line in COMMANDS:
        defer(app, name, f"evals.commands.{where}", help_line)
