"""All mechanisms; a new one is a file and a line here."""

from twin.imagination.chains.automation import Automation
from twin.imagination.chains.lost_hellos import LostHellos
from twin.imagination.chains.mechanism import Mechanism
from twin.imagination.chains.repairs import Repairs
from twin.imagination.chains.returning_demand import ReturningDemand


def shipped() -> tuple[Mechanism, ...]:
    """In the order in which they are asked."""
    return (Automation(), Repairs(), ReturningDemand(), LostHellos())
