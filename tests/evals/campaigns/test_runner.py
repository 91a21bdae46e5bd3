"""A real campaign of a tiny game: killed, resumed, sliced, with plays that raise and that die."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from evals.campaigns.campaign import Slice, Spec, find_campaign, load_spec, parse_slice
from evals.campaigns.records import RecordFile, read_records
from evals.campaigns.runner import run_campaign
from tests.evals.campaigns.tiny import CAMPAIGN, Answer, Play, TinyRecord
from twin.errors import BadInput

ROOT = Path(__file__).resolve().parents[3]
SPEC = load_spec(CAMPAIGN)
PLAYS = CAMPAIGN.plays(SPEC)


def _noctua(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command line, in a process of its own."""
    start = "from channels.cli.app import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", start, "campaign", "tests.evals.campaigns.tiny", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _records(path: Path) -> list[TinyRecord]:
    return read_records(CAMPAIGN.name, CAMPAIGN.record, [path])


def _older(path: Path, *plays: Play) -> None:
    """What another commit would have recorded of `plays`."""
    with RecordFile(CAMPAIGN.name, CAMPAIGN.record, path) as file:
        for play in plays:
            outcome = Answer(right=False, process=0)
            file.append(
                TinyRecord(campaign="tiny", play=play, commit="older", cpu_s=0.5, outcome=outcome)
            )


