"""What is written in several ways is read in one."""

import pytest

from agents.playbook.conversation.spelling import respelled


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("what happend at NODE0", "what happened at NODE0"),
        ("is NODE0 completly down", "is NODE0 completely down"),
        ("is it safe to decommision LINK0", "is it safe to take LINK0 down"),
        # Another form of a word is no wrong one, and a short word is not corrected.
        ("NODE0 links", "NODE0 links"),
        ("the cass of it", "the cass of it"),
        ("tomorrow morning 5-7", "tomorrow 05:00-07:00"),
        ("this evening between 6 and 8", "18:00-20:00"),
        ("LINK0 is slow since about 20 min", "LINK0 is slow in the last 20 min"),
        ("double LINK0 to 40g", "upgrade LINK0 to 40g"),
        ("upgrade LINK0 to 200", "upgrade LINK0 to 200 g"),
        ("the best 3 hour window for LINK0", "the best window for 3 hours for LINK0"),
        ("while LINK0 is already in maintenance", "while LINK0 is down"),
        (
            "if i built a new 100 gig link NODE0 to NODE1",
            "if i add link NODE0 to NODE1 with 100g",
        ),
        ("how much would it take off LINK0", "how much would it relieve of LINK0"),
        # What operators say.
        ("wanna bounce LINK0 at 2200", "want to take down LINK0 at 22:00"),
        ("cost out LINK0 to 500", "set the weight of LINK0 to 500"),
        ("bump LINK0 from 20 to 40g", "upgrade LINK0 to 40g"),
        ("if we cut LINK0 back to 120g", "if we reduce LINK0 to 120g"),
        ("anything north of 70", "anything over 70 %"),
        ("25 % yoy", "25 % a year"),
        ("half the members of LINK0 fail", "link LINK0 at 50 %"),
        ("sit on our hands", "do nothing"),
        ("traffic were 15 % higher", "traffic were 15 % higher"),
        ("NODE0 goes dark", "NODE0 goes dark"),
        ("NODE0 goin dark for power works", "NODE0 fails for power works"),
        ("hands on in LINK0 tonight", "maintenance on LINK0 tonight"),
        # What is built or changed.
        (
            "put a new node heilbronn between NODE0 and NODE1 , 100g each leg",
            "add node heilbronn at NODE0 , NODE1 with 100g",
        ),
        (
            "rostock as a new pop between NODE0 and NODE1 , 40g each leg , dual homed",
            "add node rostock at NODE0 , NODE1 with 40g",
        ),
        ("a new link NODE0 NODE1 100 gig", "add link NODE0 to NODE1 with 100 gig"),
        ("new dark fibre offer NODE0 NODE1 100g", "add link NODE0 to NODE1 with 100g"),
        ("add 50g direct NODE0 NODE1", "add link NODE0 to NODE1 with 50g"),
        ("shrink LINK0 to 30", "shrink LINK0 to 30 g"),
        ("LINK0 to 40g or LINK1 to 60", "LINK0 to 40g or LINK1 to 60 g"),
        ("upgrade LINK0 from 20 to 60", "upgrade LINK0 to 60 g"),
        # Hours by digits.
        ("next week mo 2-5 am", "next week monday 02:00-05:00"),
        ("02-04 tmrw", "tomorrow 02:00-04:00"),
        ("sunday 0100-0500", "sunday 01:00-05:00"),
        ("23h to 1h", "23:00-01:00"),
        ("2-3 links", "2-3 links"),
        ("NODE0 gets dug up", "NODE0 fails"),
    ],
)
def test_what_is_written_in_another_way_is_read_alike(line: str, read: str) -> None:
    assert respelled(line) == read
