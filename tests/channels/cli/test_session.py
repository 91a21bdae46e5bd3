"""A shift as a person lives it, on a terminal of 80 columns: watched, asked, answered, told on."""

from pathlib import Path

import pytest

from channels.report.wording import utc
from evals.stage import stage
from tests.channels.cli.terminal import COLUMNS, Terminal
from tests.channels.conftest import INCIDENT, PLAN
from tests.graphs.stagehand import WRONG_WEIGHT, case
from tools.journal.journal import Journal
from tools.journal.records import ApprovalRequest


@pytest.mark.slow
def test_a_person_watches_is_asked_looks_answers_and_hands_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stage(case((300.0, WRONG_WEIGHT)), 1, tmp_path / "networks" / "live.sqlite").close()
    first_s: dict[str, float] = {}

    def typed(*words: str) -> str:
        with Terminal("--state", str(tmp_path), *words) as terminal:
            code, text = terminal.ended()
        first_s[words[0]] = terminal.first_s
        assert code == 0, text
        return text

    with Terminal("--state", str(tmp_path), "watch", "--speed", "300") as watch:
        asked = watch.until(f"noctua reject {PLAN}")
        first_s["watch"] = watch.first_s
        request = _request(tmp_path)
        assert request.state == "waiting"
        assert f"until {utc(request.expires_s)} UTC:" in asked
        assert f"noctua approve {PLAN}, or noctua reject {PLAN}" in asked

        listed = typed("incidents")
        assert max(map(len, listed.splitlines())) <= COLUMNS
        assert {INCIDENT, PLAN} <= set(listed.split()), listed

        shown = typed("show", INCIDENT)
        assert f"noctua approve {PLAN}" in shown
        plan = shown[shown.index("╭") : shown.index("╯")]
        assert all(len(line) <= COLUMNS for line in plan.splitlines())
        for word in ("purpose", "action", "way back", "forecast", "nothing", "blast"):
            assert f"│ {word}" in plan

        for person in ("erin", "frank")[: request.approvers_needed]:
            said = typed("approve", PLAN, "--by", person, "--reason", "it looks right")
            assert f"{PLAN}: approve by «{person}» stands" in said
        assert "the watch of its network goes on with it" in said.replace("\n", " ")
        watch.until("confirmed")

        told = typed("handover")
        assert "Open incidents" in told
        assert INCIDENT in told

        written = typed("report", INCIDENT).replace("\n", "")
        assert Path(written).stat().st_size > 10_000
        assert "it looks right" in Path(written).read_text("utf-8")

        watch.type("\x03")
        code, text = watch.ended()
        assert code == 0
        assert "still open: " in text
        assert "Traceback" not in text
    with capsys.disabled():
        listed = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in first_s.items())
        print(f"\nfirst output after: {listed}")


def _request(state: Path) -> ApprovalRequest:
    with Journal.open(state / "journal.sqlite") as journal:
        (request,) = journal.approval_requests(0.0)
    return request


def test_what_was_typed_before_the_question_does_not_answer_it(state: Path) -> None:
    with Terminal(str(state), script=_ASK) as terminal:
        terminal.until("thinking")
        terminal.type("y\n")
        shown = terminal.until(f"Approve {PLAN}?")
        for word in ("action", "forecast", "nothing", "blast", "way back"):
            assert f"\n{word} " in shown
        terminal.type("n\n")
        code, _ = terminal.ended()
    assert code == 0
    answer = _request(state).approval
    assert answer is not None
    assert (answer.decision, answer.by.name) == ("reject", "erin")


_ASK = f"""
import select, sys
from pathlib import Path
from rich.console import Console
from evals.approvers import AskingApprover
from tools.journal.journal import Journal
from twin.nouns.principal import OS_USER, Principal

with Journal.open(Path(sys.argv[1]) / "journal.sqlite") as journal:
    approver = AskingApprover(Console(), Principal(name="erin", provider=OS_USER))
    approver.answer_through(journal)
    print("thinking", flush=True)
    select.select([sys.stdin], [], [])
    request = journal.approval_request("{PLAN}", 0.0)
    approver.consider(request, journal.plan("{PLAN}"), request.requested_s)
"""