@pytest.mark.slow
def test_killed_campaign_goes_on_and_records_each_play_once(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    killed = _noctua("--out", str(path), SLOW_S="0.2")
    while killed.poll() is None and (not path.exists() or path.read_text("utf-8").count("\n") < 5):
        time.sleep(0.02)
    # Stopped first, so that its worker processes have played and wait for it when it dies.
    killed.send_signal(signal.SIGSTOP)
    time.sleep(1.0)
    killed.kill()
    # They hold the other ends of these pipes until they end, too.
    killed.communicate()
    assert killed.returncode == -9
    before = path.read_bytes()
    assert 5 <= before.count(b"\n") < len(PLAYS)
    # As if it had been killed while it wrote the next line.
    path.write_bytes(before + before[: before.index(b"\n") // 2])

    resumed = _noctua("--out", str(path))
    table, _ = resumed.communicate()
    assert resumed.returncode == 0
    lines = path.read_bytes()
    assert lines.startswith(before)
    assert lines.count(b"\n") == len(PLAYS)
    assert Counter(r.play for r in _records(path)) == Counter(PLAYS)

    assert table == f"{CAMPAIGN.table(_records(path))}\n"
    assert "| right | 12 / 12 | 0.74 to 1.00 |" in table


@pytest.mark.slow
def test_play_that_raises_or_whose_process_dies_is_recorded_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    ended = _noctua("--out", str(path), "--seeds", "2", RAISE="sum", DIE="product")
    table, _ = ended.communicate()
    assert ended.returncode == 1
    errors = {(r.play.case, r.play.arm): r for r in _records(path)}
    assert len(_records(path)) == 8
    raised, died = errors["sum", "careless"], errors["product", "careless"]
    assert raised.error == f"ArithmeticError: seed {raised.play.seed} cannot be worked out"
    assert "in _play" in raised.trace
    assert (died.error, died.cpu_s, died.outcome) == ("the worker process died", None, None)
    assert not errors["sum", "right"].error
    assert "| careless | 0 / 4 |" in table
    assert "| right | 4 / 4 |" in table
    assert "4 of 8 plays raised an error, and count as wrong" in table
    # What has failed is recorded like any other play, and is not played again.
    run_campaign(CAMPAIGN, load_spec(CAMPAIGN, seeds=2), path)
    assert len(_records(path)) == 8


@pytest.mark.slow
def test_slices_partition_the_plays_and_together_give_the_whole_table(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jsonl" for number in (1, 2, 3)]
    for number, path in enumerate(paths, start=1):
        run_campaign(CAMPAIGN, SPEC, path, Slice(number=number, of=3), processes=1)
    whole = tmp_path / "whole.jsonl"
    run_campaign(CAMPAIGN, SPEC, whole)
    assert Counter(r.play for path in paths for r in _records(path)) == Counter(PLAYS)
    assert [len(_records(path)) for path in paths] == [8, 8, 8]
    for path in paths:
        arms = Counter((r.play.case, r.play.seed) for r in _records(path))
        assert set(arms.values()) == {2}, "both arms of a case and seed"
    merged = read_records(CAMPAIGN.name, CAMPAIGN.record, paths)
    assert CAMPAIGN.table(merged) == CAMPAIGN.table(_records(whole))


def test_table_of_plays_of_several_commits_says_so(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    _older(path, *PLAYS[:3])
    run_campaign(CAMPAIGN, load_spec(CAMPAIGN, seeds=2), path)
    table = CAMPAIGN.table(_records(path))
    assert "code of several commits mixed: " in table
    assert "older (3 plays)" in table
    assert "mixed" not in CAMPAIGN.table([r for r in _records(path) if r.commit == "older"])


def test_two_processes_do_not_play_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    with (
        RecordFile(CAMPAIGN.name, CAMPAIGN.record, path),
        pytest.raises(BadInput, match="another process writes its records there"),
    ):
        run_campaign(CAMPAIGN, SPEC, path)
    assert path.read_bytes() == b""


def test_records_tell_processor_seconds_and_commit(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    # A seed that is named twice is played once.
    run_campaign(CAMPAIGN, load_spec(CAMPAIGN, seeds=(1, 1)), path, processes=1)
    assert path.read_bytes().count(b"\n") == 4
    for record in _records(path):
        assert record.commit
        assert record.cpu_s is not None
        assert record.cpu_s >= 0.0


def test_later_plays_are_listed_from_what_is_recorded(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    spec = load_spec(CAMPAIGN, seeds=1)
    first, *others = CAMPAIGN.plays(spec)
    listed = []

    def later(_: Spec, known: Mapping[Play, TinyRecord]) -> list[Play]:
        listed.append(len(known))
        return others if first in known else []

    staged = replace(CAMPAIGN, plays=lambda _: [first], later=later)
    run_campaign(staged, spec, path, processes=1)
    assert listed == [0, 1, 4]
    assert len(_records(path)) == 4


# Files of records


def test_torn_last_line_is_dropped_and_what_was_whole_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    _older(path, *PLAYS[:2])
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert [r.play for r in _records(path)] == [PLAYS[0]]
    with RecordFile(CAMPAIGN.name, CAMPAIGN.record, path) as file:
        assert list(file.known) == [PLAYS[0]]
    _older(path, PLAYS[1])
    assert path.read_bytes() == whole


def test_file_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    path.write_text("a page\n", "utf-8")
    with pytest.raises(BadInput, match=r"records.jsonl:1: no record of the campaign tiny"):
        run_campaign(CAMPAIGN, SPEC, path)
    assert path.read_text("utf-8") == "a page\n"
    _older(other := tmp_path / "other.jsonl", PLAYS[0])
    other.write_text(other.read_text("utf-8").replace('"tiny"', '"large"'), "utf-8")
    with pytest.raises(BadInput, match="a record of the campaign large, not of tiny"):
        _records(other)
    with pytest.raises(BadInput, match="cannot be read as records"):
        _records(tmp_path / "none.jsonl")
    with pytest.raises(BadInput, match="records cannot be written there"):
        run_campaign(CAMPAIGN, SPEC, tmp_path)


def test_play_in_two_files_counts_once_unless_two_commits_played_it(tmp_path: Path) -> None:
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    _older(one, *PLAYS[:2])
    _older(two, *PLAYS[1:3])
    merged = read_records(CAMPAIGN.name, CAMPAIGN.record, [one, two])
    assert Counter(r.play for r in merged) == Counter(PLAYS[:3])
    two.write_text(two.read_text("utf-8").replace("older", "newer"), "utf-8")
    with pytest.raises(BadInput, match="was played by newer, and by older in a file before"):
        read_records(CAMPAIGN.name, CAMPAIGN.record, [one, two])


# Specifications


def test_number_of_seeds_stands_for_one_up_to_it() -> None:
    assert SPEC.seeds == (1, 2, 3, 4, 5, 6)
    assert load_spec(CAMPAIGN, seeds=(101, 103), arms=None).seeds == (101, 103)
    assert load_spec(CAMPAIGN, seeds=2).arms == ("right", "careless")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("cases: [sum]\narms: [right]\nseeds: many", '"seeds": '),
        ("cases: [sum]\narms: [right]\nseeds: 1\nseed: 2", '"seed": Extra inputs'),
        ("cases: [sum]\narms: [right]", '"seeds": Field required'),
        ("[", "is not YAML"),
        ("5", "cannot be read as a specification"),
    ],
)
def test_wrong_specification_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(BadInput, match=f"mine.yaml: {complaint}"):
        load_spec(CAMPAIGN, file)


def test_slices_and_campaigns_are_named_as_people_write_them() -> None:
    assert parse_slice("2/3") == Slice(number=2, of=3)
    for wrong in ("0/3", "4/3", "1", "/", "a/b", "-1/2"):
        with pytest.raises(BadInput, match="a slice is one of its number"):
            parse_slice(wrong)
    assert find_campaign("tests.evals.campaigns.tiny") is CAMPAIGN
    assert find_campaign("healthy").name == "healthy"
    for nothing in ("nothing", "no.where", "evals.stage"):
        with pytest.raises(BadInput, match=f'no campaign "{nothing}"'):
            find_campaign(nothing)
