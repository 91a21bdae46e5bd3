"""The part of a scripted incident that anybody may know: which network, when, what is announced."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, WithJsonSchema, field_validator, model_validator

from tools.strict_yaml import read_yaml
from twin.errors import BadCase, BadInput
from twin.nouns.base import Noun
from twin.nouns.planned_work import PlannedWork

_TIME = {"anyOf": [{"type": "number"}, {"type": "string", "format": "date-time"}]}

_LAST_S = 4_102_444_800.0
"""The year 2100: what is later was meant in another unit."""

LONGEST_S = 10 * 365 * 86_400.0
"""Of a case, from its start."""

MOST_TIMES = 1000.0
"""The largest factor of the traffic."""


class AnnouncedWork(Noun):
    """Work on `links` as a case file announces it; times in seconds from the start."""

    id: str
    links: tuple[str, ...]
    at_s: float
    until_s: float

    def planned(self, starts_s: float) -> PlannedWork:
        """The same on record, of a case that starts at `starts_s`, Unix seconds."""
        return PlannedWork(
            id=self.id,
            links=self.links,
            starts_s=starts_s + self.at_s,
            ends_s=starts_s + self.until_s,
        )


class _Announcements(Noun):
    planned_work: tuple[AnnouncedWork, ...]


class CaseWorld(Noun):
    """The world of a case.

    `topology`: as topohub names it, or a file in any format that is read (docs/networks.md); a case
    file names it from its own folder. `traffic`: a file of demands, "" for those that come with the
    topology. `seed`: of the designed world (services, ducts); whoever builds
    the designed inventory applies it and `traffic_scale`. `starts_s`: Unix seconds; a case file may
    give ISO 8601. `planned_work`: announced; a case file gives its `at_s` and `until_s` from the
    start, as `AnnouncedWork`.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    topology: str
    traffic: str = ""
    seed: int = Field(default=1, ge=0, lt=2**63)
    mismatch: Literal[0, 1, 2] = 1
    traffic_scale: float = Field(default=1.0, gt=0, le=MOST_TIMES)
    starts_s: Annotated[float, Field(ge=0, le=_LAST_S), WithJsonSchema(_TIME, mode="validation")]
    duration_s: float = Field(gt=0, le=LONGEST_S)
    planned_work: tuple[PlannedWork, ...] = ()

    @field_validator("starts_s", mode="before")
    @classmethod
    def _read_time(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("must be a time, as in 2026-03-02T18:00:00Z, or Unix seconds")  # noqa: TRY004
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
        return value

    @model_validator(mode="after")
    def _check(self) -> "CaseWorld":
        ids = [work.id for work in self.planned_work]
        if len(set(ids)) != len(ids):
            raise ValueError("planned_work: an id is used twice")
        if any(work.ends_s <= work.starts_s for work in self.planned_work):
            raise ValueError("planned_work: it must end after it starts")
        return self


def load_case_world(text: str) -> CaseWorld:
    """The `world` mapping of a case file.

    Raises:
        BadCase: not YAML, no such mapping, or a field that does not validate.
    """
    data = read_part(text, "world")
    try:
        starts_s = CaseWorld.model_validate({**data, "planned_work": ()}).starts_s
        told = _Announcements(planned_work=data.get("planned_work") or ())
        work = [announced.planned(starts_s) for announced in told.planned_work]
        return CaseWorld.model_validate({**data, "planned_work": work})
    except ValidationError as exc:
        raise BadCase(explain(exc, "world")) from exc


def read_part(text: str, part: str) -> dict[str, Any]:
    """One top-level mapping of a case file, unvalidated. Raises BadCase."""
    try:
        data = read_yaml(text, "the case")
    except BadInput as exc:
        raise BadCase(str(exc)) from None
    if not isinstance(data, Mapping) or not isinstance(data.get(part), Mapping):
        raise BadCase(f'the case has no "{part}:" mapping')
    unknown = sorted(set(data) - {"world", "truth"})
    if unknown:
        raise BadCase(f'the case has "{unknown[0]}:", expected only "world:" and "truth:"')
    return dict(data[part])


def explain(error: ValidationError, part: str) -> str:
    """The first thing that is wrong, as one line."""
    first = error.errors()[0]
    where = ".".join([part, *(str(step) for step in first["loc"])])
    return f"{where}: {first['msg']}"
