"""Whatever the grammar can read is answered or declined: no pattern leads into the open."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.loop.minds import Minds
from agents.loop.role import Mind
from agents.playbook.conversation.grammar import shipped_data
from agents.playbook.conversation.reading import grammar
from agents.playbook.policies import playbook
from evals.questions.staging import SCENES, stage_history
from graphs.conversation import Conversation, Source
from graphs.inventory_file import kept_inventory
from graphs.state_directory import StateDirectory
from tests.made_once import past

NAMES = {
    "node": ("ATLAng", "CHINng"),
    "link": ("ATLAng-HSTNng", "CHINng-IPLSng", "DNVRng-KSCYng"),
    "service": ("svc-003",),
    "incident": ("abilene-0001",),
    "plan": ("abilene-0001.mitigate1",),
    "thing": ("CHG-1",),
    "class": ("VoIP",),
    "time": ("18:00", "peak"),
    "number": ("7",),
    "what": ("links",),
}
SIGNS = {"[": "]", "(": ")"}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of Abilene, whose incident is over."""
    return past(tmp_path_factory)


@pytest.fixture(scope="module")
def talk(state: Path) -> Conversation:
    """About it, all questions in one conversation."""
    talk = _talk(state, SCENES[0].name)
    inventory = kept_inventory(StateDirectory(state), SCENES[0].name)
    assert inventory is not None
    NAMES["customer"] = (inventory.services[0].customer,)
    NAMES["group"] = tuple(g.id for g in inventory.topology.shared_risk_groups) or NAMES["link"]
    return talk


def _talk(state: Path, network: str) -> Conversation:
    inventory = kept_inventory(StateDirectory(state), network)
    assert inventory is not None
    source = Source(StateDirectory(state), network, lambda: inventory)
    return Conversation(source, lambda _: Minds([Mind("playbook", playbook(), foreign=False)]))


def _said(pattern: str, parts: dict[str, str], rng: random.Random) -> list[str]:
    """One of the questions that `pattern` stands for."""
    pieces = iter(grammar().pieces(pattern))
    return _some(pieces, "", parts, rng)


def _some(pieces: Iterator[str], end: str, parts: dict[str, str], rng: random.Random) -> list[str]:
    ways: list[list[str]] = [[]]
    for piece in pieces:
        if piece == end:
            break
        if piece == "|":
            ways.append([])
        elif piece in SIGNS:
            inner = _some(pieces, SIGNS[piece], parts, rng)
            ways[-1] += inner if piece == "(" or rng.random() < 0.4 else []
        elif piece.startswith("{"):
            ways[-1] += _said(parts[piece[1:-1]], parts, rng)
        elif piece.startswith("<"):
            name, _, kind = piece[1:-1].partition(":")
            ways[-1].append(rng.choice(NAMES[kind or name]))
        else:
            ways[-1].append(piece)
    return rng.choice(ways)


@pytest.mark.slow
def test_every_pattern_is_answered_or_declined(talk: Conversation) -> None:
    data, rng = shipped_data(), random.Random(7)
    declined: dict[str, int] = {}
    for intent, patterns in data["intents"].items():
        for pattern in patterns:
            question = " ".join(_said(pattern, data["parts"], rng))
            reply = talk.ask(question)
            assert reply.declined or reply.citations, question
            assert "several ways" not in reply.text, question
            declined[intent] = declined.get(intent, 0) + reply.declined
    assert declined.pop("command") == len(data["intents"]["command"])
    understood = 1 - sum(declined.values()) / sum(map(len, data["intents"].values()))
    assert understood > 0.9, declined


