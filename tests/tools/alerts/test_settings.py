"""alerts.yaml is read strictly, and no door is open to everybody."""

import hashlib
import hmac
from pathlib import Path

import pytest

from tools.alerts.authenticity import NotAuthentic
from tools.alerts.receiving import require_door
from tools.alerts.settings import AlertSettings, load_alert_settings
from twin.errors import BadInput

GOOD = """
doors:
  prometheus: {reads: alertmanager, token_env: PROM_TOKEN}
  grafana: {reads: grafana, hmac_env: GRAFANA_KEY, timestamp_header: X-Time}
  plain: {reads: grafana, hmac_env: GRAFANA_KEY}
  nms: {reads: generic, token_env: NMS_TOKEN, fields: {name: title, labels: {device: host}}}
rules:
  - {name: link-down, when: {alertname: LinkDown}, claims: adjacency_down, link: [link]}
aliases: {rtr-1: A}
"""
ENVIRON = {"PROM_TOKEN": "t" * 16, "GRAFANA_KEY": "k" * 32}
NOW_S = 1_772_560_800.0
BODY = b'{"alerts": []}'


def _load(folder: Path, text: str) -> AlertSettings:
    file = folder / "alerts.yaml"
    file.write_text(text, encoding="utf-8")
    return load_alert_settings(file)


def test_where_there_is_no_file_there_are_no_doors(tmp_path: Path) -> None:
    assert load_alert_settings(tmp_path / "alerts.yaml").doors == {}


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("doors: {x: {reads: alertmanager}}", "needs either token_env or hmac_env"),
        ("doors: {x: {reads: alertmanger, token_env: T}}", 'did you mean "alertmanager"'),
        ("doors: {x: {reads: alertmanager, token_env: s3cret-itself}}", "never the secret itself"),
        ("doors: {x: {reads: generic, token_env: T}}", "needs fields"),
        ("doors: {x: {reads: grafana, token_env: T, fields: {}}}", "no other, needs fields"),
        ("doors: {'a/b': {reads: grafana, token_env: T}}", "doors.a/b"),
        ("rules: [{name: a, claims: broken}]", "rules.0.claims"),
        ("rules: [{name: a, when: {x: '('}}]", "is no pattern"),
        ("rules: [{name: a}, {name: a}]", 'two rules are called "a"'),
        ("rules: [{name: any}]", 'two rules are called "any"'),
        ("rules: [{name: a, false_rate: 0}]", "rules.0.false_rate"),
        ("ruels: []", "no key that is known"),
        ("[]", "the file"),
    ],
)
def test_wrong_file_is_refused_with_the_key(tmp_path: Path, written: str, complaint: str) -> None:
    with pytest.raises(BadInput) as refused:
        _load(tmp_path, written)
    assert complaint in str(refused.value)
    assert "s3cret" not in str(refused.value)


def _enter(settings: AlertSettings, door: str, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    require_door(settings, door, named, BODY, NOW_S, ENVIRON)


def test_door_with_a_token_lets_in_who_has_it_and_nobody_else(tmp_path: Path) -> None:
    settings = _load(tmp_path, GOOD)
    _enter(settings, "prometheus", authorization=f"Bearer {'t' * 16}")
    for wrong in ("", "t" * 16, f"Basic {'t' * 16}", f"Bearer {'t' * 15}", "Bearer é"):
        with pytest.raises(NotAuthentic):
            _enter(settings, "prometheus", authorization=wrong)
    with pytest.raises(NotAuthentic):
        _enter(settings, "nowhere", authorization=f"Bearer {'t' * 16}")


def _signed(content: bytes) -> str:
    return hmac.new(b"k" * 32, content, hashlib.sha256).hexdigest()


def test_door_with_a_signature_lets_in_what_was_signed_as_it_is(tmp_path: Path) -> None:
    settings = _load(tmp_path, GOOD)
    _enter(settings, "plain", x_grafana_alerting_signature=_signed(BODY))
    for wrong in ("", _signed(BODY + b" "), _signed(BODY)[:-1]):
        with pytest.raises(NotAuthentic):
            _enter(settings, "plain", x_grafana_alerting_signature=wrong)


def test_signed_time_makes_an_old_post_worthless(tmp_path: Path) -> None:
    settings, name = _load(tmp_path, GOOD), "x_grafana_alerting_signature"
    at = f"{NOW_S:.0f}"
    _enter(settings, "grafana", x_time=at, **{name: _signed(at.encode() + b":" + BODY)})
    for when in (f"{NOW_S - 301:.0f}", f"{NOW_S + 301:.0f}", "", "-1", "1e9", "²"):
        signature = _signed(when.encode() + b":" + BODY)
        with pytest.raises(NotAuthentic):
            _enter(settings, "grafana", x_time=when, **{name: signature})
    with pytest.raises(NotAuthentic):
        _enter(settings, "grafana", **{name: _signed(BODY)})


def test_secret_that_is_missing_or_short_opens_no_door(tmp_path: Path) -> None:
    settings = _load(tmp_path, GOOD)
    for secret in ({}, {"NMS_TOKEN": "short"}):
        with pytest.raises(BadInput, match="NMS_TOKEN") as refused:
            require_door(settings, "nms", {"authorization": "Bearer "}, BODY, NOW_S, secret)
        assert "short" not in str(refused.value).replace("too short", "")
