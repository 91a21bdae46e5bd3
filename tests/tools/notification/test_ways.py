"""A notice is taken by a real command or a real receiver, or it is not, and says why."""

import base64
import json
import os
import sys
from pathlib import Path

import pytest

from tests.tools.notification.receiver import receiving
from tools.journal.records import Notice
from tools.notification.ways import Command, NotTaken, Post, Webhook, signed_headers

NOTICE = Notice(
    id="msg_1",
    incident_id="live-0001",
    event="escalated",
    body='{"id":"msg_1","data":{"title":"$(touch owned); `touch owned`"}}',
    written_wall_s=0.0,
    attempts=0,
    due_wall_s=0.0,
    trouble="",
)

KEY = bytes(range(32))


def test_signature_is_that_of_standard_webhooks() -> None:
    """The vector is of libraries/go/webhook_symmetric_test.go of the reference libraries."""
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_receiver_gets_the_body_as_it_was_signed() -> None:
    with receiving() as receiver:
        Webhook(Post(receiver.address, 10.0), KEY).send(NOTICE)
    ((headers, body),) = receiver.posts
    assert body == NOTICE.body.encode()
    sent_s = int(headers["webhook-timestamp"])
    expected = signed_headers(KEY, NOTICE.id, sent_s, body)
    assert {name: headers[name] for name in expected} == expected
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [302, 400, 410, 500])
def test_every_status_but_2xx_is_a_refusal_and_redirects_are_not_followed(status: int) -> None:
    with receiving() as receiver:
        receiver.statuses = [status]
        with pytest.raises(NotTaken, match=str(status)):
            Webhook(Post(receiver.address, 10.0), KEY).send(NOTICE)
        assert len(receiver.posts) == 1


def test_receiver_that_does_not_answer_or_listen_has_not_taken_it() -> None:
    with receiving() as receiver:
        receiver.hangs_s = 0.5
        with pytest.raises(NotTaken, match=r"not answered after|timed out"):
            Webhook(Post(receiver.address, 0.05), KEY).send(NOTICE)
    with pytest.raises(NotTaken, match="not reached"):
        Webhook(Post(receiver.address, 10.0), KEY).send(NOTICE)


def _python(folder: Path, script: str, timeout_s: float = 60.0) -> Command:
    return Command([sys.executable, "-c", script], folder, {}, timeout_s)


def test_command_gets_the_notice_as_json_and_its_id_in_the_environment(tmp_path: Path) -> None:
    script = (
        "import json, os, sys; told = json.load(sys.stdin); "
        "told['env'] = [os.environ[k] for k in "
        "('NOCTUA_EVENT', 'NOCTUA_EVENT_ID', 'NOCTUA_INCIDENT')]; "
        "json.dump(told, open('told.json', 'w'))"
    )
    _python(tmp_path, script).send(NOTICE)
    told = json.loads((tmp_path / "told.json").read_text("utf-8"))
    assert told == json.loads(NOTICE.body) | {"env": ["escalated", "msg_1", "live-0001"]}
    assert not (tmp_path / "owned").exists()


def test_command_that_fails_says_how(tmp_path: Path) -> None:
    with pytest.raises(NotTaken, match="ended with 3: no modem"):
        _python(tmp_path, "import sys; print('no modem', file=sys.stderr); sys.exit(3)").send(
            NOTICE
        )
    with pytest.raises(NotTaken, match="No such file"):
        Command(["/nowhere/page"], tmp_path, {}, 60.0).send(NOTICE)


def test_command_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    """Whoever holds the other end of the pipe sees it close when the last of them has gone."""
    fifo = tmp_path / "alive"
    hanging = Command(["sh", "-c", f"sleep 600 > {fifo} & wait"], tmp_path, {}, 0.3)
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(NotTaken, match="not ended after"):
            hanging.send(NOTICE)
        os.set_blocking(reader, True)
        assert os.read(reader, 1) == b""
    finally:
        os.close(reader)


def test_command_that_leaves_something_running_has_taken_it(tmp_path: Path) -> None:
    Command(["sh", "-c", "sleep 2 & exit 0"], tmp_path, {}, 60.0).send(NOTICE)
