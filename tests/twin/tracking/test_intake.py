"""What devices say is counted by source and kept in bounds, whatever arrives."""

import json

from tests.twin.tracking.square import START_S, adjacency, topology
from twin.nouns.telemetry import ConfigurationEvent, SyslogLine
from twin.nouns.untrusted import UntrustedText
from twin.tracking.intake import LINES_PER_NODE, LONGEST_LINE, Intake


def _line(node: str, text: str, after_s: float = 0.0) -> SyslogLine:
    time_s = START_S + after_s
    return SyslogLine(time_s, time_s, node, UntrustedText(text))


def _commit(node: str) -> ConfigurationEvent:
    return ConfigurationEvent(START_S, START_S, node, UntrustedText("x"), UntrustedText("y"))


def _fed(*lines: SyslogLine) -> Intake:
    intake = Intake(topology())
    for line in lines:
        assert intake.admit(line, START_S)
        intake.keep_line(line)
    return intake


def _texts(intake: Intake, node: str) -> list[str]:
    return [kept.line.text.raw for kept in intake.lines_of(node)]


def test_node_that_babbles_pushes_out_its_own_lines_and_nobody_elses() -> None:
    babble = [_line("A", f"line {i}") for i in range(1000)]
    intake = _fed(_line("B", "one that matters"), *babble)
    assert _texts(intake, "B") == ["one that matters"]
    assert _texts(intake, "A") == [f"line {i}" for i in range(1000 - LINES_PER_NODE, 1000)]
    assert intake.tally_of("A").shed == 1000 - LINES_PER_NODE
    assert intake.tally_of("B").shed == 0


def test_line_that_is_said_again_is_one_line_that_counts_and_is_the_latest() -> None:
    intake = _fed(_line("A", "again"), _line("A", "once"), _line("A", "again", 30.0))
    once, again = intake.lines_of("A")
    assert (once.line.text.raw, once.times) == ("once", 1)
    assert (again.line.text.raw, again.times, again.line.time_s) == ("again", 2, START_S + 30)
    assert (intake.tally_of("A").received, intake.tally_of("A").folded) == (3, 1)


def test_long_line_is_kept_in_part() -> None:
    assert _texts(_fed(_line("A", "x" * 10**6)), "A") == ["x" * LONGEST_LINE]


def test_what_is_not_on_record_is_counted_under_one_heading_with_a_few_examples() -> None:
    intake = Intake(topology())
    for i in range(500):
        assert not intake.admit(_line(f"ghost {i}", "boo"), START_S)
        assert not intake.admit(_commit(f"ghost {i}"), START_S)
        assert not intake.admit(adjacency(START_S, "A", f"L{i}", up=False), START_S)
        assert not intake.admit(adjacency(START_S, "C", "A-B", up=False), START_S)
    summary = intake.summary()
    assert (summary.received, summary.unknown) == (2000, 2000)
    assert len(summary.examples) == 8
    assert "«ghost 0»" in summary.examples
    assert "«C on A-B»" in summary.examples
    assert summary.noisiest == ""
    assert len(json.dumps(intake.dump())) < 1000


def test_example_of_an_unknown_name_is_short_and_harmless_to_print() -> None:
    intake = Intake(topology())
    intake.admit(_line("\x1b[2J" + "x" * 10**6, ""), START_S)
    intake.admit(adjacency(START_S, "y" * 10**6, "z" * 10**6, up=False), START_S)
    assert all(len(e) <= 82 and "\x1b" not in e for e in intake.summary().examples)


def test_summary_is_the_sum_over_all_sources_and_names_the_noisiest() -> None:
    intake = _fed(_line("A", "one"), _line("B", "one"), _line("B", "one"), _line("B", "two"))
    intake.count_late("A")
    summary = intake.summary()
    assert (summary.received, summary.folded, summary.late, summary.unknown) == (4, 1, 1, 0)
    assert (summary.noisiest, summary.noisiest_received) == ("B", 3)


def test_counts_survive_a_restart_and_a_node_that_is_gone_is_left_out() -> None:
    intake = _fed(_line("A", "one"), _line("D", "one"))
    intake.admit(_commit("ghost"), START_S)
    kept = json.loads(json.dumps(intake.dump()))
    smaller = Intake(topology(ends=(("A", "B"),), nodes=("A", "B")), kept)
    summary = smaller.summary()
    assert (summary.received, summary.unknown, summary.examples) == (2, 1, ("«ghost»",))
