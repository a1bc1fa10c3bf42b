"""Who is who on a ticket: an agent with two addresses and a ticket of her own, people in copy, colleagues, callers."""

from __future__ import annotations

from tests.databases import on_one_database
from tests.stories import letters
from tests.stories.conversation import Conversation, Turn
from tests.stories.letters import ADA, BEN, CARLA, CLEO, GIULIA, MALLORY, SOREN, Person

pytestmark = on_one_database
HELP = "Our colour printer prints nothing but blue since this morning. Can you send somebody?"
HOME = Person("Ada", "ada@home.example")
TOM = Person("Tom Webb", "tom@customer.example")
STAFF_PROOF = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=example.org"}
CUSTOMER_PROOF = {"Authentication_Results": "mx.example.org; dmarc=pass header.from=customer.example"}


def on(desk: Conversation, key: str) -> set[str]:
    """Who is on a ticket besides its requester."""
    return {p["address"] for p in desk.told(key)["participants"]}


def went_to(turn: Turn, notice: str = "public_reply") -> set[str]:
    return {m.recipient for m in turn.sent if m.notice == notice}


def refused(turn: Turn) -> list[str]:
    return [c["message"] for c in turn.fate["commands"] if c["result"] == "refused"]


def test_an_agent_works_from_two_addresses(desk: Conversation) -> None:
    """B38: one person, whichever mailbox; nobody outside sees either."""
    opened = desk.says(CARLA, "Printer", HELP)
    took = desk.answers(HOME, opened.to(ADA), "Which printer is it?\n!take")  # forwarded home
    assert went_to(took) == {CARLA.address}
    assert took.to(ADA, "receipt")
    assert took.nothing_to(HOME)
    answer = desk.answers(CARLA, took.to(CARLA), "The one on the second floor.")
    assert answer.summary() == [("requester_reply", ADA.address)]
    solved = desk.answers(ADA, answer.to(ADA), "It has a new cartridge.\n!resolve")
    told = desk.told(opened.ticket)
    assert {m["author"] for m in told["messages"]} == {CARLA.address, "ada"}
    assert (told["status"], told["assignee"]) == ("resolved", "ada")
    for mail in (*took.sent, *solved.sent):
        assert mail.recipient == ADA.address or not (mail.has("home.example") or mail.has(ADA.address))
    # what she sends from home twice is sent once
    again = desk.answers(HOME, opened.to(ADA), "Which printer is it?\n!take")
    assert again.nothing_to(CARLA)


def test_an_agent_has_a_ticket_of_her_own_and_is_nobodys_agent_there(desk: Conversation) -> None:
    """B38, M9: her colleagues speak about it among themselves; elsewhere she works as ever."""
    secret = "MARKER: she has broken three of them this year"
    hers = desk.says(HOME, "Il mio portatile", "Il mio portatile non si accende più da stamattina.")
    assert hers.notices(ADA) == ["acknowledgement"]
    assert hers.notices(BEN) == ["new_ticket"]
    carla = desk.says(CARLA, "Printer", HELP)

    noted = desk.answers(BEN, hers.to(BEN), f"!note\n{secret}")
    assert noted.nothing_to(ADA)
    assert noted.nothing_to(HOME)
    raised = desk.answers(BEN, hers.to(BEN), "!priority high\n!watch")
    assert raised.nothing_to(ADA)
    assert refused(desk.answers(BEN, hers.to(BEN), "!assign ada")) != []
    asked = desk.answers(BEN, hers.to(BEN), "Hvor gammel er den?")
    assert asked.notices(ADA) == ["public_reply"]

    # to her own ticket she is a requester: what looks like a command is her text, and she is told nothing inside
    tried = desk.answers(ADA, asked.to(ADA), "!close\n!priority critical\nHa due anni.", **STAFF_PROOF)
    assert tried.fate["verdict"] == "requester"
    told = desk.told(hers.ticket)
    assert (told["status"], told["priority"], told["assignee"]) == ("open", "high", "ben")
    assert "Ha due anni." in tried.to(BEN, "requester_reply").text

    # nor does she get at it from the ticket of somebody else, where she is the agent
    spied = desk.answers(ADA, carla.to(ADA), f"!show {hers.ticket}\n!tag printer")
    assert spied.fate["verdict"] == "agent"
    assert not any(m.has("MARKER") for m in spied.sent)
    assert desk.told(carla.ticket)["tags"] == ["printer"]
    merged = desk.answers(ADA, carla.to(ADA), f"!merge {hers.ticket}")
    assert len(refused(merged)) == 1
    assert "tuo" in merged.to(ADA, "receipt").text
    # time tells her nothing either, nor does a change of hands
    away = desk.answers(BEN, tried.to(BEN), "!release")
    late = desk.wait(hours=30)
    for turn in (noted, raised, asked, tried, spied, merged, away, late):
        assert not any(m.has("MARKER") for m in turn.sent if m.recipient in (ADA.address, HOME.address)), turn.summary()

    solved = desk.answers(BEN, tried.to(BEN), "Du får en ny.\n!resolve")
    done = desk.answers(HOME, solved.to(ADA, "resolution"), "Risolto, grazie!")
    assert desk.told(hers.ticket)["status"] == "closed", done.fate


