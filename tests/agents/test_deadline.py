"""Calls that end, calls that do not, and what they leave behind."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from agents.loop.deadline import (
    MOST_LEFT_BEHIND,
    CallRaised,
    DeadlineMissed,
    TooManyLeftBehind,
    within,
)


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Set only once the test is over."""
    event = threading.Event()
    yield event
    event.set()
    for thread in threading.enumerate():
        if thread.name == "mind":
            thread.join(10.0)


def test_result_comes_back() -> None:
    assert within(10.0, lambda: 7) == 7


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()])
def test_whatever_the_call_raised_is_told_and_ends_nothing_else(error: BaseException) -> None:
    def raises() -> object:
        raise error

    with pytest.raises(CallRaised) as raised:
        within(10.0, raises)
    assert raised.value.error is error


def test_late_call_is_left_behind(never: threading.Event) -> None:
    with pytest.raises(DeadlineMissed):
        within(0.05, lambda: never.wait(60.0))


def test_calls_that_never_end_do_not_pile_up(never: threading.Event) -> None:
    for _ in range(MOST_LEFT_BEHIND):
        with pytest.raises(DeadlineMissed):
            within(0.001, lambda: never.wait(60.0))
    begun: list[int] = []
    with pytest.raises(CallRaised) as raised:
        within(10.0, lambda: begun.append(1))
    assert isinstance(raised.value.error, TooManyLeftBehind)
    assert begun == []
    never.set()
    for thread in threading.enumerate():
        if thread.name == "mind":
            thread.join(10.0)
    assert within(10.0, lambda: 7) == 7


def test_process_ends_though_a_call_has_not() -> None:
    script = (
        "import time\n"
        "from agents.loop.deadline import DeadlineMissed, within\n"
        "try:\n"
        "    within(0.05, lambda: time.sleep(3600))\n"
        "except DeadlineMissed:\n"
        "    print('went on')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout == "went on\n"
