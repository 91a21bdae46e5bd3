"""Accounts at the command line: who is heard once there are some, and who was before."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from channels.cli.app import app
from channels.cli.principal import os_identity
from tests.channels.conftest import INCIDENT, PLAN, noctua
from tests.made_once import made_once
from tools.journal.journal import Journal

PASSWORD = "a long walk by the sea"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Sign-ins of these tests are kept nowhere else."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NOCTUA_TOKEN", raising=False)
    return tmp_path / "home"


def _piped(state: Path, said: str, *arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["--state", str(state), *arguments], input=said)
    return result.exit_code, result.stdout, result.stderr


def _last_answer(state: Path) -> dict[str, object]:
    with Journal.open(state / "journal.sqlite") as journal:
        line = [x for x in journal.audit_lines(PLAN) if x.action.startswith("answer")][-1]
    return {"action": line.action, **line.data}


def test_install_of_one_person_says_so_in_the_audit_log(state: Path) -> None:
    assert noctua(state, "approve", PLAN, "--by", "erin")[0] == 0
    by = _last_answer(state)["by"]
    assert isinstance(by, dict)
    assert (by["role"], by["channel"]) == ("single user", "command line")
    assert "whoever uses it may do everything" in noctua(state, "whoami")[1]


def test_first_account_is_an_admin_who_may_make_the_next(state: Path) -> None:
    code, _, error = noctua(state, "accounts", "add", "vera", "--role", "viewer")
    assert (code, "first account has to be an admin's" in error) == (2, True)
    assert noctua(state, "accounts", "add", "root", "--role", "admin")[0] == 0
    assert noctua(state, "accounts", "add", "vera", "--role", "viewer")[0] == 0
    assert noctua(state, "whoami")[1] == "root, admin, as os-user\n"
    listed = json.loads(noctua(state, "accounts", "list", "--json")[1])
    assert [(one["id"], one["role"]) for one in listed] == [("root", "admin"), ("vera", "viewer")]


def test_empty_password_makes_nobody_and_shuts_nobody_out(state: Path) -> None:
    add = ("accounts", "add", "ada", "--role", "admin")
    code, _, error = _piped(state, "", *add, "--password")
    assert (code, "has 0 characters" in error) == (2, True)
    assert noctua(state, "accounts", "list", "--json")[1].strip() == "[]"
    assert noctua(state, *add, "--identity", "slack@T0=U1")[0] == 0
    assert noctua(state, "whoami")[1] == "ada, admin, as os-user\n"


@pytest.fixture(scope="session")
def peopled(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory of three people, of whom none is the user of this process."""
    return made_once(tmp_path_factory, "peopled", lambda state: _people(played, state))


def _people(played: Path, state: Path) -> None:
    shutil.copytree(played, state, dirs_exist_ok=True)
    add = ("accounts", "add")
    me = f"os-user={os_identity().subject}"
    assert noctua(state, *add, "root", "--role", "admin", "--os-user")[0] == 0
    for name, role in (("erin", "approver"), ("omar", "operator")):
        said = f"{PASSWORD} {name}\n"
        assert _piped(state, said, *add, name, "--role", role, "--password")[0] == 0
    assert _piped(state, f"{PASSWORD} root\n", "accounts", "password", "root")[0] == 0
    assert noctua(state, "accounts", "change", "root", "--without", me)[0] == 0


@pytest.fixture
def shared(peopled: Path, tmp_path: Path) -> Path:
    """A copy of its own."""
    return Path(shutil.copytree(peopled, tmp_path / "shared"))


def test_a_name_on_the_command_line_is_nobody_once_there_are_accounts(shared: Path) -> None:
    code, _, error = noctua(shared, "approve", PLAN, "--by", "erin")
    assert (code, "--by proves nobody" in error) == (2, True)
    code, _, error = noctua(shared, "take", INCIDENT)
    assert (code, "noctua login" in error) == (2, True)


def _sign_in(state: Path, name: str) -> None:
    code, output, error = _piped(state, f"{PASSWORD} {name}\n", "login", name)
    assert (code, f"signed in as {name}" in output) == (0, True), error


def test_who_has_signed_in_answers_with_identity_role_and_channel(shared: Path, home: Path) -> None:
    _sign_in(shared, "erin")
    assert (home / "noctua" / "logins.json").stat().st_mode & 0o077 == 0
    assert noctua(shared, "approve", PLAN)[0] == 0
    assert _last_answer(shared)["by"] == {
        "name": "erin",
        "provider": "local",
        "subject": "erin",
        "account": "erin",
        "role": "approver",
        "channel": "command line",
    }


def test_operator_takes_an_incident_and_may_not_approve(shared: Path) -> None:
    _sign_in(shared, "omar")
    assert noctua(shared, "take", INCIDENT)[0] == 0
    code, _, error = noctua(shared, "approve", PLAN)
    assert (code, "its role is operator" in error) == (2, True)
    assert noctua(shared, "accounts", "add", "x", "--role", "admin")[0] == 2
    with Journal.open(shared / "journal.sqlite") as journal:
        refused = [x for x in journal.audit_lines() if x.action == "command_refused"]
    assert [(x.actor, x.subject) for x in refused] == [
        ("omar", "approve"),
        ("omar", "accounts add"),
    ]
    assert refused[0].data["why"] == "omar may not approve here: its role is operator; ask an admin"