def test_people_in_copy_come_and_go(desk: Conversation) -> None:
    """B27: whom the requester brings along hears what she hears, in one mail each."""
    opened = desk.says(CARLA, "Printer", HELP, Cc=SOREN.mailbox)
    key = opened.ticket
    assert on(desk, key) == {SOREN.address}
    assert opened.notices(SOREN) == []  # a Cc is no reason for an automatic mail
    assert SOREN.name in opened.to(ADA).text
    first = desk.answers(ADA, opened.to(ADA), "Which printer is it?")
    assert went_to(first) == {CARLA.address, SOREN.address}
    assert first.to(SOREN).reply_address != first.to(CARLA).reply_address

    # he answers for her; only the agents hear of that, for she sees what he writes to her
    answered = desk.answers(SOREN, first.to(SOREN), "It is the one on the second floor.")
    assert (answered.ticket, answered.fate["verdict"]) == (key, "participant")
    assert answered.summary() == [("requester_reply", ADA.address)]
    assert "Søren Krag" in answered.to(ADA).text

    # she brings along another one
    desk.answers(CARLA, first.to(CARLA), "Giulia knows it best.", Cc=GIULIA.mailbox)
    assert on(desk, key) == {SOREN.address, GIULIA.address}
    # a forger who knows the number brings nobody, also not himself
    forged = desk.takes(letters.new(CARLA, f"Re: [{key}] Printer", "Add him please.", Cc=MALLORY.mailbox))
    assert forged.ticket == key
    assert on(desk, key) == {SOREN.address, GIULIA.address}

    # who has the agent's own mail already gets no second one
    copied = desk.answers(ADA, answered.to(ADA), "A mechanic comes at two.", Cc=f"{SOREN.mailbox}, boss@example.net")
    assert went_to(copied) == {CARLA.address, GIULIA.address}
    # one goes; another one leaves no trace in what the others get
    gone = desk.answers(ADA, answered.to(ADA), f"!uncc {SOREN.address}")
    assert gone.summary() == [("receipt", ADA.address)]
    last = desk.answers(ADA, answered.to(ADA), "It is mended.")
    assert went_to(last) == {CARLA.address, GIULIA.address}
    assert not last.to(GIULIA).has(SOREN.address)
    back = desk.answers(SOREN, first.to(SOREN), "And what about my question?")
    assert back.ticket != key  # he is a stranger again, with a ticket of his own
    assert back.notices(SOREN) == ["acknowledgement"]


def test_reply_all_reaches_those_in_copy_of_the_last_mail(desk: Conversation) -> None:
    """B27: for a mail whose sender was not proved to bring them along."""
    opened = desk.says(CARLA, "Printer", HELP)
    unproved = desk.takes(letters.new(CARLA, f"[{opened.ticket}] Printer", "I add Søren.", Cc=SOREN.mailbox))
    assert on(desk, opened.ticket) == set()
    alone = desk.answers(ADA, unproved.to(ADA), "Thank you.")
    assert went_to(alone) == {CARLA.address}
    everybody = desk.answers(ADA, unproved.to(ADA), "A mechanic comes at two.\n!reply-all")
    assert went_to(everybody) == {CARLA.address, SOREN.address}
    assert on(desk, opened.ticket) == {SOREN.address}
    assert SOREN.address in everybody.to(ADA, "receipt").text
    answer = desk.answers(SOREN, everybody.to(SOREN), "I am there at two.")
    assert (answer.ticket, answer.fate["verdict"]) == (opened.ticket, "participant")


