"""Answers in words: for each intent what is looked up, and what is said of it.

Every figure that is said comes from a result that was looked up.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agents.playbook.grammar import Reading
from agents.playbook.looking_up import Asked, Decline

_MOST_NAMED = 12
"""Names that a sentence lists; the rest is counted."""

_BUSIEST = 5
_WORST = 5


def examples(asked: Asked) -> str:
    network = asked.look_up("show_network")
    node, link = network["node_names"][0], network["link_names"][0]
    return (
        f"I can answer, for example: «What links does {node} have?», «How busy is {link}?», "
        f"«What happens to VoIP if {link} fails at the peak hour?», «Is the network healthy?», "
        "«What was the root cause of the last incident?», «Why did you not drain it?»"
    )


# Saying: what is built ---------------------------------------------------------------------------


def _node_links(asked: Asked, reading: Reading) -> str:
    node = asked.look_up("show_node", node=reading.slots["node"])
    links = [f"{x['link']} ({_rate(x['capacity_bps'])})" for x in node["links"]]
    return f"{node['node']} has {_count(node['link_count'], 'link')}: {_joined(links)}."


def _neighbours(asked: Asked, reading: Reading) -> str:
    node = asked.look_up("show_node", node=reading.slots["node"])
    return f"The neighbours of {node['node']} are {_joined(node['neighbours'])}."


def _adjacent(asked: Asked, reading: Reading) -> str:
    node, other = reading.slots["node"], reading.slots["node2"]
    shown = asked.look_up("show_node", node=node)
    links = [x["link"] for x in shown["links"] if x["to"] == other]
    if links:
        return f"Yes: {_joined(links)} joins {node} and {other}."
    return f"No: the links of {node} go to {_joined(shown['neighbours'])}."


def _capacity(asked: Asked, reading: Reading) -> str:
    link = asked.look_up("show_link", link=reading.slots["link"])
    return (
        f"{link['link']} has {_rate(link['capacity_bps'])} each way, in "
        f"{_count(link['members'], 'member')}."
    )


def _length(asked: Asked, reading: Reading) -> str:
    link = asked.look_up("show_link", link=reading.slots["link"])
    return (
        f"{link['link']} is {link['length_km']:.1f} km long, which takes "
        f"{_milliseconds(link['propagation_s'])} one way."
    )


def _weight(asked: Asked, reading: Reading) -> str:
    link = asked.look_up("show_link", link=reading.slots["link"])
    weights = [f"{weight} from {end}" for end, weight in link["igp_weights"].items()]
    drained = " It is drained, so both ends advertise the maximum." if link["drained"] else ""
    return f"The IGP weight of {link['link']} is {_joined(weights)}.{drained}"


def _risk(asked: Asked, reading: Reading) -> str:
    link = asked.look_up("show_link", link=reading.slots["link"])
    if not link["shares_duct_with"]:
        return f"No other link on record shares a duct with {link['link']}."
    groups = [g["group"] for g in link["shared_risk_groups"]]
    return (
        f"{link['link']} shares a duct with {_joined(link['shares_duct_with'])} "
        f"({_joined(groups)})."
    )


def _path(asked: Asked, reading: Reading) -> str:
    source, target = reading.slots["node"], reading.slots["node2"]
    path = asked.look_up("show_path", source=source, target=target)
    if not path["reachable"]:
        return f"There is no way from {source} to {target} now."
    ways = [
        f"{' → '.join(way['nodes'])} ({_milliseconds(way['propagation_s'])}, "
        f"{way['length_km']:.1f} km)"
        for way in path["ways"]
    ]
    if len(ways) == 1:
        return f"Traffic from {source} to {target} takes {ways[0]}."
    return (
        f"Traffic from {source} to {target} is split over {path['way_count']} ways of equal cost: "
        f"{_joined(ways)}."
    )


def _list_services(asked: Asked, **wanted: str) -> dict[str, Any]:
    open_ = {"service": "", "customer": "", "node": "", "over_link": "", "traffic_class": ""}
    return asked.look_up("list_services", **(open_ | wanted))


def _service(asked: Asked, reading: Reading) -> str:
    shown = _list_services(asked, service=reading.slots["service"])["services"][0]
    pairs = [f"{a} to {b}" for a, b in shown["pairs"]]
    promised = shown["promised"]
    terms = []
    if promised["loss"] is not None:
        terms.append(f"loss of at most {100 * promised['loss']:g} %")
    if promised["delay_s"] is not None:
        terms.append(f"delay of at most {_milliseconds(promised['delay_s'])}")
    terms.append(f"availability of {100 * promised['availability']:g} %")
    return (
        f"{shown['service']} is bought by {shown['customer']}: {_class(shown['traffic_class'])} "
        f"from {_joined(pairs)}. Promised: {_joined(terms)}."
    )


def _service_names(found: Mapping[str, Any]) -> str:
    named = [
        f"{s['service']} ({s['customer']}, {_class(s['traffic_class'])})" for s in found["services"]
    ]
    return _joined(named, most=40)


def _services_of(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, customer=reading.slots["customer"])
    return (
        f"{reading.slots['customer']} has {_count(found['count'], 'service')}: "
        f"{_service_names(found)}."
    )


def _services_at(asked: Asked, reading: Reading) -> str:
    found = _list_services(asked, node=reading.slots["node"])
    if not found["count"]:
        return f"No service ends at {reading.slots['node']}."
    return (
        f"{_count(found['count'], 'service')} end at {reading.slots['node']}: "
        f"{_service_names(found)}."
    )


def _services_over(asked: Asked, reading: Reading) -> str:
    link, cls = reading.slots["link"], reading.slots.get("class", "")
    found = _list_services(asked, over_link=link, traffic_class=cls)
    kind = f"{_class(cls)} service" if cls else "service"
    if not found["count"]:
        return f"No {kind} uses {link} as traffic is routed now."
    return (
        f"{_count(found['count'], kind)} may use {link} as traffic is routed now: "
        f"{_service_names(found)}."
    )


_SIZES = {
    "node": ("nodes", "node"),
    "link": ("links", "link"),
    "service": ("services", "service"),
    "customer": ("customers", "customer"),
    "risk": ("shared_risk_groups", "shared-risk group"),
}


def _size(asked: Asked, reading: Reading) -> str:
    network = asked.look_up("show_network")
    chosen = [reading.slots["what"]] if "what" in reading.slots else ["node", "link", "service"]
    counts = [_count(network[_SIZES[x][0]], _SIZES[x][1]) for x in chosen]
    return f"{network['network']} has {_joined(counts)}."


# Saying: what is the matter now ------------------------------------------------------------------


def _health(asked: Asked, _: Reading) -> str:
    now = asked.look_up("show_health")
    if now["healthy"]:
        return f"Yes: nothing is wrong. {_aged(now)}"
    parts = []
    if now["links_down"]:
        parts.append(f"down: {_joined(now['links_down'])}")
    if now["symptoms"]:
        parts.append(f"symptoms: {_joined(_symptom_names(now))}")
    if now["services_in_breach"]:
        parts.append(f"services in breach: {_joined(_breach_names(now))}")
    if now["open_incidents"]:
        named = [f"{i['incident']} ({_phase(i['phase'])})" for i in now["open_incidents"]]
        parts.append(f"open incidents: {_joined(named)}")
    return f"Not everything is well. {_begun('; '.join(parts))}. {_aged(now)}"


def _down(asked: Asked, _: Reading) -> str:
    now = asked.look_up("show_health")
    if not now["links_down"]:
        return f"No link is down. {_aged(now)}"
    count = _count(now["links_down_count"], "link")
    verb = "is" if now["links_down_count"] == 1 else "are"
    return f"{count} {verb} down: {_joined(now['links_down'])}. {_aged(now)}"


def _link_up(asked: Asked, reading: Reading) -> str:
    now = asked.look_up("show_health")
    link = asked.look_up("show_link", link=reading.slots["link"])
    drained = ", and drained" if link["drained"] else ""
    return f"{link['link']} is {'up' if link['up'] else 'down'}{drained}. {_aged(now)}"


def _drained(asked: Asked, reading: Reading) -> str:
    now = asked.look_up("show_health")
    if "link" in reading.slots:
        link = reading.slots["link"]
        word = "is" if link in now["links_drained"] else "is not"
        return f"{link} {word} drained. {_aged(now)}"
    if not now["links_drained"]:
        return f"No link is drained. {_aged(now)}"
    return f"Drained: {_joined(now['links_drained'])}. {_aged(now)}"


def _busiest(asked: Asked, reading: Reading) -> str:
    most = int(reading.slots.get("number", _BUSIEST))
    if not 1 <= most <= 20:
        raise Decline("I list the busiest twenty at most.")
    now = asked.look_up("show_utilisation", links=[], most=most)
    if not now["egresses"]:
        return f"No egress has been read yet. {_aged(now)}"
    return f"The busiest egresses: {_joined(_egresses(now['egresses']), 20)}. {_aged(now)}"


def _utilisation(asked: Asked, reading: Reading) -> str:
    link = reading.slots["link"]
    now = asked.look_up("show_utilisation", links=[link], most=1)
    read = [e for e in now["egresses"] if e["utilisation"] is not None]
    if not read:
        return f"The egresses of {link} have not been read yet. {_aged(now)}"
    said = [
        f"{_percent(e['utilisation'])} from {e['node']} to {e['to']} ({_rate(e['sent_bps'])} of "
        f"{_rate(e['capacity_bps'])}, read at {e['read_utc']})"
        for e in read
    ]
    return f"{link} is loaded to {_joined(said)}. {_aged(now)}"


def _breach(asked: Asked, reading: Reading) -> str:
    now = asked.look_up("show_health")
    if not now["services_probed"]:
        return f"No probe has reported yet, so nothing is known of services. {_aged(now)}"
    cls = reading.slots.get("class", "")
    rows = [s for s in now["services_in_breach"] if not cls or s["traffic_class"] == cls]
    kind = f"{_class(cls)} service" if cls else "service"
    if not rows:
        return f"No {kind} is in breach, as far as probes show. {_aged(now)}"
    named = [f"{s['service']} ({s['customer']}, {_class(s['traffic_class'])})" for s in rows]
    return f"In breach, as far as probes show: {_joined(named, 40)}. {_aged(now)}"


def _served(asked: Asked, reading: Reading) -> str:
    now = asked.look_up("show_health")
    if not now["services_probed"]:
        return f"No probe has reported yet, so nothing is known of services. {_aged(now)}"
    service, customer = reading.slots.get("service", ""), reading.slots.get("customer", "")
    hit = [
        s["service"]
        for s in now["services_in_breach"]
        if s["service"] == service or s["customer"] == customer
    ]
    who = service or customer
    if not hit:
        return f"{who} is not in breach, as far as probes show. {_aged(now)}"
    of = "" if service else f" with {_joined(hit)}"
    return f"{who} is in breach{of}. {_aged(now)}"


def _symptoms(asked: Asked, _: Reading) -> str:
    now = asked.look_up("show_health")
    if not now["symptoms"]:
        return f"No symptom is active. {_aged(now)}"
    return f"Active: {_joined(_symptom_names(now), 40)}. {_aged(now)}"


def _open_incidents(asked: Asked, reading: Reading) -> str:
    found = asked.look_up("list_incidents")
    if "incident" in reading.slots:
        row = next(i for i in found["incidents"] if i["incident"] == reading.slots["incident"])
        return f"{'No' if row['closed'] else 'Yes'}: {row['incident']} is {_phase(row['phase'])}."
    rows = [i for i in found["incidents"] if not i["closed"]]
    if not rows:
        return f"No incident is open. {_journalled(found)}"
    named = [f"{i['incident']} ({i['title']}, {_phase(i['phase'])})" for i in rows]
    return f"Open: {_joined(named)}. {_journalled(found)}"


def _waiting(asked: Asked, _: Reading) -> str:
    found = asked.look_up("list_incidents")
    plans = [p for i in found["incidents"] for p in i["waiting_for_approval"]]
    if not plans:
        return f"Nothing is waiting for approval. {_journalled(found)}"
    verb = "waits" if len(plans) == 1 else "wait"
    return (
        f"{_joined(plans)} {verb} for approval: noctua show INCIDENT shows what it would do, and "
        f"noctua approve PLAN approves it. {_journalled(found)}"
    )


def _age(asked: Asked, _: Reading) -> str:
    now = asked.look_up("show_health")
    if now["data_utc"] is None:
        return "There are no data yet."
    return f"The newest telemetry was received at {now['data_utc']}, by the network's clock."


# Saying: what if ---------------------------------------------------------------------------------


def _events(reading: Reading) -> str:
    slots = reading.slots
    events = [
        f"{kind} {slots[name]} down"
        for name, kind in (
            ("link", "link"),
            ("link2", "link"),
            ("link3", "link"),
            ("node", "node"),
            ("node2", "node"),
            ("group", "group"),
        )
        if name in slots
    ]
    if "drain" in slots:
        events.append(f"drain {slots['drain']}")
    if "weighed" in slots:
        if not 1 <= int(slots["number"]) <= 65_534:
            raise Decline("No interface takes that weight.")
        link, number = slots["weighed"], slots["number"]
        end = f" from {slots['atnode']} {number}" if "atnode" in slots else f" {number} both ways"
        events.append(f"weight {link}{end}")
    return "; ".join(events)


def _suppose(asked: Asked, reading: Reading, watched: Sequence[str] = ()) -> dict[str, Any]:
    if "atnode" in reading.slots:
        ends = asked.glance("show_link", link=reading.slots["weighed"])["ends"]
        if reading.slots["atnode"] not in ends:
            raise Decline(f"{reading.slots['weighed']} does not end at that node.")
    return asked.look_up(
        "what_if",
        events=_events(reading),
        at=reading.slots.get("time", ""),
        watch_links=list(watched),
    )


def _effect(asked: Asked, reading: Reading) -> str:
    slots = reading.slots
    if "watched" in slots:
        return _load_if(asked, reading)
    then = _suppose(asked, reading)
    if "class" in slots:
        return f"{_supposed(then)} {_class_effect(then, slots['class'])}"
    if "service" in slots or "customer" in slots:
        return f"{_supposed(then)} {_served_effect(then, slots)}"
    return f"{_supposed(then)} {_breaches(then)} {_overloads(then)} {_losses(then)}"


def _class_effect(then: Mapping[str, Any], cls: str) -> str:
    mine = then["classes"][cls]
    rows = [s for s in then["newly_in_breach"] if s["traffic_class"] == cls]
    name = _class(cls)
    if not mine["newly_in_breach"]:
        said = f"No {name} service would newly be in breach."
    else:
        named = [f"{s['service']} ({s['customer']}: {_joined(s['reasons'])})" for s in rows]
        more = "" if len(rows) == mine["newly_in_breach"] else " (not all are listed)"
        said = (
            f"{_count(mine['newly_in_breach'], f'{name} service')} would newly be in "
            f"breach: {_joined(named, 25)}{more}."
        )
    lost = mine["lost_bps_after"]
    said += _still(then, cls)
    return f"{said} {_begun(name)} traffic lost: {_rate(lost)}."


def _served_effect(then: Mapping[str, Any], slots: Mapping[str, str]) -> str:
    service, customer = slots.get("service", ""), slots.get("customer", "")
    if then["newly_in_breach_count"] > len(then["newly_in_breach"]):
        raise Decline("More services would be hit than I can list.")
    rows = [
        s for s in then["newly_in_breach"] if s["service"] == service or s["customer"] == customer
    ]
    who = service or customer
    if then["still_in_breach_count"] > len(then["still_in_breach"]):
        raise Decline("More services are in breach already than I can list.")
    still = [
        s["service"]
        for s in then["still_in_breach"]
        if s["service"] == service or s["customer"] == customer
    ]
    said = []
    if rows:
        named = [f"{s['service']}: {_joined(s['reasons'])}" for s in rows]
        said.append(f"{who} would newly be in breach ({_joined(named)}).")
    if still:
        said.append(
            f"{who} is in breach already, by the twin, and would stay so with {_joined(still)}."
        )
    if not said:
        said.append(f"By the twin, {who} would not be in breach.")
    if service in then["in_breach_now_by_probes"]:
        said.append("Probes show it in breach now.")
    return " ".join(said)


def _breach_if(asked: Asked, reading: Reading) -> str:
    then = _suppose(asked, reading)
    cls = reading.slots.get("class", "")
    if cls:
        return f"{_supposed(then)} {_class_effect(then, cls)}"
    return f"{_supposed(then)} {_breaches(then)}"


def _overload_if(asked: Asked, reading: Reading) -> str:
    then = _suppose(asked, reading)
    busiest = then["after"]["busiest"]
    return (
        f"{_supposed(then)} {_overloads(then)} The busiest egress would be {busiest['node']} on "
        f"{busiest['link']}, at {_percent(busiest['utilisation'])}."
    )


def _load_if(asked: Asked, reading: Reading) -> str:
    watched = reading.slots["watched"]
    then = _suppose(asked, reading, [watched])
    if watched in then["links_failed"]:
        return f"{_supposed(then)} {watched} would be down itself."
    pairs = zip(then["before"]["watched"], then["after"]["watched"], strict=True)
    said = [
        f"{_percent(is_['utilisation'])} from {is_['node']} (before: "
        f"{_percent(was['utilisation'])})"
        for was, is_ in pairs
    ]
    return f"{_supposed(then)} {watched} would be offered {_joined(said)}."


def _safe(asked: Asked, reading: Reading) -> str:
    then = _suppose(asked, reading)
    cut = then["after"]["without_a_way_bps"] > then["before"]["without_a_way_bps"]
    fresh = then["after"]["overloaded_count"] > then["before"]["overloaded_count"]
    bad = bool(then["newly_in_breach_count"]) or cut or fresh
    verdict = "By the twin, no." if bad else "By the twin, yes."
    return f"{verdict} {_supposed(then)} {_breaches(then)} {_overloads(then)} {_losses(then)}"


def _worst(asked: Asked, reading: Reading) -> str:
    of = "link" if reading.intent == "worst_links" else "node"
    swept = asked.look_up("worst_failures", of=of, at=reading.slots.get("time", ""), most=_WORST)
    rows = [
        f"{row[of]} ({_count(row['services_in_breach'], 'service')} in breach, highest utilisation "
        f"{_percent(row['max_utilisation'])})"
        for row in swept["worst"]
    ]
    return (
        f"With the demand of {swept['demand_of_utc']}, of {swept['tried']} single failures the "
        f"worst by services in breach: {_joined(rows)}."
    )


def _supposed(then: Mapping[str, Any]) -> str:
    known = "" if then["known_from_telemetry"] else ", with the network as on record"
    return (
        f"If {_events_in_words(then['events'])}, with the demand of {then['demand_of_utc']} "
        f"({_percent(then['demand_share_of_peak'])} of the peak){known}:"
    )


def _events_in_words(events: str) -> str:
    said = []
    for event in events.split("; "):
        if event.startswith("drain "):
            said.append(f"{event.removeprefix('drain ')} is drained")
        elif event.startswith("weight "):
            said.append(f"the {event.replace(' from ', ' is set from ')}")
        else:
            said.append(f"{event.partition(' ')[2].removesuffix(' down')} fails")
    return " and ".join(said)


def _breaches(then: Mapping[str, Any]) -> str:
    count, rows = then["newly_in_breach_count"], then["newly_in_breach"]
    if not count:
        return f"no service would newly be in breach.{_still(then)}"
    named = [f"{s['service']} ({s['customer']}, {_class(s['traffic_class'])})" for s in rows]
    more = "" if len(rows) == count else " (not all are listed)"
    said = f"{_count(count, 'service')} would newly be in breach: {_joined(named, 25)}{more}."
    return f"{said}{_still(then)}"


def _still(then: Mapping[str, Any], cls: str = "") -> str:
    """What is in breach whether it happens or not."""
    rows = [s for s in then["still_in_breach"] if not cls or s["traffic_class"] == cls]
    if not rows:
        return ""
    named = [f"{s['service']} ({s['customer']}, {_class(s['traffic_class'])})" for s in rows]
    more = "" if len(then["still_in_breach"]) == then["still_in_breach_count"] else " and others"
    return f" In breach with or without it, by the twin: {_joined(named, 25)}{more}."


def _overloads(then: Mapping[str, Any]) -> str:
    after = then["after"]
    if not after["overloaded_count"]:
        busiest = after["busiest"]
        return (
            f"No egress would be overloaded; the busiest is {busiest['node']} on "
            f"{busiest['link']}, at {_percent(busiest['utilisation'])}."
        )
    return f"Overloaded: {_joined(_egresses(after['overloaded']), 25)}."


def _losses(then: Mapping[str, Any]) -> str:
    after = then["after"]
    cut = after["without_a_way_bps"]
    way = f" ({_rate(cut)} of it without a way)" if cut else ""
    return f"Traffic lost: {_rate(after['lost_bps'])}{way}."


# Saying: what happened ---------------------------------------------------------------------------


def _chosen(asked: Asked, reading: Reading) -> str:
    """The incident that is meant."""
    rows = asked.glance("list_incidents")["incidents"]
    ids = [row["incident"] for row in rows]
    if "incident" in reading.slots:
        return str(reading.slots["incident"])
    if "plan" in reading.slots:
        owners = [i for i in ids if reading.slots["plan"].startswith(f"{i}.")]
        if len(owners) == 1:
            return str(owners[0])
    if not ids:
        raise Decline("There has been no incident on this network.")
    if len(ids) == 1 or "last" in reading.slots:
        return str(ids[-1])
    asked.look_up("list_incidents")
    raise Decline(f"There were several incidents ({_joined(ids)}); name one, or ask of the last.")


def _incidents(asked: Asked, _: Reading) -> str:
    found = asked.look_up("list_incidents")
    if not found["count"]:
        return f"There has been no incident. {_journalled(found)}"
    named = [
        f"{i['incident']} ({i['severity']}, {i['title']}, opened at {i['opened_utc']}, "
        f"{_phase(i['phase'])})"
        for i in found["incidents"]
    ]
    return f"{_count(found['count'], 'incident')}: {_joined(named)}."


def _shown(asked: Asked, reading: Reading) -> dict[str, Any]:
    return asked.look_up("show_incident", incident=_chosen(asked, reading))


def _incident(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    ended = f", ended at {shown['ended_utc']}" if shown["ended_utc"] else ""
    return (
        f"{shown['incident']} ({shown['severity']}, {shown['title']}) began at "
        f"{shown['onset_utc']}{ended}, and is {_phase(shown['phase'])}. {_cause_of(shown)}"
    )


def _when(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    begun = (
        f"{shown['incident']} began at {shown['onset_utc']} and was opened at {shown['opened_utc']}"
    )
    if shown["ended_utc"] is None:
        return f"{begun}; it is still open ({_phase(shown['phase'])})."
    return (
        f"{begun}; it ended at {shown['ended_utc']}, after {_duration(shown['lasted_s'])} "
        f"({_phase(shown['phase'])})."
    )


def _cause(asked: Asked, reading: Reading) -> str:
    return _cause_of(_shown(asked, reading))


def _cause_of(shown: Mapping[str, Any]) -> str:
    diagnosis = shown["diagnosis"]
    if diagnosis is None:
        return f"{shown['incident']} is not diagnosed yet."
    if not diagnosis["cause"]:
        return f"No cause of {shown['incident']} was found: {diagnosis['statement']}."
    said = f"The cause of {shown['incident']} was: {_joined(diagnosis['cause'])}"
    if diagnosis["verdict"] == "ambiguous":
        others = _joined(diagnosis["indistinguishable"])
        return f"{said}; but it cannot be told apart from {others}."
    return f"{said}."


def _changed(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    parts = []
    for plan in shown["plans"]:
        if not plan["changed"]:
            continue
        states = [f"{c['device']} {_phase(c['state'])}" for c in plan["changed"]]
        parts.append(f"{plan['plan']}: {_joined(plan['actions'])} ({_joined(states)})")
    for order in shown["field_orders"]:
        parts.append(f"the field was sent to {order['place']} for {_joined(order['links'])}")
    proposed = [
        f"{p['plan']} would {_joined(p['actions'])}"
        for p in shown["plans"]
        if p["state"] == "waiting" and p["actions"]
    ]
    waits = f" Waiting for approval: {_joined(proposed)}." if proposed else ""
    if not parts:
        return f"Nothing was changed for {shown['incident']}.{waits}"
    return f"For {shown['incident']}: {'; '.join(parts)}.{waits}"


def _approved(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    plans = [p for p in shown["plans"] if reading.slots.get("plan", p["plan"]) == p["plan"]]
    said = []
    for plan in plans:
        if plan["answers"]:
            answers = [
                f"{a['by']} ({a['decision']}, {a['reason']}, at {a['at_utc']})"
                for a in plan["answers"]
            ]
            said.append(f"{plan['plan']} was answered by {_joined(answers)}")
        elif plan["state"] == "waiting":
            said.append(f"nobody has answered {plan['plan']} yet; it waits for approval")
        else:
            said.append(f"nobody answered {plan['plan']} ({plan['state']})")
    if not said:
        return f"There is no plan for {shown['incident']}, so nobody was asked."
    return f"{'; '.join(said)}."


def _minutes(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    if shown["service_time_lost_s"] is None:
        return f"{shown['incident']} is still open, and what it cost is counted when it is closed."
    if not shown["services_hit"]:
        return f"No service was in breach during {shown['incident']}, as far as probes show."
    named = [f"{name} ({s / 60:.1f} min)" for name, s in shown["service_time_lost_s"].items()]
    return (
        f"{_count(shown['services_hit'], 'service')} lost "
        f"{shown['service_time_lost_total_s'] / 60:.1f} min in all during {shown['incident']}: "
        f"{_joined(named, 40)}."
    )


def _remedies(asked: Asked, reading: Reading) -> str:
    shown = asked.look_up("show_remedies", incident=_chosen(asked, reading))
    if not shown["simulated"]:
        return f"No remedy was simulated for {shown['incident']}."
    return (
        f"{_count(shown['simulated_count'], 'remedy', 'remedies')} were simulated for "
        f"{shown['incident']}, the best first: {_joined(_trials(shown['simulated']), 20)}. "
        f"{_planned(shown)}"
    )


def _planned(shown: Mapping[str, Any]) -> str:
    if shown["plan"] is None:
        return "There is no plan yet."
    return f"Planned in {shown['plan']}: {_joined(shown['planned'] or ['do nothing'])}."


def _why_plan(asked: Asked, reading: Reading) -> str:
    shown = asked.look_up("show_remedies", incident=_chosen(asked, reading))
    if shown["plan"] is None:
        return f"There is no plan for {shown['incident']} yet."
    return (
        f"{shown['plan']} was chosen because: {shown['planned_because']}. Simulated, the best "
        f"first: {_joined(_trials(shown['simulated']), 20)}."
    )


def _why_not_drain(asked: Asked, reading: Reading) -> str:
    drained = reading.slots.get("drain", "")
    incident = _chosen(asked, reading)
    shown = asked.look_up("why_not_drained", incident=incident, drained=drained)
    if not shown["drains"]:
        return f"The diagnosis of {incident} blames no link, so there was none to drain."
    parts = [_drain_of(drain, shown) for drain in shown["drains"]]
    return " ".join(parts)


def _drain_of(drain: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    link = drain["link"]
    planned = _joined(shown["planned"] or ["do nothing"])
    chosen = f"Planned was: {planned}, because: {shown['planned_because']}."
    if drain["carried_out"]:
        return f"{link} was drained, by {_joined(drain['planned_in'])}. {chosen}"
    if drain["planned_in"]:
        return f"To drain {link} is planned in {_joined(drain['planned_in'])}, not carried out yet."
    if shown["plan"] is None:
        chosen = f"There is no plan for {shown['incident']}."
    if drain["was_down"]:
        return f"{link} was down already, so there was nothing to drain. {chosen}"
    if drain["simulated"]:
        trials = _joined(_trials(drain["trials"]))
        best = next((t for t in shown["simulated"] if t["planned"]), None)
        against = f" against {_joined(_trials([best]))}" if best else ""
        return f"To drain {link} was simulated: {trials}{against}. {chosen}"
    if drain["screened"]:
        row = drain["screened"][-1]
        return (
            f"To drain {link} was screened, which left a highest utilisation of "
            f"{_percent(row['max_utilisation'])}, and it was not among the "
            f"{_count(shown['simulated_count'], 'remedy', 'remedies')} that were simulated. "
            f"{chosen}"
        )
    return (
        f"To drain {link} was not among the "
        f"{_count(shown['simulated_count'], 'remedy', 'remedies')} that were simulated: the "
        f"screening kept what helps most and refuses drains that cut nodes off or overload a link. "
        f"{chosen}"
    )


def _field(asked: Asked, reading: Reading) -> str:
    shown = _shown(asked, reading)
    if not shown["field_orders"]:
        return f"The field was not sent out for {shown['incident']}."
    orders = [
        f"{o['order']} to {o['place']} for {_joined(o['links'])} at {o['requested_utc']} "
        f"({_phase(o['state'])})"
        for o in shown["field_orders"]
    ]
    return f"The field was sent out: {_joined(orders)}."


SAYS: Mapping[str, Callable[[Asked, Reading], str]] = {
    "node_links": _node_links,
    "neighbours": _neighbours,
    "adjacent": _adjacent,
    "capacity": _capacity,
    "length": _length,
    "weight": _weight,
    "risk": _risk,
    "path": _path,
    "service": _service,
    "services_of": _services_of,
    "services_at": _services_at,
    "services_over": _services_over,
    "size": _size,
    "health": _health,
    "down": _down,
    "link_up": _link_up,
    "drained": _drained,
    "busiest": _busiest,
    "utilisation": _utilisation,
    "breach": _breach,
    "served": _served,
    "symptoms": _symptoms,
    "open_incidents": _open_incidents,
    "waiting": _waiting,
    "age": _age,
    "effect": _effect,
    "breach_if": _breach_if,
    "overload_if": _overload_if,
    "load_if": _load_if,
    "safe": _safe,
    "worst_links": _worst,
    "worst_nodes": _worst,
    "incidents": _incidents,
    "incident": _incident,
    "when": _when,
    "cause": _cause,
    "changed": _changed,
    "approved": _approved,
    "minutes": _minutes,
    "remedies": _remedies,
    "why_plan": _why_plan,
    "why_not_drain": _why_not_drain,
    "field": _field,
}


# Words and figures -------------------------------------------------------------------------------


def _aged(now: Mapping[str, Any]) -> str:
    if now["data_utc"] is None:
        return "(No telemetry has been received yet.)"
    return f"(Telemetry until {now['data_utc']}.)"


def _journalled(found: Mapping[str, Any]) -> str:
    return f"(Journal as of {found['journal_utc']}.)" if found["journal_utc"] else ""


def _symptom_names(now: Mapping[str, Any]) -> list[str]:
    return [
        f"{s['kind'].replace('_', ' ')} of {s['resource']} since {s['since_utc']}"
        for s in now["symptoms"]
    ]


def _breach_names(now: Mapping[str, Any]) -> list[str]:
    return [f"{s['service']} ({s['customer']})" for s in now["services_in_breach"]]


def _egresses(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"{e['node']} on {e['link']} at {_percent(e['utilisation'])}" for e in rows]


def _trials(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{' and '.join(t['actions'])} (cost {t['cost']:g}, highest utilisation "
        f"{_percent(t['max_utilisation'])})"
        for t in rows
    ]


def _joined(items: Sequence[str], most: int = _MOST_NAMED) -> str:
    """a, b and others; with semicolons where an item has a comma itself."""
    shown = list(items[:most])
    if len(items) > most:
        shown.append("and others")
    return ("; " if any("," in i for i in shown) else ", ").join(shown)


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def _rate(bps: float) -> str:
    for unit, size in (("Tbit/s", 1e12), ("Gbit/s", 1e9), ("Mbit/s", 1e6), ("kbit/s", 1e3)):
        if abs(bps) >= size:
            return f"{bps / size:.1f}".removesuffix(".0") + f" {unit}"
    return f"{round(bps)} bit/s"


def _percent(share: float) -> str:
    return f"{100 * share:.{0 if share >= 0.1 else 1}f} %"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.2f} ms"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(whole / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _begun(text: str) -> str:
    """`text` as a sentence begins; `capitalize` would spoil names."""
    return text[:1].upper() + text[1:]


def _class(name: str) -> str:
    return name.replace("_", " ")


def _phase(name: str) -> str:
    return name.replace("_", " ")
