"""What fails at every step is one line in a log."""

import logging

import pytest

from tools.said_once import SaidOnce


def test_same_warning_is_logged_once_and_another_one_too(caplog: pytest.LogCaptureFixture) -> None:
    said = SaidOnce(logging.getLogger("steps"))
    for _ in range(100):
        said.warning("the disk is full")
        said.warning("the journal is gone")
    assert caplog.messages == ["the disk is full", "the journal is gone"]
