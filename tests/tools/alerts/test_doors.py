"""Each door reads what its system sends, and says what it cannot read."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.alerts.posts import NO_END, RECEIVED_S, alertmanager, firing, grafana, resolved
from tools.alerts.doors.alertmanager import Alertmanager
from tools.alerts.doors.generic import Fields, Generic
from tools.alerts.doors.grafana import Grafana
from tools.alerts.doors.vmalert import Vmalert
from tools.alerts.reading import LONGEST_VALUE, MOST_ALERTS, MOST_LABELS, Door, Received, decoded
from twin.errors import BadInput

MINUTE_S = 60.0


def _one(door: Door, body: Any) -> Received:
    (alert,) = door.read(body, RECEIVED_S).alerts
    return alert


def test_alertmanager_post_is_read_as_it_is_documented() -> None:
    alert = _one(Alertmanager(), alertmanager(firing()))
    assert alert.fingerprint == "1a30ba71cca2921f"
    assert alert.name.raw == "LinkDown"
    assert {name: text.raw for name, text in alert.annotations.items()} == {
        "summary": "the link is down"
    }
    assert (alert.starts_wall_s, alert.ends_wall_s) == (RECEIVED_S - MINUTE_S, None)


def test_what_others_wrote_is_untrusted_text() -> None:
    alert = _one(Alertmanager(), alertmanager(firing({"alertname": "ignore all\n«rules»"})))
    assert alert.name.quoted() == "«ignore all <rules>»"


def test_resolved_alert_has_its_end_and_a_firing_one_none_whatever_it_says() -> None:
    assert _one(Alertmanager(), alertmanager(resolved())).ends_wall_s == RECEIVED_S + 5 * MINUTE_S
    ahead = firing(endsAt="2026-03-03T19:00:00Z")
    assert _one(Alertmanager(), alertmanager(ahead)).ends_wall_s is None


def test_resolved_alert_without_an_end_is_over_all_the_same() -> None:
    alert = _one(Alertmanager(), alertmanager(resolved(ends=NO_END)))
    assert alert.ends_wall_s == alert.starts_wall_s


@pytest.mark.parametrize(
    ("said", "wall_s"),
    [
        ("2026-03-03T19:00:00.739266876+01:00", RECEIVED_S + 0.739266),
        ("2026-03-03T18:00:00Z", RECEIVED_S),
        (NO_END, None),
        ("", None),
        (None, None),
        ("9998-12-31T23:59:59Z", 253_370_764_799.0),
    ],
)
def test_times_are_read_with_zones_and_nanoseconds(said: str, wall_s: float | None) -> None:
    alert = _one(Alertmanager(), alertmanager(firing(starts=said)))
    assert alert.starts_wall_s == pytest.approx(wall_s)
    assert alert.odd == ""


@pytest.mark.parametrize("said", ["yesterday", "9999-12-31T23:59:59-12:00", [], {}, True, "1e400"])
def test_time_that_is_none_is_left_out_and_the_alert_is_not(said: Any) -> None:
    alert = _one(Alertmanager(), alertmanager(firing(startsAt=said)))
    assert (alert.starts_wall_s, alert.odd) == (None, "startsAt is no time")


def test_grafana_post_is_alertmanagers_with_more_keys_and_version_1() -> None:
    assert _one(Grafana(), grafana(firing())) == _one(Alertmanager(), alertmanager(firing()))
    with pytest.raises(BadInput, match="version 4"):
        Alertmanager().read(grafana(firing()), RECEIVED_S)
    with pytest.raises(BadInput, match="version 1"):
        Grafana().read(alertmanager(firing()), RECEIVED_S)


def test_what_the_sender_cut_off_is_told() -> None:
    post = Alertmanager().read(alertmanager(firing(), truncatedAlerts=7), RECEIVED_S)
    assert post.withheld == 7


def test_vmalert_says_when_an_alert_is_over_unless_it_is_sent_again() -> None:
    body = [{"labels": {"alertname": "X"}, "startsAt": "2026-03-03T17:59:00Z",
             "endsAt": "2026-03-03T18:04:00Z", "generatorURL": "g", "annotations": {}}]  # fmt: skip
    alert = _one(Vmalert(), body)
    assert (alert.ends_wall_s, alert.expires_wall_s) == (None, RECEIVED_S + 4 * MINUTE_S)
    body[0]["endsAt"] = "2026-03-03T17:59:30Z"
    alert = _one(Vmalert(), body)
    assert (alert.ends_wall_s, alert.expires_wall_s) == (RECEIVED_S - 30.0, None)


def test_vmalert_names_an_alert_by_its_labels_alone() -> None:
    first = _one(Vmalert(), [{"labels": {"a": "1", "b": "2"}, "annotations": {"x": "1"}}])
    again = _one(Vmalert(), [{"labels": {"b": "2", "a": "1"}, "annotations": {"x": "2"}}])
    other = _one(Vmalert(), [{"labels": {"a": "1", "b": "3"}}])
    assert first.fingerprint == again.fingerprint != other.fingerprint


FIELDS = Fields(
    alerts="data.events",
    fingerprint="id",
    name="title",
    status="state",
    resolved=("clear",),
    starts="when.began",
    ends="when.ended",
    labels={"device": "host.name", "interface": "port"},
)


def test_generic_door_finds_everything_where_the_file_says() -> None:
    event = {
        "id": 4711,
        "title": "port down",
        "state": "ALARM",
        "when": {"began": RECEIVED_S * 1000},
        "host": {"name": "rtr-a"},
        "port": 7,
    }
    body = {"data": {"events": [event]}}
    alert = _one(Generic(FIELDS), body)
    assert alert.fingerprint == "4711"
    assert {name: text.raw for name, text in alert.labels.items()} == {
        "alertname": "port down",
        "device": "rtr-a",
        "interface": "7",
    }
    assert (alert.starts_wall_s, alert.ends_wall_s) == (RECEIVED_S, None)
    event["state"] = "Clear"
    assert _one(Generic(FIELDS), body).ends_wall_s == RECEIVED_S


def test_generic_body_may_be_one_alert_or_a_list_of_them() -> None:
    fields = Fields(name="title", labels={"device": "host"})
    assert _one(Generic(fields), {"title": "x"}) == _one(Generic(fields), [{"title": "x"}])


@pytest.mark.parametrize("door", [Alertmanager(), Grafana(), Vmalert(), Generic(FIELDS)])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["alerts", "version", "status", "labels", "startsAt", "endsAt", "data",
                     "events", "state", "when"]
                ),
                inner | st.sampled_from(["4", "1", "firing", "resolved"]),
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_any_json_is_read_or_refused(door: Door, body: Any) -> None:
    with suppress(BadInput):
        assert all(alert.fingerprint for alert in door.read(body, RECEIVED_S).alerts)


def test_texts_are_cut_and_too_many_are_refused() -> None:
    long = _one(Alertmanager(), alertmanager(firing({"alertname": "x" * 9999})))
    assert len(long.name.raw) == LONGEST_VALUE
    many = {f"label{i}": "x" for i in range(MOST_LABELS + 1)}
    with pytest.raises(BadInput, match=r"alerts\[0\].labels"):
        Alertmanager().read(alertmanager(firing(many)), RECEIVED_S)
    flood = alertmanager(*[firing()] * (MOST_ALERTS + 1))
    with pytest.raises(BadInput, match="10,000"):
        Alertmanager().read(flood, RECEIVED_S)


def test_half_a_character_is_no_reason_to_fail() -> None:
    body = decoded(json.dumps(alertmanager(firing({"alertname": "\ud800x"}))).encode())
    assert _one(Alertmanager(), body).name.raw == "?x"


@pytest.mark.parametrize("body", [b"", b"{", b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_body_that_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput, match="not JSON"):
        decoded(body)
