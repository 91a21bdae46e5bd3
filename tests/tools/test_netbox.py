"""NetBox over REST: a small server gives the recorded objects page by page, as NetBox does."""

import json
from http.server import BaseHTTPRequestHandler

import pytest

from tests.tools.recorded_netbox import RECORDED, TOKEN, WITH_RECORDS, RecordedNetBox, serving
from tools.netbox import netbox_document
from twin.errors import BadInput
from twin.sources.formats.netbox import NETBOX
from twin.sources.netbox_records import netbox_facts


def test_pages_of_a_server_are_the_same_network_as_the_recorded_lists() -> None:
    recorded = NETBOX.read(RECORDED.read_text(), "netbox")
    with serving(RecordedNetBox) as url:
        text = netbox_document(url, TOKEN)
    assert NETBOX.recognises(text)
    assert NETBOX.read(text, "netbox") == recorded
    assert len(recorded.links) == 3


class WithRecords(RecordedNetBox):
    """One that has power and circuits on record."""

    document = WITH_RECORDS


def test_power_and_circuits_of_a_server_are_the_same_facts_as_its_lists() -> None:
    with serving(WithRecords) as url:
        text = netbox_document(url, TOKEN)
    facts = netbox_facts(text, "netbox")
    assert facts == netbox_facts(WITH_RECORDS.read_text(), "netbox")
    assert {"powered_by", "in_cable", "owned_by"} <= {r.kind for r in facts.relations}


class WithoutPower(WithRecords):
    """One whose token may not view power."""

    hidden = ("power_feeds", "power_ports")


def test_what_the_token_may_not_view_is_left_out() -> None:
    with serving(WithoutPower) as url:
        document = json.loads(netbox_document(url, TOKEN))
    assert "power_feeds" not in document
    kinds = {r.kind for r in netbox_facts(json.dumps(document), "netbox").relations}
    assert "powered_by" not in kinds
    assert "in_cable" in kinds


def test_selection_leaves_devices_out() -> None:
    with serving(RecordedNetBox) as url:
        document = json.loads(netbox_document(url, TOKEN, {"role": ["Router"]}))
    assert [device["name"] for device in document["devices"]] == ["osl-cr1", "bgo-cr1", "trd-cr1"]


def test_refused_token_is_told_what_it_must_be_allowed_to() -> None:
    with serving(RecordedNetBox) as url, pytest.raises(BadInput) as raised:
        netbox_document(url, "wrong")
    assert "set NETBOX_TOKEN" in str(raised.value)


def test_address_where_nothing_answers_is_named() -> None:
    with serving(RecordedNetBox) as url:
        pass
    with pytest.raises(BadInput) as raised:
        netbox_document(url, TOKEN)
    assert url in str(raised.value)
    assert "did not answer" in str(raised.value)


class WebPage(BaseHTTPRequestHandler):
    """A server that is no NetBox."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>hello</html>")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_server_that_is_no_netbox_is_said_to_be_none() -> None:
    with serving(WebPage) as url, pytest.raises(BadInput) as raised:
        netbox_document(url)
    assert "not as NetBox does" in str(raised.value)


def test_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(BadInput) as raised:
        netbox_document("netbox.example.net")
    assert "expected https://netbox.example.net" in str(raised.value)
