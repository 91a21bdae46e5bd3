"""What several devices or links share by what is on record."""

from twin.imagination.recorded_causes import recorded_causes
from twin.nouns.planned_work import PlannedWork
from twin.nouns.topology import Node, Site, Topology

HOUR_S = 3600.0


def running(*nodes: tuple[str, str, str]) -> Topology:
    """`nodes`: id, software, role."""
    return Topology(
        name="lab",
        sites=(Site(id="S", longitude=0.0, latitude=0.0),),
        nodes=tuple(Node(id=n, site="S", software=s, role=r) for n, s, r in nodes),
        links=(),
    )


def _work(work_id: str, contractor: str, from_h: float, *links: str) -> PlannedWork:
    starts_s = from_h * HOUR_S
    return PlannedWork(
        id=work_id,
        links=links,
        starts_s=starts_s,
        ends_s=starts_s + HOUR_S,
        contractor=contractor,
    )


def test_devices_of_one_version_and_role_share_it() -> None:
    topology = running(
        ("A", "XR 7.5", "core"),
        ("B", "XR 7.5", "edge"),
        ("C", "XR 7.5", "core"),
        ("D", "Junos 21", "core"),
        ("E", "", "core"),
        ("F", "", "core"),
    )
    [cause] = recorded_causes(topology)
    assert (cause.label, cause.nodes) == ("software XR 7.5 (core)", ("A", "C"))
    assert cause.is_on_record


def test_version_is_shared_by_all_where_no_role_is_known() -> None:
    [cause] = recorded_causes(running(("A", "XR 7.5", ""), ("B", "XR 7.5", "")))
    assert (cause.label, cause.nodes) == ("software XR 7.5", ("A", "B"))


def test_works_of_one_contractor_within_a_day_are_one_campaign() -> None:
    works = (
        _work("W-1", "Digger", 0.0, "A-B"),
        _work("W-2", "DIGGER ", 24.0, "C-D"),
        _work("W-3", "Digger", 49.0, "E-F"),
        _work("W-4", "Other", 1.0, "G-H"),
        _work("W-5", "", 1.0, "I-J"),
    )
    [cause] = recorded_causes(running(("A", "", "")), works)
    assert (cause.label, cause.links) == ("contractor Digger (W-1, W-2)", ("A-B", "C-D"))


def test_work_that_is_announced_alone_is_no_shared_cause() -> None:
    alone = _work("W-1", "Digger", 0.0, "A-B", "C-D")
    assert recorded_causes(running(("A", "", "")), (alone,)) == ()
