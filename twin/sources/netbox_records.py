"""What NetBox has on record beside devices and links: power, leased circuits, tenants, as facts.

    {"power_panels": [...], "power_feeds": [...], "power_ports": [...], "power_outlets": [...],
     "circuits": [...], "circuit_terminations": [...]}

beside what `twin/sources/formats/netbox.py` reads; the lists are the `results` of
/api/dcim/power-panels/ and so on, and of /api/circuits/. Any of them may be missing. What is
planned or given up does not count.

A device needs any of the feeds that its power ports are traced to, through power distribution
units, which are no things of their own. A link needs each circuit that an interface of it is cabled
to; a bundle whose members all have one needs any of them.

Source: https://netboxlabs.com/docs/netbox/models/dcim/powerfeed/ (and what a feed delivers),
https://netboxlabs.com/docs/netbox/models/circuits/circuittermination/
"""

from collections.abc import Iterable, Iterator
from math import sqrt

from twin.errors import BadTopology
from twin.knowledge.facts import Facts, Properties, Provenance, Relation, Thing, ThingKey
from twin.sources.formats.netbox import (
    Record,
    Traced,
    by_id,
    field_of,
    list_of,
    related_id,
    traced_in,
    word_of,
)
from twin.sources.formats.quantities import number

NETBOX_SOURCE = "netbox"
"""The source of these facts."""

_NOT_IN_USE = {"planned", "provisioning", "deprovisioning", "decommissioned"}
"""Values of `status` of feeds and circuits."""


def netbox_facts(text: str, name: str, recorded_s: float = 0.0) -> Facts:
    """What the document says beside its network. `name`: how errors call it.

    Things that the network's inventory has (devices, links) are named and not said anew.

    Raises:
        BadTopology: not JSON, or not what the API gives; the text names the record and the field.
    """
    records = _Records(traced_in(text, name), name)
    said = Provenance(NETBOX_SOURCE, recorded_s)
    relations = [
        Relation(kind, source, target, properties=properties, provenance=said)
        for kind, source, target, properties in records.relations()
    ]
    known = {end for r in relations for end in (r.source, r.target)}
    own = {key: properties for key, properties in records.things() if key in known}
    named: dict[ThingKey, Properties] = {key: {} for key in known if key[0] in ("site", "owner")}
    things = [Thing(*key, p, said) for key, p in {**named, **own}.items()]
    return Facts.of(things, relations)


_Related = tuple[str, ThingKey, ThingKey, Properties]


