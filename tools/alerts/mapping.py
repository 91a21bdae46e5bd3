"""From the labels of an alert to what it says of which part of the network."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tools.alerts.reading import UNMAPPED, Mapped
from tools.alerts.settings import AlertSettings, Rule
from twin.nouns.inventory import Inventory
from twin.nouns.topology import Interface
from twin.nouns.untrusted import UntrustedText


class _Found(NamedTuple):
    """The parts of the network that labels name, "" for none."""

    service: str
    link: str
    egress: str
    node: str

    @property
    def finest(self) -> str:
        return self.service or self.egress or self.link or self.node


class AlertMapping:
    """Maps alerts to the network of `inventory`, by the rules of `settings`.

    The first rule whose labels match and name something that is on record is the one. A claim
    about a part that it does not name, such as the loss of an egress by an alert that names only
    the link, is kept as trouble there.
    """

    def __init__(self, settings: AlertSettings, inventory: Inventory) -> None:
        topology = inventory.topology
        self._rules = [
            (rule, {label: re.compile(p) for label, p in rule.when.items()})
            for rule in settings.every_rule
        ]
        self._topology = topology
        self._aliases = {_folded(name): known for name, known in settings.aliases.items()}
        self._nodes = {_folded(node.id): node.id for node in topology.nodes}
        self._nodes |= {
            _folded(node.management_address): node.id
            for node in topology.nodes
            if node.management_address
        }
        self._links = {_folded(link.id): link.id for link in topology.links}
        self._services = {_folded(service.id): service.id for service in inventory.services}

    def of(self, labels: Mapping[str, UntrustedText]) -> Mapped:
        """What an alert with these labels says, UNMAPPED where no rule knows."""
        given = {name: text.raw for name, text in labels.items()}
        for rule, patterns in self._rules:
            if not all(p.fullmatch(given.get(label, "")) for label, p in patterns.items()):
                continue
            found = self._found(rule, given)
            if mapped := _said(rule, found):
                return mapped
        return UNMAPPED

    def _found(self, rule: Rule, given: Mapping[str, str]) -> _Found:
        node = self._named(self._nodes, _first(rule.device, given))
        link = self._named(self._links, _first(rule.link, given))
        port = _first(rule.interface, given)
        egress = ""
        if node and not link:
            link = self._link_at(node, port)
        if link and node:
            ends = self._topology.link(link)
            egress = str(Interface(node=node, link=link)) if node in (ends.a, ends.b) else ""
        service = self._named(self._services, _first(rule.service, given))
        return _Found(service=service, link=link, egress=egress, node=node)

    def _link_at(self, node: str, port: str) -> str:
        """The link of the interface `port` of `node`: by its id, its other end, or an alias."""
        known = self._aliases.get(_folded(str(Interface(node=node, link=port))), port)
        if link := self._named(self._links, known):
            return link
        other = self._named(self._nodes, known)
        joined = [x.id for x in self._topology.links_at(node) if other in {x.a, x.b} - {node}]
        return joined[0] if len(joined) == 1 else ""

    def _named(self, known: Mapping[str, str], text: str) -> str:
        """What `text` names: an id of ours, an alias, or either before a port or a domain."""
        for name in _spellings(text):
            if found := known.get(_folded(self._aliases.get(name, name))):
                return found
        return ""


def _said(rule: Rule, found: _Found) -> Mapped | None:
    """What is said of what was found; as mere trouble where the rule claims it of another part."""
    if not found.finest:
        return None
    match rule.claims:
        case "adjacency_down" | "late_link":
            named = found.link
        case "silent_loss" | "queue_drops":
            named = found.egress
        case "configuration_change" | "traffic_surge":
            named = found.node
        case "service_breach":
            named = found.service
        case "trouble":
            named = found.finest
    if named:
        return Mapped(rule.name, rule.claims, named)
    return Mapped(rule.name, "trouble", found.finest)


def _first(names: Iterable[str], given: Mapping[str, str]) -> str:
    return next((given[name] for name in names if given.get(name)), "")


def _folded(text: str) -> str:
    return text.strip().casefold()


def _spellings(text: str) -> Iterable[str]:
    """`text`, without its port, and without its domain as well."""
    name = _folded(text)
    host = re.sub(r":\d{1,5}$", "", name)
    return dict.fromkeys((name, host, host.partition(".")[0]))