@pytest.mark.slow
@pytest.mark.parametrize(
    "question",
    [
        "which services go over CHINng-IPLSng, i have a bad feeling",
        "worst five links by utilisation pls",
        "handover for the night shift, what happened since 18:00",
    ],
)
def test_word_that_means_nothing_here_is_named_wherever_it_stands(
    talk: Conversation, question: str
) -> None:
    assert not talk.ask(question).declined
    words = question.split()
    for at in range(len(words) + 1):
        reply = talk.ask(" ".join([*words[:at], "quokka", *words[at:]]))
        first = reply.text.partition(".")[0]
        if not reply.declined and "quokka" not in first:
            assert "What you ask with «quokka»" in reply.text, reply.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("which links run hot if CHINng-IPLSng fails gracefully", "«gracefully». Taken as: "),
        ("who is hit if CHINng-IPLSng fails and how do they juggle", "with «juggle» I leave open"),
    ],
)
def test_what_is_left_out_of_an_answer_is_named_in_it(
    talk: Conversation, question: str, said: str
) -> None:
    reply = talk.ask(question)
    assert not reply.declined, reply.text
    assert said in reply.text


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("What links does Chicago have?", "«chicago»"),
        ("How busy is CHINng-LOSAng?", "No link joins"),
        ("Drain CHINng-IPLSng", "I only look and never change anything"),
        ("What happens if CHINng-IPLSng fails and it rains?", "world outside of the network"),
        ("What happens if the weight of CHINng-IPLSng at LOSAng is set to 7?", "does not end at"),
        ("What happens if the weight of CHINng-IPLSng is set to 70000?", "No interface takes"),
        ("List the 50 busiest links", "busiest twenty"),
    ],
)
def test_decline_says_why(talk: Conversation, question: str, why: str) -> None:
    reply = talk.ask(question)
    assert reply.declined
    assert why in reply.text


@pytest.mark.parametrize(
    ("questions", "said"),
    [
        (("How busy is CHINng-IPLSng?", "Why was it drained?"), "drained CHINng--IPLSng"),
        (("Is CHINng-IPLSng up?", "How busy is it?"), "CHINng--IPLSng is loaded"),
        (("How busy is CHINng-IPLSng?", "ATLAng-HSTNng?"), "ATLAng--HSTNng is loaded"),
        (("CHINng-IPLSng: how loaded is it?",), "CHINng--IPLSng is loaded"),
        (("How was the incident fixed?", "Why?"), "was chosen because"),
        (("Did you drain CHINng-IPLSng?",), "No plan of abilene-0001 drained"),
        (("Why did CHINng-IPLSng fail?",), "is not down now"),
        (("Who rejected the plan?",), "Nobody has rejected"),
        (("When did it begin and who approved it?",), "«erin»"),
        (("What happens if CHINng-IPLSng fails at 8 in the evening?",), "20:00:00"),
        (("How busy is CHINng|CHINng--IPLSng?",), "from CHINng to IPLSng"),
        (("How busy is CHINng[CHINng--IPLSng]?",), "from CHINng to IPLSng"),
        (
            ("What happens if the weight of CHINng|CHINng--IPLSng is set to 20?",),
            "the weight of CHINng--IPLSng from CHINng is set to 20",
        ),
        (("Is CHINng|CHINng--IPLSng up?", "How busy is it?"), "CHINng--IPLSng is loaded"),
    ],
)
def test_question_is_read_in_its_context(
    state: Path, questions: tuple[str, ...], said: str
) -> None:
    talk = _talk(state, SCENES[0].name)
    reply = [talk.ask(question) for question in questions][-1]
    assert not reply.declined
    assert said in reply.text


@pytest.mark.parametrize(
    "questions",
    [
        ("How busy is CHINng-IPLSng?", "Why?"),
        ("What links does ATLAng have?", "Who approved it?"),
        ("Which links are down and drained?",),
        ("What happens if CHINng-IPLSng fails at 13:00 in the morning?",),
    ],
)
def test_question_that_could_mean_something_else_is_declined(
    state: Path, questions: tuple[str, ...]
) -> None:
    talk = _talk(state, SCENES[0].name)
    assert [talk.ask(question) for question in questions][-1].declined


