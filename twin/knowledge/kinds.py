"""The kinds that ship, from ducts and power feeds to slices, customers and past incidents.

`rank` orders them by what stands on what; a dependency that goes against it is the first to be
left out where dependencies run in a circle (`twin.knowledge.knots`).
"""

from twin.knowledge.schema import Need, Property, RelationKind, Schema, ThingKind

_CONTRACTOR = Property("contractor", "text", "who is called to repair it")
_POWER = Property("power_w", "number", "what it draws or delivers at most")

THINGS = (
    ThingKind(
        "site",
        "physical",
        0,
        "a building or a shelter",
        (
            Property("longitude", "number", "degrees, WGS 84"),
            Property("latitude", "number", "degrees, WGS 84"),
            Property("role", "text", "core, aggregation, access or edge"),
        ),
    ),
    ThingKind(
        "duct",
        "physical",
        0,
        "what several cables or links share in the ground",
        (
            Property("place", "text", "the node that it leaves from"),
            Property("shared_km", "number", "how far they run together"),
            _CONTRACTOR,
        ),
    ),
    ThingKind(
        "cable",
        "physical",
        1,
        "fibre between two places",
        (Property("length_km", "number", "along its way"), _CONTRACTOR),
    ),
    ThingKind("circuit", "physical", 1, "a line that is leased from a provider", (_CONTRACTOR,)),
    ThingKind("substation", "power", 1, "where the utility's grid feeds from"),
    ThingKind("power_panel", "power", 1, "the distribution board of a building"),
    ThingKind("power_feed", "power", 2, "a supply line of the utility", (_POWER,)),
    ThingKind("ups", "power", 3, "battery and rectifier of a site", (_POWER,)),
    ThingKind("cooling", "power", 4, "an air conditioner or chiller", (_POWER,)),
    ThingKind(
        "device",
        "ip",
        5,
        "a router",
        (
            Property("platform", "text", "make, model and system"),
            Property("role", "text", "in the design"),
            Property("management_address", "text", "host or address"),
            Property("hardware", "text", "make and model"),
            Property("software", "text", "system, with its version"),
        ),
    ),
    ThingKind("interface", "ip", 6, "the end of a link at a device, as node|link"),
    ThingKind(
        "link",
        "ip",
        7,
        "a bundle of circuits between two devices",
        (
            Property("capacity_bps", "number", "each way"),
            Property("members", "whole", "circuits in the bundle"),
            Property("length_km", "number", "along its way"),
        ),
    ),
    ThingKind("prefix", "ip", 6, "addresses, CIDR"),
    ThingKind("path", "ip", 8, "that two devices reach each other, over whatever links are up"),
    ThingKind("host", "compute", 5, "a server"),
    ThingKind("virtual_machine", "compute", 6, "a virtual machine or container"),
    ThingKind("application", "compute", 9, "software that serves somebody"),
    ThingKind(
        "network_function",
        "mobile core",
        9,
        "an instance of a 5G core function (3GPP TS 23.501)",
        (Property("type", "text", "AMF, SMF, UPF, NRF, AUSF or UDM"),),
    ),
    ThingKind(
        "pool",
        "mobile core",
        10,
        "instances that stand in for one another (an AMF set, an NF set)",
        (Property("type", "text", "of its functions"),),
    ),
    ThingKind("cell", "mobile core", 11, "a radio cell"),
    ThingKind(
        "slice",
        "mobile core",
        11,
        "a network slice (S-NSSAI)",
        (
            Property("sst", "whole", "slice/service type: 1 eMBB, 2 URLLC, 3 MIoT"),
            Property("delay_s", "number", "one way, at most"),
            Property("availability", "number", "fraction of time, at least"),
        ),
    ),
    ThingKind(
        "service",
        "service",
        12,
        "what a customer buys",
        (
            Property("traffic_class", "text", "of its traffic"),
            Property("loss", "number", "fraction 0..1, at most"),
            Property("delay_s", "number", "one way, at most"),
            Property("availability", "number", "fraction of time, at least"),
        ),
    ),
    ThingKind("customer", "service", 13, "who buys it"),
    ThingKind("owner", "operations", 14, "a team or company that answers for a thing"),
    ThingKind(
        "planned_work",
        "operations",
        14,
        "announced work",
        (
            Property("starts_s", "number", "Unix seconds, UTC"),
            Property("ends_s", "number", "Unix seconds, UTC"),
        ),
    ),
    ThingKind(
        "incident",
        "operations",
        14,
        "what is remembered of an incident that is over",
        (
            Property("title", "text", "in a line"),
            Property("opened_s", "number", "Unix seconds, UTC"),
            Property("symptoms", "texts", "symptom ids, kind:resource"),
            Property("cause", "text", "kinds and resources of the faults"),
            Property("remedy", "text", "what was done"),
            Property("worked", "yes or no", "it was kept and the symptoms went away"),
            Property("decided", "yes or no", "the cause was told from every other, or found"),
            Property("found_by", "text", "the person whose finding the cause is"),
        ),
    ),
    ThingKind(
        "risk", "operations", 14, "a line of the risk register", (Property("text", "text", ""),)
    ),
    ThingKind(
        "runbook", "operations", 14, "what to do", (Property("text", "text", "or where it lies"),)
    ),
)

