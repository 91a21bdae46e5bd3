"""What was recognised of a question, answered; an answer says what the question was taken for."""

from collections.abc import Callable, Mapping

from agents.playbook.conversation.gist import Gist
from agents.playbook.conversation.topic_compared import compared, ways_compared, worst_of
from agents.playbook.conversation.topic_history import (
    approver,
    back,
    before_after,
    changes,
    clashing,
    confidence,
    in_force,
    nothing,
    open_now,
    waiting,
    why_not_drain,
    why_plan,
)
from agents.playbook.conversation.topic_lists import duct_sizes, lists, single_cut, totals
from agents.playbook.conversation.topic_plans import PLAN_ANSWERS
from agents.playbook.conversation.topic_state import (
    age,
    availability,
    class_hit,
    congested,
    health,
    hit_now,
    node_total,
    over_promise,
    passing,
    served_now,
)
from agents.playbook.conversation.topic_story import (
    compared_upgrades,
    drift,
    hangs_on,
    link_facts,
    no_link,
    same_cause,
    story,
)
from agents.playbook.conversation.topic_topology import apart, configuration, ducts, margin
from agents.playbook.conversation.topic_whatif import (
    each_leg,
    effect,
    full_when_supposed,
    growth,
    headroom,
    node_load,
    path_room,
    quiet,
    room,
    upgrade,
    worst,
)

ANSWERS: Mapping[str, Callable[[Gist], str]] = {
    "effect": effect,
    "worst": worst,
    "growth": growth,
    "headroom": headroom,
    "quiet": quiet,
    "health": health,
    "hit_now": hit_now,
    "congested": congested,
    "served": served_now,
    "availability": availability,
    "passing": passing,
    "configuration": configuration,
    "ducts": ducts,
    "margin": margin,
    "changes": changes,
    "confidence": confidence,
    "nothing": nothing,
    "back": back,
    "in_force": in_force,
    "why_not_drain": why_not_drain,
    "why_plan": why_plan,
    "approver": approver,
    "before_after": before_after,
    "waiting": waiting,
    "open": open_now,
    "clash": clashing,
    "node_load": node_load,
    "apart": apart,
    "full_when": full_when_supposed,
    "upgrade": upgrade,
    "room": room,
    "each_leg": each_leg,
    "path_room": path_room,
    "age": age,
    "class_hit": class_hit,
    "lists": lists,
    "compared_upgrades": compared_upgrades,
    "drift": drift,
    "hangs_on": hangs_on,
    "link_facts": link_facts,
    "no_link": no_link,
    "same_cause": same_cause,
    "story": story,
    "over_promise": over_promise,
    "worst_of": worst_of,
    "node_total": node_total,
    "totals": totals,
    "duct_sizes": duct_sizes,
    "single_cut": single_cut,
    "compared": compared,
    "ways_compared": ways_compared,
    **PLAN_ANSWERS,
}
"""By topic."""


def nearest(gist: Gist) -> list[str]:
    """Questions that can be answered, with the names that were typed; three at most."""
    found: list[str] = []
    for link in gist.links[:1]:
        found += [f"What happens if {link} fails?", f"How much headroom is left on {link}?"]
    if len(gist.nodes) >= 2 and not gist.links:
        a, b = gist.nodes[:2]
        found.append(f"Which way does traffic from {a} to {b} take?")
    for node in gist.nodes[:1]:
        found += [f"What happens if {node} fails?", f"What changed at {node} today?"]
    for name in [*gist.of("service"), *gist.of("customer")][:1]:
        found += [f"Is {name} in breach?", f"How much outage has {name} left?"]
    for group in gist.of("group")[:1]:
        found.append(f"What happens if {group} fails?")
    if not found and gist.says(r"incident|outage|plan|change|approv\w*|cause|why|who"):
        found = [
            "What was the root cause of the last incident?",
            "Which plans are waiting for approval?",
            "What changed in the last hour?",
        ]
    return found[:3]
