"""Files of tickets: what is read, and what is refused with the line where it stands."""

import json

import pytest

from twin.errors import BadInput
from twin.nouns.ticket import Ticket
from twin.nouns.untrusted import UntrustedText
from twin.sources.tickets import LONGEST_TEXT, MOST_TICKETS, TicketFile, read_tickets

SEVEN_PM_S = 1_772_564_400.0
"""2026-03-03 19:00 UTC."""


def test_csv_is_read_in_order_of_time_whatever_other_columns_there_are() -> None:
    text = (
        "Priority,ID,Time,Text\n"
        '2,TT-2,2026-03-03T20:00+01:00,"cut, at\nthe ""bridge"""\n'
        "1,TT-1,1700000000,power\n"
    )
    assert read_tickets(text, "tickets.csv") == TicketFile(
        (
            Ticket("TT-1", 1_700_000_000.0, UntrustedText("power")),
            Ticket("TT-2", SEVEN_PM_S, UntrustedText('cut, at\nthe "bridge"')),
        )
    )


@pytest.mark.parametrize("form", ["lines", "list"])
def test_json_is_read_as_lines_and_as_a_list(form: str) -> None:
    rows = [
        {"id": "TT-1", "time": "2026-03-03 19:00", "text": "cut"},
        {"id": 2, "time": SEVEN_PM_S + 60, "text": "", "closed": None},
    ]
    text = json.dumps(rows) if form == "list" else "\n".join(map(json.dumps, rows))
    assert read_tickets(text, "tickets.json") == TicketFile(
        (
            Ticket("TT-1", SEVEN_PM_S, UntrustedText("cut")),
            Ticket("2", SEVEN_PM_S + 60, UntrustedText("")),
        )
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the header has no id; expected id,time,text"),
        ("id,time\nT,1\n", "the header has no text"),
        ("id,time,text\nT,yesterday,x\n", 't.csv, line 2: time: "yesterday" is not a time'),
        ("id,time,text\n,1,x\n", "t.csv, line 2: id: is empty"),
        ("id,time,text\nT,1\n", "t.csv, line 2: 2 fields, and 3 in the header"),
        ("id,time,text\nT\x1b[2J,1,x\n", "t.csv, line 2: the id has characters"),
        ("id,time,text\n" + "T" * 65 + ",1,x\n", "t.csv, line 2: id"),
        (
            "id,time,text\nT,1," + "x" * (LONGEST_TEXT + 1) + "\n",
            "t.csv, line 2: text: has more than 100,000",
        ),
        ("id,time,text\nT,1," + "x" * 200_000 + "\n", "t.csv, line 2: not CSV"),
        ('{"id": "T", "time": NaN, "text": ""}', "t.csv, line 1: time"),
        ('{"id": "T", "time": 1, "text": 5e400}', "t.csv, line 1: text"),
        ('{"id": "T",\n', "t.csv, line 1: not JSON"),
        ("[" * 100_000, "t.csv"),
        ('{"a":' * 100_000, "t.csv, line 1: not JSON"),
        ("[1]", "t.csv, entry 1: no object with id, time, text"),
        ('{"id": "T"}', "t.csv, line 1: time: is missing; text: is missing"),
    ],
)
def test_what_is_no_ticket_is_refused_with_the_line(text: str, told: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_tickets(text, "t.csv")
    assert told in str(refused.value)


def test_rows_that_are_no_tickets_are_left_out_and_told_each() -> None:
    text = (
        "id,time,text\n"
        "TT-1,1700000000,power\n"
        "TT-2,soon,x\n"
        "TT-3,1700000000\n"
        "TT-1,1700000060,again\n"
        ",tomorrow,x\n"
        "TT-4,1700000060,cut\n"
    )
    file = read_tickets(text, "t.csv")
    assert [(ticket.id, ticket.text.raw) for ticket in file.tickets] == [
        ("TT-1", "power"), ("TT-4", "cut"),
    ]  # fmt: skip
    assert file.left_out == (
        't.csv, line 3: time: "soon" is not a time',
        "t.csv, line 4: 2 fields, and 3 in the header",
        't.csv, line 5: ticket "TT-1" stands there twice',
        't.csv, line 6: id: is empty; time: "tomorrow" is not a time',
    )
    lines = '{"id": 1, "time": 1, "text": "a"}\nTT-2\n[2]\n{"id": 3, "time": 2, "text": "b"}'
    file = read_tickets(lines, "t.json")
    assert [ticket.id for ticket in file.tickets] == ["1", "3"]
    assert [row.partition(": ")[0] for row in file.left_out] == ["t.json, line 2", "t.json, line 3"]


def test_file_of_which_no_row_is_a_ticket_says_so_with_the_first_of_them() -> None:
    text = "id,time,text\n" + "".join(f"T{i},soon,x\n" for i in range(7))
    with pytest.raises(BadInput) as refused:
        read_tickets(text, "t.csv")
    assert "none of its rows is a ticket (t.csv, line 2: time" in str(refused.value)
    assert "; and 4 more); a ticket has an id" in str(refused.value)


def test_more_tickets_than_anybody_reads_are_refused() -> None:
    text = "id,time,text\n" + "".join(f"T{i},1,x\n" for i in range(MOST_TICKETS + 1))
    with pytest.raises(BadInput, match=r"more than 20,000 tickets"):
        read_tickets(text, "t.csv")
