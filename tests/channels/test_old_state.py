"""A state directory that an earlier version wrote opens, goes on, and keeps its audit chain.

`old_state.tar.xz` was written before answers had principals. On Abilene a weight is changed three
times: a script answered about the first incident, "Erin Doe" about the second, and the third waits
for an approval; "erin" has lifted a quarantine. Nobody works on it.
"""

import tarfile
from pathlib import Path

import pytest

from channels import verbs
from graphs.state_directory import StateDirectory
from tests.channels.conftest import noctua
from tools.journal.audit import Row
from tools.journal.records import ApprovalRequest, AuditLine, Signature
from twin.nouns.incident import Phase
from twin.nouns.principal import AUTOMATIC, OS_USER, UNRECORDED, Principal

ARCHIVE = Path(__file__).with_name("old_state.tar.xz")

HEAD = "5d5c03bb861448f1c852767a33b06f504e3a078f01670cd3126131665158fe77"
"""Of its audit chain, as the version that wrote it verified it."""

LINES = 22

FIRST, SECOND, THIRD = "live-0001", "live-0002", "live-0003"


@pytest.fixture
def old(tmp_path: Path) -> StateDirectory:
    """A copy of its own."""
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    return StateDirectory(tmp_path)


def test_commands_tell_what_it_told(old: StateDirectory) -> None:
    for command in (("incidents",), ("show", THIRD), ("handover",)):
        code, output, error = noctua(old.path, *command)
        assert (code, error) == (0, "")
        assert f"approval of {THIRD}.mitigate1" in output
    code, output, _ = noctua(old.path, "audit", "verify")
    assert code == 0
    assert f"the chain holds: {LINES} lines" in output
    assert HEAD in output


def test_questions_are_answered_about_it(old: StateDirectory) -> None:
    code, output, error = noctua(old.path, "ask", "what waits for approval?")
    assert (code, error) == (0, "")
    assert f"{THIRD}.mitigate1" in output


def test_reports_are_written_of_what_is_over_and_of_what_is_not(old: StateDirectory) -> None:
    for incident in (FIRST, SECOND, THIRD):
        facts = verbs.report(old, incident)
        assert facts.remedies
        assert facts.plans
        assert facts.audit.report.head == HEAD
    assert noctua(old.path, "report", SECOND)[0] == 0
    assert "Erin Doe" in (old.reports / f"{SECOND}.html").read_text(encoding="utf-8")


def test_free_names_are_principals_whose_way_of_signing_in_was_not_recorded(
    old: StateDirectory,
) -> None:
    answers = [
        answer.by
        for incident in (FIRST, SECOND, THIRD)
        for request in verbs.incident(old, incident).approval_requests
        for answer in request.answers
    ]
    assert answers == [
        Principal(name="demo auto-approver (no person looked)", provider=AUTOMATIC),
        Principal(name="Erin Doe", provider=UNRECORDED),
    ]
    code, output, _ = noctua(old.path, "show", SECOND)
    assert code == 0
    assert "approve by «Erin Doe»: «looks right»" in output
    assert (
        "approve by «demo auto-approver (no person looked)» automatically"
        in noctua(old.path, "show", FIRST)[1]
    )


@pytest.mark.slow
def test_approved_incident_is_carried_to_its_end_on_the_same_chain(old: StateDirectory) -> None:
    before = _rows(old)
    frank = Principal(name="frank", provider=OS_USER)
    assert verbs.approve(old, THIRD, frank).answer.standing.by == frank
    code, output, _ = noctua(old.path, "resume")
    assert code == 0
    assert "no incident is open" in output
    assert [view.phase for view in verbs.incidents(old)] == [Phase.RESOLVED] * 3
    assert _rows(old)[:LINES] == before
    verdict = verbs.verify_audit(old, head=HEAD)
    assert verdict.sound
    assert verdict.head_at == LINES
    assert verdict.length > LINES


def _rows(state: StateDirectory) -> list[Row]:
    with state.read_only_journal() as journal:
        return list(journal.audit_rows())


def test_answers_of_before_are_signed_by_nobody_and_new_ones_are(old: StateDirectory) -> None:
    nobody = "signed by nobody (written before signing)"
    assert nobody in " ".join(noctua(old.path, "show", FIRST)[1].split())
    assert "written before rows were sealed" in noctua(old.path, "audit", "verify")[1]
    assert noctua(old.path, "approve", THIRD, "--by", "erin", "--reason", "it helps")[0] == 0
    shown = " ".join(noctua(old.path, "show", THIRD)[1].split())
    assert "approve by «erin»" in shown
    assert "signed by nobody" not in shown
    code, output, _ = noctua(old.path, "audit", "verify")
    assert code == 0
    assert "rows of the journal are what was written" in output
    [sealed] = [line for line in _lines(old) if line.action == "seal"]
    assert sealed.seq == LINES + 1
    [request] = [r for r in _requests(old) if r.plan_id.startswith(FIRST)]
    assert set(request.signatures) == {Signature.BEFORE}
    assert nobody in " ".join(noctua(old.path, "show", FIRST)[1].split())


def _lines(old: StateDirectory) -> tuple[AuditLine, ...]:
    with old.read_only_journal() as journal:
        return journal.audit_lines()


def _requests(old: StateDirectory) -> tuple[ApprovalRequest, ...]:
    with old.read_only_journal() as journal:
        return journal.attested_requests(0.0)
