"""What leads once all that is proposed was tested, for tests of single kinds."""

from twin.diagnosis.causes import Causes
from twin.nouns.incident import Incident, Severity
from twin.tracking.belief import Belief
from twin.tracking.tracker import Tracker


def leading(tracker: Tracker, began_s: float) -> list[str]:
    """The names of the sets that lead, for an incident that has all symptoms of `tracker`."""
    incident = Incident(
        id="square-0001",
        network="square",
        onset_s=began_s,
        detected_s=tracker.now_s,
        severity=Severity.MAJOR,
        title="something is gone",
        symptoms=tracker.active_symptoms(),
    )
    causes = Causes(Belief(tracker=tracker, seed=1), incident, lambda _: [])
    for candidate in causes.propose():
        causes.test([candidate.id])
    causes.grow()
    return causes.leading()
