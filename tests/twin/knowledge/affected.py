"""What tests ask of a service impact."""

from twin.nouns.service_impact import How, ServiceImpact


def names_of(impact: ServiceImpact, kind: str, *hows: How) -> tuple[str, ...]:
    """The names of one kind that are affected in one of these ways, as far as they are kept."""
    found = (one for one in impact.affected if one.kind == kind and one.how in hows)
    return tuple(name for one in found for name in one.names)
