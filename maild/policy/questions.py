"""What a requester's reply answers of the questions that the acknowledgement asked (P6).

Read are answers under (or behind) each question, numbered ones, as many points as there are questions, and where none
of that is found the reply as a whole. Linear in the mail's length, and only its beginning is looked at; no pattern here
is anybody's but ours. What is in doubt is left to the agent, who sees the mail itself beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from maild.policy import answers as meaning
from maild.policy import counted, orders, under, written

Row = Mapping[str, str | None]  # "field", "question", "answer"

_OLD = 200  # characters that a mail holds besides its new text where it quotes something


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, as the requester read it, and what it asks for: symptoms, since, who, what or other."""

    field: str
    text: str


def asked(
    questions: Mapping[str, Sequence[str]], asks: Sequence[str], language: str, otherwise: str
) -> tuple[Question, ...]:
    """The questions of a category in a language; in the language `otherwise` where it has none in that one."""
    texts = questions.get(language) or questions.get(otherwise) or ()
    return tuple(Question(asks[i] if i < len(asks) else "other", text) for i, text in enumerate(texts))


def unanswered(questions: Sequence[Question]) -> tuple[Row, ...]:
    """The rows of questions that are being asked."""
    return tuple({"field": one.field, "question": one.text, "answer": None} for one in questions)


def answers(asked: Sequence[Question], reply: str, whole: str, name: str = "") -> tuple[Row, ...]:
    """A row for each question, its answer None where there is none; () where the mail answers nothing.

    `reply` is the new text of the mail, `whole` all of its text, `name` its writer's. Free text is the answer of the
    one question; of several it is a row of its own before theirs, without a question, whose field is symptoms.
    """
    reply, whole = reply[: written.MOST], whole[: written.MOST]
    if not asked or not _says_something(reply, name):
        return ()
    found = _found(asked, reply, whole, name)
    rows = tuple({**row, "answer": found.get(number)} for number, row in enumerate(unanswered(asked)))
    if found:
        return rows
    free = "" if _answers_another(asked, reply, whole) else written.clean(reply.splitlines(), name)
    if len(asked) == 1:
        free = written.without_question(free, asked[0].text)
        return ({**rows[0], "answer": free},) if free else ()
    return ({"field": "symptoms", "question": None, "answer": free}, *rows) if free else ()


def more(known: Sequence[Row], reply: str, whole: str, name: str = "") -> tuple[Row, ...]:
    """The rows that are known, with what a later reply answers of those that were missing; () where it answers none.

    Only what says which question it answers counts: any other later mail is about something else.
    """
    reply, whole = reply[: written.MOST], whole[: written.MOST]
    first = next((i for i, row in enumerate(known) if row["question"] is not None), len(known))
    questions = [Question(row["field"] or "other", row["question"] or "") for row in known[first:]]
    if not questions or not _says_something(reply, name) or _answers_another(questions, reply, whole):
        return ()
    found = {number + first: text for number, text in _found(questions, reply, whole, name).items()}
    new = {i: text for i, text in found.items() if not known[i]["answer"]}
    return tuple({**row, "answer": new.get(i, row["answer"])} for i, row in enumerate(known)) if new else ()


def quotes(questions: Sequence[Question], whole: str) -> bool:
    """Whether a mail holds one of the questions, word by word: they were asked, and it answers where they were."""
    return bool(under.places(written.lines(whole[: written.MOST]), [one.text for one in questions]))


def _says_something(reply: str, name: str) -> bool:
    """Whether a mail is more than thanks and a name. One without new text may have it within the quote."""
    return not reply.strip() or (meaning.answer(reply) == "other" and not orders.signs(reply, name))


def _answers_another(questions: Sequence[Question], reply: str, whole: str) -> bool:
    """Whether a mail quotes something, and none of the questions: then it answers another mail of ours."""
    old = len("".join(whole.split())) - len("".join(reply.split())) > _OLD
    return old and not quotes(questions, whole)


def _found(asked: Sequence[Question], reply: str, whole: str, name: str) -> dict[int, str]:
    """Answers by the number of their question, from 0."""
    texts = [one.text for one in asked]
    # one question may be left above an answer in the new text, whatever stands above the others
    found = max(under.answers(reply, texts, name), under.answers(whole, texts, name, reply), key=len)
    if len(texts) > 1:
        by_number = counted.numbered(reply, len(texts), name)
        by_number = by_number or ({} if found else counted.points(reply, len(texts), name))
        own = {number: written.without_question(text, texts[number]) for number, text in by_number.items()}
        found = {**own, **found}
    return {number: text for number, text in sorted(found.items()) if text}
