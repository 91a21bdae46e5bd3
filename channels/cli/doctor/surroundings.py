"""What the process stands on: the machine's clock, Python, and the packages."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import metadata

from channels.cli.doctor.check import Check, Installation
from channels.cli.doctor.emulated import look_at
from channels.networks import network_names
from channels.report.wording import duration, utc
from tools.journal.journal import Journal

AHEAD_S = 60.0
"""Files on another machine's disk may be this much ahead of our clock."""

_DISTRIBUTION = "noctua-netops"

_OPTIONAL = (
    "langchain-openai",
    "openai",
    "neo4j",
    "pyarrow",
    "gymnasium",
    "onnxruntime",
    "torch",
    "ray",
    "slack-bolt",
    "pyjwt",
)


def clock(installation: Installation) -> Iterable[Check]:
    """The machine's clock is not behind what it has written down already, and is synchronised."""
    ahead = max(_written(installation), default=("nothing", installation.now_s), key=lambda f: f[1])
    if ahead[1] > installation.now_s + AHEAD_S:
        yield Check(
            name="clock",
            state="failed",
            found=f"it is {utc(installation.now_s)} UTC, and {ahead[0]} is of {utc(ahead[1])}: "
            f"{duration(ahead[1] - installation.now_s)} ahead",
            remedy="set the clock right before anything is watched: expiry and windows go by it",
        )
    else:
        found = f"{utc(installation.now_s)} UTC; nothing that was written is ahead of it"
        yield Check(name="clock", state="ok", found=found)
    yield _synchronised()


def _written(installation: Installation) -> Iterator[tuple[str, float]]:
    for path in (installation.state.path, *installation.state.path.iterdir()):
        yield str(path), path.lstat().st_mtime
    if installation.journal is None:
        return
    for watch in installation.journal.watches():
        yield f"the last step of the watch of {watch.network}", watch.stepped_wall_s
    yield from _newest_line(installation, installation.journal)


def _newest_line(installation: Installation, journal: Journal) -> Iterator[tuple[str, float]]:
    """The last line of the audit log, unless an emulated network's clock has come that far.

    Those clocks have nothing to do with ours.
    """
    names = network_names(installation.state)
    found = [look_at(installation.state.network_file(name)) for name in names]
    watched = {watch.network: watch.stepped_s for watch in journal.watches()}
    clocks = [
        watched.get(name) if emulated.now_s is None else emulated.now_s
        for name, emulated in zip(names, found, strict=True)
    ]
    head = journal.audit_head()
    line = next(journal.audit_rows(head.length), None) if head else None
    known = [time_s for time_s in clocks if time_s is not None]
    if line is None or len(known) < len(clocks) or not isinstance(line.time_s, float):
        return
    if line.time_s > max(known, default=0.0):
        yield f"line {line.seq} of the audit log", line.time_s


def _synchronised() -> Check:
    tool = shutil.which("timedatectl")
    said = ""
    if tool:
        command = [tool, "show", "--property=NTPSynchronized", "--value"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
            said = done.stdout.strip()
        except (OSError, subprocess.TimeoutExpired):
            said = ""
    match said:
        case "yes":
            return Check(name="time service", state="ok", found="the clock is synchronised")
        case "no":
            return Check(
                name="time service",
                state="warning",
                found="the clock is not synchronised",
                remedy="turn on NTP (timedatectl set-ntp true)",
            )
        case _:
            return Check(
                name="time service",
                state="warning",
                found="unknown: timedatectl does not say whether the clock is synchronised",
                remedy="make sure that the machine, or the host of this container, runs NTP",
            )


def packages(_: Installation) -> Iterable[Check]:
    """Python and what the package requires are there, in the versions that it allows."""
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

    try:
        wanted = metadata.metadata(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        yield Check(
            name="packages",
            state="warning",
            found=f"{_DISTRIBUTION} is not installed, so that nobody knows what it needs",
            remedy="pip install -e . -c constraints.txt",
        )
        return
    python = ".".join(map(str, sys.version_info[:3]))
    wrong = []
    if python not in SpecifierSet(wanted["Requires-Python"] or ""):
        wrong.append(f"Python {python} (wanted {wanted['Requires-Python']})")
    needed = [Requirement(text) for text in wanted.get_all("Requires-Dist") or ()]
    for requirement in needed:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        version = _version(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version or 'missing'} ({requirement.specifier})")
    yield Check(
        name="packages",
        state="failed" if wrong else "ok",
        found=f"not as wanted: {', '.join(wrong)}" if wrong else f"Python {python}, all as wanted",
        remedy="pip install -e . -c constraints.txt" if wrong else "",
    )


def extras(_: Installation) -> Iterable[Check]:
    """Which optional parts are installed; none has to be."""
    found = [f"{name} {_version(name) or 'absent'}" for name in _OPTIONAL]
    yield Check(name="optional packages", state="ok", found=", ".join(found))


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