class _Records:
    """The lists of one document, by NetBox' ids."""

    def __init__(self, traced: Traced, name: str) -> None:
        self._traced, self._name = traced, name
        self._sites = self._list("sites")
        self._devices = self._list("devices")
        self._panels = self._list("power_panels")
        self._feeds = self._in_use("power_feeds")
        self._ports = self._list("power_ports")
        self._outlets = self._list("power_outlets")
        self._circuits = self._in_use("circuits")
        self._terminations = self._list("circuit_terminations")

    def _list(self, key: str) -> dict[str, Record]:
        document = self._traced.document
        return by_id(document, key, self._name) if key in document else {}

    def _in_use(self, key: str) -> dict[str, Record]:
        found = self._list(key).items()
        return {k: r for k, r in found if word_of(r.get("status"), "value") not in _NOT_IN_USE}

    def things(self) -> Iterator[tuple[ThingKey, Properties]]:
        """Panels, feeds and circuits."""
        for key in self._panels:
            yield self._panel(key), {}
        for key, feed in self._feeds.items():
            yield self._feed(key), self._power_w(key, feed)
        for key, circuit in self._circuits.items():
            provider = word_of(circuit.get("provider"), "name")
            yield self._circuit(key), {"contractor": provider} if provider else {}

    def relations(self) -> Iterator[_Related]:
        """All of them."""
        yield from self._places()
        yield from self._power()
        yield from self._leased()
        yield from self._tenants()

    def _places(self) -> Iterator[_Related]:
        for key, node in self._traced.devices.items():
            if site := word_of(self._devices[key].get("site"), "name"):
                yield "located_at", ("device", node), ("site", site), {}
        for key in self._panels:
            yield "located_at", self._panel(key), ("site", self._site_of(key)), {}

    def _power(self) -> Iterator[_Related]:
        for key, feed in self._feeds.items():
            yield "fed_by", self._feed(key), self._panel(self._panel_of(key, feed)), {}
        for key, port in self._ports.items():
            device = related_id(port, "device", f"power port {key}", self._name)
            if device in self._traced.devices:
                node = ("device", self._traced.devices[device])
                for feed_key in sorted(self._feeds_of(key, frozenset())):
                    yield "powered_by", node, self._feed(feed_key), {}

    def _feeds_of(self, port: str, above: frozenset[str]) -> set[str]:
        """The feeds at the end of a power port's trace, through the outlets of other devices."""
        record = self._ports.get(port)
        if record is None or port in above or not record.get("connected_endpoints"):
            return set()
        where = f"power port {port}"
        ends = list_of(record, "connected_endpoints", where, self._name)
        found = set()
        for end in ends:
            key = related_id({"end": end}, "end", where, self._name)
            match record.get("connected_endpoints_type"):
                case "dcim.powerfeed" if key in self._feeds:
                    found.add(key)
                case "dcim.poweroutlet" if key in self._outlets:
                    inlet = field_of(self._outlets[key].get("power_port"), "id")
                    found |= self._feeds_of(str(inlet), above | {port})
        return found

    def _leased(self) -> Iterator[_Related]:
        of_interface: dict[str, set[str]] = {}
        for key, end in self._terminations.items():
            where = f"circuit termination {key}"
            circuit = related_id(end, "circuit", where, self._name)
            if circuit in self._circuits and end.get("link_peers_type") == "dcim.interface":
                for peer in list_of(end, "link_peers", where, self._name):
                    interface = related_id({"peer": peer}, "peer", where, self._name)
                    of_interface.setdefault(interface, set()).add(circuit)
        for link, pairs in self._traced.circuits.items():
            on = [{c for one in pair for c in of_interface.get(one, ())} for pair in pairs]
            if len(pairs) > 1 and not all(on):
                # A bundle goes on over the members that are on nothing that is leased.
                continue
            alternatives: Properties = {"k": 1} if len(pairs) > 1 else {}
            for circuit in sorted(set().union(*on)):
                yield "in_cable", ("link", link), self._circuit(circuit), alternatives

    def _tenants(self) -> Iterator[_Related]:
        yield from self._owned(
            (("device", node), self._devices[key]) for key, node in self._traced.devices.items()
        )
        here = {site for _, _, (kind, site), _ in self._places() if kind == "site"}
        sites = ((("site", word_of(r, "name")), r) for r in self._sites.values())
        yield from self._owned((key, r) for key, r in sites if key[1] in here)
        yield from self._owned((self._feed(key), r) for key, r in self._feeds.items())
        for key, circuit in self._circuits.items():
            for of in ("tenant", "provider"):
                if owner := word_of(circuit.get(of), "name"):
                    yield "owned_by", self._circuit(key), ("owner", owner), {}
                    break

    def _owned(self, records: Iterable[tuple[ThingKey, Record]]) -> Iterator[_Related]:
        for key, record in records:
            if tenant := word_of(record.get("tenant"), "name"):
                yield "owned_by", key, ("owner", tenant), {}

    def _site_of(self, panel: str) -> str:
        return self._named(self._panels[panel].get("site"), f"site of power panel {panel}")

    def _panel(self, key: str) -> ThingKey:
        name = self._named(self._panels[key], f"power panel {key}")
        return "power_panel", f"{self._site_of(key)}/{name}"

    def _panel_of(self, key: str, feed: Record) -> str:
        panel = related_id(feed, "power_panel", f"power feed {key}", self._name)
        if panel not in self._panels:
            raise BadTopology(
                f"{self._name}: power feed {key} draws from power panel {panel}, which is not in "
                'the list "power_panels"'
            )
        return panel

    def _feed(self, key: str) -> ThingKey:
        feed = self._feeds[key]
        name = self._named(feed, f"power feed {key}")
        return "power_feed", f"{self._panel(self._panel_of(key, feed))[1]}/{name}"

    def _circuit(self, key: str) -> ThingKey:
        circuit = self._circuits[key]
        provider = self._named(circuit.get("provider"), f"provider of circuit {key}")
        cid = self._named(circuit, f"circuit {key}", "cid")
        return "circuit", f"{provider}/{cid}"

    def _power_w(self, key: str, feed: Record) -> Properties:
        given = [feed.get(part) for part in ("voltage", "amperage", "max_utilization")]
        if any(part is None for part in given):
            return {}
        volts, amperes, percent = (number(p, f"power feed {key}", self._name) for p in given)
        is_three = word_of(feed.get("phase"), "value") == "three-phase"
        return {"power_w": abs(volts) * amperes * percent / 100 * (sqrt(3) if is_three else 1.0)}

    def _named(self, record: object, what: str, key: str = "name") -> str:
        if name := word_of(record, key):
            return name
        raise BadTopology(f'{self._name}: {what} has no "{key}"')