@pytest.mark.slow
def test_what_is_so_already_is_said_to_change_nothing(tmp_path: Path) -> None:
    sprint = SCENES[1]
    stage_history(tmp_path, sprint)
    reply = _talk(tmp_path, sprint.name).ask("What happens if Cheyenne-Kansas City fails?")
    assert "which is so already and changes nothing" in reply.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said"),
    [
        (
            "just sat down, anything red i should know about?",
            ("how the network is now", "Nothing waits for approval"),
        ),
        (
            "can i take CHINng-IPLSng down tonight 01:00-04:00, and who do I have to tell?",
            ("CHINng--IPLSng fails, from", "01:00:00 UTC", "04:00:00 UTC", "By the twin, that is"),
        ),
        (
            "chinng router reload, whats the damage",
            ("what happens if CHINng fails", "services would newly be in breach"),
        ),
        (
            "works on both CHINng-IPLSng + ATLAng-HSTNng at the same time, ok?",
            ("CHINng--IPLSng fails and ATLAng--HSTNng fails", "from"),
        ),
        (
            "whats better tonight: work on CHINng-IPLSng or on ATLAng-HSTNng?",
            ("if CHINng--IPLSng fails, from", "if ATLAng--HSTNng fails, from"),
        ),
        ("Can I drain CHINng?", ("what happens if node CHINng is drained",)),
        (
            "If I set the OSPF cost of CHINng-IPLSng to 100, how does traffic shift?",
            ("the weight of CHINng--IPLSng is set to 100 both ways",),
        ),
        (
            "If traffic grows 20% by christmas where do we run out first?",
            ("all traffic times 1.2", "After any single link failure"),
        ),
        ("how much headroom left on CHINng-IPLSng at peak", ("free ", "nothing failing")),
        ("Are we still N-1 safe?", ("every failure of a single link", "of 15")),
        ("How sure are you, and what would change your mind?", ("with a probability of",)),
        ("What would happen if we did nothing?", ("by the forecast of abilene-0001",)),
        ("Is there a way back documented for the last change?", ("way back:",)),
        ("did anybody change the metrics around NYCMng?", ("IGP weights at NYCMng now",)),
        ("show me the running config of the NYCMng box", ("what is intended",)),
        ("who signed off on the reroute, really?", ("«erin» (approve",)),
        ("rtt ATLAng STTLng atm?", ("there and back",)),
        ("do you see CHINng-IPLSng and ATLAng-HSTNng in the same trench?", ("do not share",)),
        ("how many services do go through CHINng?", ("end at CHINng or may pass it",)),
        ("how much outage can svc-001 still have this month", ("which allows", "which leaves")),
        ("At what time of day is the network the most quiet?", ("04:00 UTC",)),
        (
            "what if CHINng-IPLSng fails and STTLng is drained?",
            ("CHINng--IPLSng fails and node STTLng is drained",),
        ),
        (
            "we drain CHINng and ATLAng-HSTNng is down, who is hit?",
            ("node CHINng is drained and ATLAng--HSTNng fails",),
        ),
        (
            "if we add 100G to CHINng-IPLSng and demand grows 20 %, what happens?",
            ("CHINng--IPLSng carries 300G", "all of it times 1.2"),
        ),
        (
            "CHINng-IPLSng fails and ATLAng-HSTNng gets a cost of 100, who is hit",
            ("CHINng--IPLSng fails and the weight of ATLAng--HSTNng is set to 100",),
        ),
        (
            "what happens if we build a link ATLAng-NYCMng with 40G at peak",
            ("a link of 40G is built between ATLAng and NYCMng",),
        ),
        (
            "during 02:00-04:00 what if CHINng-IPLSng is out",
            ("CHINng--IPLSng fails, from", "02:00:00 UTC to", "04:00:00 UTC by"),
        ),
        (
            "Which way does traffic from NYCMng to CHINng take if IPLSng fails?",
            ("if IPLSng fails", "Then: From NYCMng to CHINng: NYCMng → CHINng"),
        ),
        (
            "is it ok to work on CHINng-IPLSng tonight, also if one more link fails?",
            ("The forecast calls it", "Should one more link fail meanwhile, the worst is link"),
        ),
        (
            "when is the best time for 2 hours of work on CHINng-IPLSng",
            ("demand is lowest from 04:00 UTC on", "CHINng--IPLSng fails, from"),
        ),
        (
            "when is CHINng-IPLSng full at 30% per year if ATLAng-HSTNng is down",
            ("30 % more each year, ATLAng--HSTNng fails", "times that traffic, in"),
        ),
        ("how far can all traffic grow before the first link is over 80%", ("come to 80 %",)),
        ("is there room for 15% more?", ("all traffic times 1.15",)),
        (
            "Are there two disjoint paths between CHINng and LOSAng?",
            ("Two that share no link and no node", "Two that share no link:"),
        ),
        ("does 15G more from CHINng to LOSAng fit?", ("15 Gbit/s more each way", "free ")),
        ("which link should we upgrade first?", ("full first at the peak hour",)),
        (
            "What happens if CHINng-IPLSng fails and is ATLAng-HSTNng busy?",
            ("if CHINng--IPLSng fails", "Offered load: ATLAng--HSTNng"),
        ),
    ],
)
def test_question_as_it_is_typed_is_answered_by_what_it_names(
    talk: Conversation, question: str, said: tuple[str, ...]
) -> None:
    reply = talk.ask(question)
    assert not reply.declined, reply.text
    assert "Taken as: " in reply.text
    assert [s for s in said if s not in reply.text] == [], reply.text


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("which customers do not notice when CHINng is lost, roughly?", "«not»"),
        ("what breaks if CHINng-IPLSng fails unless ATLAng-HSTNng is up", "«unless»"),
        (
            "impact when CHINng fails and nobody looks, if the sun shines",
            "«sun», «shines»",
        ),
        ("could we ride out a CHINng-IPLSng outage of 20 %", "«20»"),
        (
            "when is CHINng-IPLSng full if traffic of svc-001 grows 3% a month",
            "not of a part of it",
        ),
        ("what would have been if CHINng had failed, hm", "what would have been"),
        ("who do i call when CHINng is down", "on call"),
        ("what does one more wave CHINng-IPLSng cost us per year", "prices"),
        ("pull the plug on CHINng-IPLSng", "order"),
        ("4 h on CHINng-IPLSng while it stays below 70% even if ATLAng-HSTNng breaks", ""),
        ("better window than tonight for work on CHINng-IPLSng?", "«than»"),
        ("what if CHINng-IPLSng were to die at 25:00 hours", "No day has that hour"),
        ("what if CHINng-IPLSng fails and the one to STTLng too", "which link to STTLng"),
        ("CHINng-IPLSng fails, except at peak, who is hit", "«except»"),
        ("who is hit hardest if CHINng-IPLSng fails", "«hardest»"),
        ("which services would be fine if CHINng fails", "who is not hit"),
        ("will traffic grow 20%?", ""),
        ("how much traffic will CHINng-IPLSng carry, hm", "how it will be"),
        ("what happens to STTLng if CHINng fails, hm", "what becomes of it"),
        ("what happens if CHINng-IPLSng is repaired, hm", "nothing would come back"),
        ("if CHINng fails, what should we do?", "an incident's plans"),
        ("what happens if half of CHINng-IPLSng fails", "«half»"),
        ("is it safe to drain CHINng-IPLSng only once a week", "«week»"),
        ("what if CHINng-IPLSng fails more often than ATLAng-HSTNng", "«than»"),
        ("what if CHINng-IPLSng fails and traffic from ATLAng grows 20%", "but not of a part"),
        ("who is allowed to approve a change on CHINng-IPLSng", "who may approve"),
        ("which services survive the loss of CHINng", "who is not hit"),
        ("what if CHINng-IPLSng fails and we then move voice to STTLng", "moving traffic"),
        ("what if CHINng-IPLSng fails and how do we repair it", "how to repair"),
        ("take CHINng-IPLSng down now and ATLAng-HSTNng tomorrow, safe?", ""),
        ("worst pair of simultaneous link failures", ""),
        ("worst 5 links by delay", "«delay»"),
        ("shortest path CHINng to LOSAng avoiding DNVRng", "«avoiding»"),
        ("which customers depend only on CHINng-IPLSng", ""),
        ("when is it full if traffic keeps growing like it has", "past growth"),
        ("optimise the weights so that CHINng-IPLSng gets less", "not optimised"),
        # What is supposed is honoured, or nothing is said.
        ("svc-001 rides CHINng-IPLSng. This fibre snaps. Is it fine at STTLng?", "«snaps»"),
        ("CHINng-IPLSng, CHINng-NYCMng in one trench. Dug up, what remains?", "«dug»"),
        ("once the plan is through, which egress is the fullest", "by its forecast only"),
        ("we sign the plan and later CHINng-IPLSng fails, who is hit", "by its forecast only"),
        (
            "A new site Dallas is planned. How full is it all with CHINng-IPLSng down?",
            "new site or route cannot be supposed",
        ),
        (
            "we think of a new direct link CHINng-IPLSng, hm. What if ATLAng-HSTNng fails?",
            "which new link is meant",
        ),
        # What nothing here can know, with the true reason.
        ("growth of CHINng-IPLSng over the last six months", "past growth"),
        ("what are you permitted to do without asking anybody", "who may approve"),
        ("svc-001 flapped, does that count as one outage or two", "how contracts count"),
        ("CHINng-IPLSng breaks, how many seconds till packets go the new path", "converge"),
        ("is anything black-holed, and how long, when CHINng-IPLSng fails", "converge"),
        ("throughput of svc-001 right now, in gbit/s?", "sends is not on record"),
        ("disable CHINng-IPLSng, metric to max, tell me once done", "order"),
        ("the same question for CHINng", "no earlier answer"),
        ("is that one down by now", "which one is meant"),
        ("was chicago-CHINng hot, or is it my eyes", "no node «chicago»"),
    ],
)
def test_what_is_not_understood_of_a_question_makes_it_declined(
    state: Path, question: str, why: str
) -> None:
    reply = _talk(state, SCENES[0].name).ask(question)
    assert reply.declined, reply.text
    assert why in reply.text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("sequence of events with clock times for the report?", (": it began", ": it ended")),
        ("any runner-up remedy, and why did it lose", ("the plan is", "the next best is")),
        ("whose signature is missing and by when", ("answered by «erin»",)),
        ("does the remedy make somebody worse off", ("in breach (doing nothing: ",)),
        (
            "is the change still wanted once the fibre is spliced",
            ("for as long as the cause lasts",),
        ),
        ("is there a town that one cut takes off the map", ("ATLAM5--ATLAng cuts off ATLAM5",)),
        ("kilometres of fibre all told?", ("km together",)),
        ("how far over the line is each broken service", ("None is in breach",)),
        ("overall gbit/s in and out of CHINng", ("CHINng: ", " in and ", " out over all of its")),
        ("three emptiest links please", ("by load, the lowest first",)),
        # Two things, each computed.
        (
            "which one is worse to lose, CHINng-IPLSng or ATLAng-HSTNng",
            ("The better one is «", "if CHINng--IPLSng fails", "if ATLAng--HSTNng fails"),
        ),
        (
            "CHINng-IPLSng to 400G or ATLAng-HSTNng to 400G, which is the better buy",
            ("The better one is «", "what each upgrade buys"),
        ),
        # What is supposed, in other words.
        (
            "if NYCMng loses CHINng and WASHng at once, who is hit",
            ("what happens if CHINng--NYCMng fails and NYCMng--WASHng fails",),
        ),
        ("CHINng losing its IPLSng leg, who gets hurt", ("what happens if CHINng--IPLSng fails",)),
        (
            "what would raising the weight of CHINng-IPLSng by 50 % do",
            ("the weight of CHINng--IPLSng is set to 15 both ways",),
        ),
        (
            "a new link ATLAng-NYCMng 40 gig, ~1200 km, does that take load off CHINng-IPLSng",
            ("a link of 40G is built between ATLAng and NYCMng", "assumed from the map"),
        ),
        (
            "put a new node dallas between HSTNng and KSCYng, 40g each leg, does it help",
            ("dallas is built, with links to HSTNng, KSCYng",),
        ),
    ],
)
def test_question_in_other_words_is_answered_by_what_it_asks(
    talk: Conversation, question: str, said: tuple[str, ...]
) -> None:
    reply = talk.ask(question)
    assert not reply.declined, reply.text
    assert [s for s in said if s not in reply.text] == [], reply.text


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ("Wie voll ist CHINng-IPLSng und wer hängt da dran?", "I understand English only"),
        ("how many gig does Vela Rail push at night", "a pair of nodes sends is not on record"),
        ("Vela Zeppelin says they have a contract, what did we promise", "No customer is called"),
    ],
)
def test_what_is_not_on_record_is_said_to_be_so(
    talk: Conversation, question: str, why: str
) -> None:
    assert why in talk.ask(question).text


def test_declined_question_is_offered_others_with_the_names_that_were_typed(
    talk: Conversation,
) -> None:
    reply = talk.ask("paint CHINng-IPLSng green")
    assert reply.declined
    assert "«What happens if CHINng--IPLSng fails?»" in reply.text
    assert "«How much headroom is left on CHINng--IPLSng?»" in reply.text


@pytest.mark.parametrize("question", ["What happens if {} fails?", "How much headroom is on {}?"])
def test_question_that_is_offered_can_be_answered(talk: Conversation, question: str) -> None:
    assert not talk.ask(question.format("CHINng--IPLSng")).declined