def test_signing_out_ends_the_sign_in_everywhere(shared: Path, home: Path) -> None:
    _sign_in(shared, "erin")
    kept = (home / "noctua" / "logins.json").read_text()
    assert noctua(shared, "logout")[0] == 0
    (home / "noctua" / "logins.json").write_text(kept)
    code, _, error = noctua(shared, "approve", PLAN)
    assert (code, "was ended" in error) == (2, True)


def test_wrong_password_and_unknown_account_are_told_the_same(shared: Path) -> None:
    told = {_piped(shared, "not at all mine\n", "login", name)[2] for name in ("erin", "nobody")}
    assert told == {"noctua: no account has that name and password\n"}
    with Journal.open(shared / "journal.sqlite") as journal:
        refused = [x for x in journal.audit_lines() if x.action == "command_refused"]
    assert [(x.subject, x.data["rule"]) for x in refused] == [("login", "not_signed_in")] * 2


def test_token_does_what_its_scopes_say_and_no_more(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _sign_in(shared, "erin")
    made = noctua(shared, "accounts", "token", "erin", "--label", "bot", "--scope", "operate")
    assert noctua(shared, "logout")[0] == 0
    monkeypatch.setenv("NOCTUA_TOKEN", made[1].strip())
    assert noctua(shared, "note", INCIDENT, "seen by a program")[0] == 0
    code, _, error = noctua(shared, "approve", PLAN)
    assert (code, "its token is not for that" in error) == (2, True)
    monkeypatch.setenv("NOCTUA_TOKEN", "noctua_wrong")
    wrong = noctua(shared, "whoami")[2]
    assert "the token in NOCTUA_TOKEN is not known here" in wrong
    assert "(noctua accounts token ACCOUNT --label WHAT-FOR)" in wrong
    monkeypatch.setenv("NOCTUA_TOKEN", made[1].strip())
    wider = noctua(shared, "accounts", "token", "erin", "--label", "wider")
    assert (wider[0], "its token is not for that" in wider[2]) == (2, True)


def test_scope_above_the_role_is_refused(shared: Path) -> None:
    _sign_in(shared, "omar")
    token = ("accounts", "token", "omar", "--label", "x", "--scope", "approve")
    code, _, error = noctua(shared, *token)
    assert (code, "does not allow to approve" in error) == (2, True)


def test_only_admin_is_neither_ended_nor_demoted(shared: Path) -> None:
    _sign_in(shared, "root")
    for command in (("end", "root"), ("change", "root", "--role", "viewer")):
        code, _, error = noctua(shared, "accounts", *command)
        assert (code, "only admin" in error) == (2, True)
    assert noctua(shared, "accounts", "end", "omar")[0] == 0


def test_delegate_is_listed_until_it_is_ended(shared: Path) -> None:
    _sign_in(shared, "erin")
    given = noctua(shared, "accounts", "delegate", "omar", "--until", "+8h", "--json")
    made = json.loads(given[1])
    assert (made["giver"], made["to"]) == ("erin", "omar")
    assert noctua(shared, "accounts", "end-delegation", made["id"])[0] == 0
    assert "ended" in noctua(shared, "accounts", "delegations")[1]


def test_delegate_answers_in_the_place_of_who_delegated_and_of_nobody_else(shared: Path) -> None:
    in_place = ("approve", PLAN, "--on-behalf-of", "erin")
    _sign_in(shared, "omar")
    code, _, error = noctua(shared, *in_place)
    assert (code, '"erin" has delegated nothing to "omar" now' in error) == (2, True)
    _sign_in(shared, "erin")
    assert noctua(shared, "accounts", "delegate", "omar", "--until", "+8h")[0] == 0
    _sign_in(shared, "omar")
    assert noctua(shared, "approve", PLAN)[0] == 2
    assert noctua(shared, *in_place)[0] == 0
    by = _last_answer(shared)["by"]
    assert isinstance(by, dict)
    assert (by["account"], by["on_behalf_of"], by["channel"]) == ("omar", "erin", "command line")


def test_nobody_answers_in_the_place_of_another_where_nobody_has_an_account(state: Path) -> None:
    code, _, error = noctua(state, "reject", PLAN, "--on-behalf-of", "erin")
    assert (code, "noctua accounts add" in error) == (2, True)


def test_seeing_a_question_answers_nothing(shared: Path) -> None:
    _sign_in(shared, "erin")
    assert f"{PLAN}: seen by «erin»" in noctua(shared, "acknowledge", INCIDENT)[1]
    assert noctua(shared, "approve", PLAN)[0] == 0


def test_short_passwords_and_odd_ids_are_refused(state: Path) -> None:
    add = ("accounts", "add")
    code, _, error = _piped(state, "short\n", *add, "root", "--role", "admin", "--password")
    assert (code, "has 5 characters" in error) == (2, True)
    for odd in ("Erin Doe", "../x", "noctua", ""):
        assert noctua(state, *add, odd, "--role", "admin")[0] == 2
    assert noctua(state, *add, "root", "--role", "king")[0] == 2
    assert noctua(state, *add, "root", "--role", "admin", "--identity", "x")[0] == 2


def test_reading_needs_no_web_framework() -> None:
    """`noctua show` must not wait for FastAPI or Argon2."""
    code = (
        "import sys; import channels.cli.people, channels.cli.answering; "
        "print([m for m in ('fastapi', 'argon2', 'authlib') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