_PLACED = ("device", "host", "ups", "cooling", "power_feed", "power_panel", "cell")
_POWERED = ("device", "host", "cooling", "cell")
_RUNS = ("network_function", "application")

RELATIONS = (
    RelationKind(
        "located_at",
        _PLACED,
        ("site",),
        "stands in it",
        Need("source", "the site is lost"),
    ),
    RelationKind(
        "in_duct",
        ("link", "cable"),
        ("duct",),
        "runs through it",
        Need("source", "the duct is cut"),
    ),
    RelationKind(
        "in_cable",
        ("link",),
        ("cable", "circuit"),
        "is a fibre of it",
        Need("source", "the cable is cut"),
    ),
    RelationKind(
        "fed_by",
        ("power_feed", "ups", "cooling"),
        ("substation", "power_feed", "power_panel"),
        "gets its power from any of them",
        Need("source", "no feed has power", enough=1),
    ),
    RelationKind(
        "powered_by",
        _POWERED,
        ("ups", "power_feed"),
        "gets its power from any of them",
        Need("source", "no supply has power", enough=1),
    ),
    RelationKind(
        "cooled_by",
        ("site", "ups", "device", "host"),
        ("cooling",),
        "is kept cool by any of them, or by k",
        Need("source", "it overheats", enough=1),
    ),
    RelationKind(
        "has_interface",
        ("device",),
        ("interface",),
        "it is one of its ports",
        Need("target", "its device is down"),
    ),
    RelationKind(
        "terminates",
        ("interface",),
        ("link",),
        "is one end of it",
        Need("target", "an end is down"),
    ),
    RelationKind("originates", ("device",), ("prefix",), "announces it"),
    RelationKind("ends_at", ("path",), ("device",), "is one of its two ends"),
    RelationKind(
        "hosted_on",
        ("virtual_machine", *_RUNS),
        ("host", "virtual_machine"),
        "runs on it",
        Need("source", "what it runs on is down"),
    ),
    RelationKind(
        "attached_to",
        ("host", "cell"),
        ("device",),
        "is connected to any of them",
        Need("source", "no router connects it", enough=1),
    ),
    RelationKind(
        "member_of",
        _RUNS,
        ("pool",),
        "is one of its instances; the pool is up while k of them are, 1 where k is not given",
        Need("target", "too few instances are up", enough=1),
    ),
    RelationKind("needs", (), (), "is down without it", Need("source", "what it needs is down")),
    RelationKind(
        "bought_by",
        ("service", "slice", "application"),
        ("customer",),
        "is sold to",
        Need("target", "a service of theirs is down"),
    ),
    RelationKind(
        "managed_by",
        (),
        ("virtual_machine", "host", "application", "device"),
        "is configured or clocked through it",
        Need("source", "it cannot be managed", operability=True),
    ),
    RelationKind("owned_by", (), ("owner",), "answers for it"),
    RelationKind("touches", ("planned_work",), (), "may take it down"),
    RelationKind("documented_by", (), ("runbook", "risk"), "is written about in it"),
)


def shipped_schema() -> Schema:
    """The kinds that ship, in a schema of its own that others may add to."""
    return Schema(THINGS, RELATIONS)
