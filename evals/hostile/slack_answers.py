"""Answers through Slack by whoever may not give them: how many had an effect, and what held them.

    python -m evals.hostile.slack_answers --attempts 2000

Exits with 1 where an attempt had an effect that nobody was entitled to, or where a control that is
switched off was not missed.
"""

import sys
import time
from collections.abc import Sequence
from random import Random

from slack_sdk.signature import SignatureVerifier

from channels.slack import http as slack_http
from evals.chat.chats import SLACK
from evals.chat.slack_workspace import SlackWorkspace, form_of
from evals.hostile.chat_answers import play_and_tell
from evals.hostile.chat_attacks import Attack, Controls
from evals.hostile.chat_scene import World

InSlack = World[SlackWorkspace]


def _made_up(world: InSlack, random: Random) -> None:
    body = form_of(world.press(random, "erin"))
    made = {"x-slack-signature": f"v0={random.getrandbits(256):064x}"}
    world.chat.send(body, world.chat.signed(body, is_form=True) | made)


def _of_another_body(world: InSlack, random: Random) -> None:
    body = form_of(world.press(random, "vera"))
    erin, vera = (world.chat.person(name).id.encode() for name in ("erin", "vera"))
    world.chat.send(body.replace(vera, erin), world.chat.signed(body, is_form=True))


def _strange_time(world: InSlack, random: Random) -> None:
    body = form_of(world.press(random, "erin"))
    said = random.choice(["NaN", "inf", "-1", "", "1e9", "٣٣", " 17", "9" * 400])
    strange = {"x-slack-request-timestamp": said.encode("utf-8").decode("latin-1")}
    world.chat.send(body, world.chat.signed(body, is_form=True) | strange)


def _old(world: InSlack, random: Random) -> None:
    body = form_of(world.press(random, "erin"))
    at_s = time.time() + random.choice((-1, 1)) * random.uniform(301.0, 10 * 86_400.0)
    world.chat.send(body, world.chat.signed(body, is_form=True, at_s=at_s))


def _misplaced(world: InSlack, random: Random) -> None:
    click, head = world.press(random, "erin"), world.chat.marked(world.head)[0]["ts"]
    click["container"]["message_ts"] = random.choice([head, "1.0", ""])
    world.chat.deliver(click)


ATTACKS: tuple[Attack[SlackWorkspace], ...] = (
    Attack("a signature made up", "forged", _made_up, ("signature",)),
    Attack("the signature of another body", "forged", _of_another_body, ("signature",)),
    Attack("a timestamp that is no number", "forged", _strange_time, ("form", "signature")),
    Attack("signed long ago or ahead", "late", _old, ("time",)),
    Attack("a button of another message", "misplaced", _misplaced, ("card",)),
)


def _at_any_time(self: SignatureVerifier, body: bytes, timestamp: str, signature: str) -> bool:
    return self.generate_signature(timestamp=timestamp, body=body) == signature


OFF: Controls = {
    "form": ((slack_http, "has_signed_form", lambda *_: True),),
    "signature": ((SignatureVerifier, "is_valid", lambda *_, **__: True),),
    "time": ((SignatureVerifier, "is_valid", _at_any_time),),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Play, and print what came of it."""
    return play_and_tell(__doc__, SLACK, ATTACKS, OFF, arguments)


if __name__ == "__main__":
    sys.exit(main())
