"""What lies where in a state directory, which holds everything that outlives a process.

policy.yaml               optional: an approval policy in place of the shipped one
on_event.yaml             optional: how people are called (docs/operations.md)
serve.yaml                optional: how the HTTP API is served (docs/serve.md)
alerts.yaml               optional: whose alerts are taken, and how they are mapped (docs/alerts.md)
slack.yaml                optional: which workspace is spoken with (docs/slack.md)
teams.yaml                optional: which tenant is spoken with (docs/teams.md)
models.yaml               optional: language models, and for which roles (docs/models.md)
repair_times.json         optional: what was learned of how long the field takes
pseudonyms.key            what hides names from models, where one is asked that must not see them
signing.key               what the journal is signed with, unless it is kept elsewhere
signing.key.mark          where the journal last stood, beside the key
journal.sqlite            incidents, plans, approvals, changes, audit chain
checkpoints.sqlite        LangGraph's threads, one per incident in work
knowledge/<network>.sqlite  the knowledge graph of a network, unless NOCTUA_GRAPH names a server
knowledge/<network>.standby  its last snapshot, and what waits to be written to that server
trackers/<network>.json   what was learned of a network
inventories/<network>.json  what is on record of it, for those who only read
locks/                    one file for each process that holds leases
networks/<network>.yaml   which driver opens a network, and how (tools/network/driver.py)
networks/<network>.sqlite an emulated network's own file (its drivers' business, not ours)
traces/<trace id>.jsonl   spans
reports/                  what was written for people
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools.journal.anchors import anchor_file
from tools.journal.holder import LOCKS
from tools.journal.journal import Journal
from tools.journal.reading import open_read_only
from tools.journal.signing_key import KEY_FILE
from tools.journal.watch_notes import note_lines, watch_notes
from twin.errors import BadInput
from twin.nouns.principal import Principal
from twin.nouns.way import Way

if TYPE_CHECKING:
    from tools.change.policy import ApprovalPolicy


KEY_SETTING = "NOCTUA_SIGNING_KEY_FILE"
"""The environment variable that says where the signing key is kept."""


@dataclass(frozen=True, slots=True)
class StateDirectory:
    """The state directory at `path`, which need not be there yet."""

    path: Path

    @property
    def policy_file(self) -> Path:
        """The approval policy of this directory, where it has one."""
        return self.path / "policy.yaml"

    @property
    def on_event_file(self) -> Path:
        """How people are called, where it is set."""
        return self.path / "on_event.yaml"

    @property
    def serve_file(self) -> Path:
        """How the HTTP API is served, where it is set."""
        return self.path / "serve.yaml"

    @property
    def alerts_file(self) -> Path:
        """Whose alerts are taken, where it is set."""
        return self.path / "alerts.yaml"

    @property
    def slack_file(self) -> Path:
        """Which Slack workspace is spoken with, where it is set."""
        return self.path / "slack.yaml"

    @property
    def teams_file(self) -> Path:
        """Which Teams tenant is spoken with, where it is set."""
        return self.path / "teams.yaml"

    @property
    def models_file(self) -> Path:
        """The language models of this directory, where it names some."""
        return self.path / "models.yaml"

    @property
    def repair_times_file(self) -> Path:
        """What was learned of how long the field takes, where something was."""
        return self.path / "repair_times.json"

    @property
    def journal_file(self) -> Path:
        """The journal."""
        return self.path / "journal.sqlite"

    @property
    def signing_key_file(self) -> Path:
        """What the journal is signed with; a relative setting is within this directory."""
        return self.path / Path(os.environ.get(KEY_SETTING) or KEY_FILE).expanduser()

    @property
    def checkpoints_file(self) -> Path:
        """The threads of LangGraph."""
        return self.path / "checkpoints.sqlite"

    @property
    def knowledge(self) -> Path:
        """The folder of the knowledge graphs."""
        return self.path / "knowledge"

    @property
    def trackers(self) -> Path:
        """The folder of what was learned."""
        return self.path / "trackers"

    @property
    def inventories(self) -> Path:
        """The folder of what is on record."""
        return self.path / "inventories"

    @property
    def locks(self) -> Path:
        """The folder in which holders of leases keep their locks."""
        return self.path / LOCKS

    @property
    def networks(self) -> Path:
        """The folder of the networks' files."""
        return self.path / "networks"

    @property
    def traces(self) -> Path:
        """The folder of the spans."""
        return self.path / "traces"

    @property
    def reports(self) -> Path:
        """The folder of what was written for people."""
        return self.path / "reports"

    @property
    def folders(self) -> tuple[Path, ...]:
        """All of them."""
        return (
            self.networks,
            self.trackers,
            self.inventories,
            self.knowledge,
            self.traces,
            self.reports,
            self.locks,
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """Those that are not of one network, incident or process."""
        return (
            self.journal_file,
            self.checkpoints_file,
            self.policy_file,
            self.on_event_file,
            self.serve_file,
            self.alerts_file,
            self.slack_file,
            self.teams_file,
            self.models_file,
            self.repair_times_file,
        )

    def knowledge_file(self, network: str) -> Path:
        """The knowledge graph of `network`."""
        return self.knowledge / f"{network}.sqlite"

    def tracker_file(self, network: str) -> Path:
        """What was learned of `network`."""
        return self.trackers / f"{network}.json"

    def inventory_file(self, network: str) -> Path:
        """What is on record of `network`."""
        return self.inventories / f"{network}.json"

    def network_file(self, network: str) -> Path:
        """The emulated network of that name."""
        return self.networks / f"{network}.sqlite"

    def network_description(self, network: str) -> Path:
        """Which driver opens the network; an emulated one may do without."""
        return self.networks / f"{network}.yaml"

    def journal(self) -> Journal:
        """The journal, open for reading and writing.

        Raises:
            BadInput: nothing has run in this directory.
        """
        return Journal.open(self._existing_journal(), self.signing_key_file)

    def made_journal(self) -> Journal:
        """As `journal`, and a missing one is made."""
        return Journal.open(self.journal_file, self.signing_key_file)

    def read_only_journal(self) -> Journal:
        """The journal, of which only what reads may be called; it may lie where nobody can write.

        Raises:
            BadInput: nothing has run in this directory.
        """
        return open_read_only(self._existing_journal(), self.signing_key_file)

    def vouch_for_journal(self, by: Principal, reason: str) -> None:
        """A person vouches for the journal as it stands; see `Journal.vouch`.

        Raises:
            BadInput: nothing has run in this directory, or the key cannot be read.
        """
        Journal.vouch(self._existing_journal(), by, reason, self.signing_key_file)

    def _existing_journal(self) -> Path:
        file = self.journal_file
        if not file.is_file():
            self._require_nobody_watches(file)
            raise BadInput(
                f'"{self.path}" is not a state directory (it has no {file.name}); start with '
                "`noctua demo`, or with `noctua stage FILE` for a network of your own, or name "
                "another",
                way=Way(state="DIRECTORY"),
            )
        if not file.stat().st_size:
            raise BadInput(f"{file} is empty; put the last good copy in its place")
        return file

    def _require_nobody_watches(self, file: Path) -> None:
        """Where a watch runs, its own words say better what has become of its `file`."""
        if notes := watch_notes(self.path).values():
            told = " ".join(line for note in notes for line in note_lines(note))
            raise BadInput(f"{file} is not there, and a watch is running. {told}".rstrip())

    def require_journal(self) -> None:
        """Refuse to replace a journal that has gone: it alone knows what was changed.

        Raises:
            BadInput: there is none, or an empty one, and incidents were operated here.
        """
        file = self.journal_file
        if file.exists() and file.stat().st_size:
            return
        if self.checkpoints_file.exists() or any(self.trackers.glob("*.json")):
            raise BadInput(
                f"{file} is missing or empty, and incidents were operated here; put the last good "
                "copy there, or begin in another state directory"
            )

    def anchor_file(self) -> Path | None:
        """Where the head of the audit log is written as well, None: nowhere. Raises BadInput."""
        # The policy that ships names none, and reading it takes whoever answers longer than that.
        if not self.policy_file.exists():
            return None
        return anchor_file(self.path, self.policy().audit.anchor_file)

    def policy(self) -> "ApprovalPolicy":
        """The approval policy of this directory, or the one that ships. Raises BadInput."""
        # Whoever only reads or answers does without it; it is the gate's.
        from tools.change.policy import default_policy, load_policy

        return load_policy(self.policy_file) if self.policy_file.exists() else default_policy()


def make_folder(folder: Path) -> None:
    """Make `folder` with its parents. Raises BadInput if it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise BadInput(
            f"{folder} cannot be made ({exc.strerror}); name a writable place",
            way=Way(state="DIRECTORY"),
        ) from exc