def test_colleagues_of_one_company_join_where_their_server_vouches(desk: Conversation) -> None:
    desk.configure(domains={"customer.example": "acme"})
    opened = desk.says(CARLA, "Printer", HELP)
    # by From alone anybody could be a colleague
    claimed = desk.says(TOM, f"[{opened.ticket}] Printer", "I sit beside it. What is the state?")
    assert (claimed.fate["verdict"], claimed.fate["created"]) == ("stranger", True)
    assert not claimed.to(TOM).has(opened.ticket)
    assert on(desk, opened.ticket) == set()
    other = desk.says(MALLORY, f"[{opened.ticket}] Printer", "And me.", **CUSTOMER_PROOF)
    assert other.fate["verdict"] == "stranger"
    # his server's word makes him one
    joined = desk.says(TOM, f"[{opened.ticket}] Printer", "It is red now, no longer blue.", **CUSTOMER_PROOF)
    assert (joined.ticket, joined.fate["verdict"]) == (opened.ticket, "participant")
    assert on(desk, opened.ticket) == {TOM.address}
    assert "Tom Webb" in joined.to(ADA, "requester_reply").text
    reply = desk.answers(ADA, joined.to(ADA), "Then the drum is worn.")
    assert went_to(reply) == {CARLA.address, TOM.address}
    # whether it is solved is Carla's to say: his yes is noted, and his rating reopens nothing
    solved = desk.answers(ADA, joined.to(ADA), "It has a new drum.\n!resolve")
    assert desk.answers(TOM, solved.to(TOM), "Yes, it is solved. Thanks!").sent == []
    assert desk.told(opened.ticket)["status"] == "resolved"
    closed = desk.wait(days=4)
    assert desk.answers(TOM, closed.to(TOM, "closure"), "5").sent == []
    desk.answers(CARLA, closed.to(CARLA, "closure"), "4")
    told = desk.told(opened.ticket)
    assert (told["status"], told["satisfaction"]) == ("closed", "4")


def test_a_ticket_for_somebody_who_called(desk: Conversation) -> None:
    """B41: what the agent writes at the opening is no first response; the first answer after it is."""
    call = "!new for giulia@customer.example\n!take\n!priority high\n\nGiulia ha telefonato: il monitor sfarfalla."
    opened = desk.says(ADA, "Monitor", call, **STAFF_PROOF)
    key = opened.ticket
    hers = opened.to(GIULIA)
    assert hers.notice == "opened_for"
    assert hers["Content-Language"] == "it"
    assert "Ada Rossi" in hers.text
    assert "il monitor sfarfalla" in hers.text
    assert not hers.has("!new")
    assert opened.to(ADA, "receipt")
    assert opened.nothing_to(CARLA)
    told = desk.told(key)
    assert (told["requester"]["address"], told["assignee"], told["priority"]) == (GIULIA.address, "ada", "high")
    assert told["first_response_at"] is None
    assert desk.clock(key, "first_response")["stopped_at"] is None

    more = desk.answers(GIULIA, hers, "Dimenticavo: solo quando è acceso il riscaldamento.")
    assert (more.ticket, more.fate["verdict"]) == (key, "requester")
    noted = desk.answers(ADA, more.to(ADA), "!note\nStesso caso di ottobre.")
    assert noted.nothing_to(GIULIA)
    assert desk.told(key)["first_response_at"] is None
    answer = desk.answers(ADA, more.to(ADA), "Passo alle tre con un monitor nuovo.")
    assert went_to(answer) == {GIULIA.address}
    assert desk.clock(key, "first_response")["breached_at"] is None
    assert desk.told(key)["first_response_at"] is not None
    solved = desk.answers(ADA, more.to(ADA), "Sostituito.\n!resolve")
    done = desk.answers(GIULIA, solved.to(GIULIA), "Sì, ora va benissimo, grazie!")
    assert desk.told(key)["status"] == "closed", done.fate
    assert CLEO.address not in str([t.summary() for t in (opened, more, answer, solved, done)])
