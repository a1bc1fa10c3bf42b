"""What a requester's short answer to "is it solved?" means (B7, B39), in English, Italian or Danish.

Only words that are known here count: a clause is a yes, or thanks, where each of its words is on the list, and one word
of doubt anywhere makes it an ordinary mail. To reopen a ticket that was solved costs an agent a glance; to close one
that was not, or to file a complaint as thanks, costs the requester the day.
"""

from __future__ import annotations

import re
from typing import Literal

Answer = Literal["solved", "thanks", "other"]

_LONGEST = 400  # characters
_SHORT = 20  # words

_CLAUSE = re.compile(r"[.,;:!\n()]+|\s[-–—]\s")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*'?")
_SCORE = re.compile(r"(?P<before>[^\d]*?)\b(?P<score>[1-5])(?:\s*/\s*5)?(?:\s*[-–—,!:;](?P<after>.*)|[\s.*]*)$")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CONFIRMS = _words(
    "yes yep yeah solved fixed resolved works working confirmed"
    " sì si' risolto risolta risolti funziona funzionano confermo confermato confermata"
    " ja løst virker fungerer bekræfter bekræftet bekræftes"
)
_CONFIRM_ALONE = _words("si jo")  # these mean something else inside a sentence
_CONFIRM_IN_TWO = ("a posto", "i orden", "all good", "tutto bene")
_BESIDE_A_YES = _words(
    "it it's its is are has have been was that this the my all everything now again fine perfectly great good"
    " well for me us i we can you problem issue ticket case so and ok okay up to running è e' e si ora adesso"
    " tutto tutti il la lo i le problema questo questa di nuovo bene benissimo perfettamente stato stata ha hanno"
    " per me noi che posto a det er nu alt hele den de fint perfekt igen godt problemet sagen blevet for mig os"
    " jeg vi kan og i orden"
)
_THANKS = _words("thank thanks thx cheers grazie ringrazio ringraziamo tak takker")
_PLEASANT = _words(
    "you very much a lot so for your the help quick fast response reply support time kind great good nice job"
    " work have day weekend evening too best regards kindly all many and with dear hi hello to again everyone"
    " perfect super ok vi ti mille molte tante davvero infinite per l'aiuto aiuto il la del vostro vostra tuo tua"
    " supporto assistenza gentile gentilissimo gentilissima gentilissimi buona buon giornata serata fine settimana"
    " lavoro cordiali saluti saluto a presto e di tutto ciao buongiorno perfetto tempestivo rapido risposta mange"
    " tusind hjælpen hjælp hurtige hurtig den din jeres god dag aften venlig hilsen hilsner mvh kh med alt og svar"
    " svaret rigtig det var hej kære for jer dig i skal ha fortsat super fint"
)
# What a yes or a thank-you does not hold; "again" and its kin are among what may stand beside a yes.
_DOUBT = _words(
    "no not nope never nothing nobody none still but however isn't doesn't didn't can't cannot won't don't wasn't"
    " except unfortunately only partly partially half sometimes slow slowly slower worse badly broken breaks fails"
    " failing failed error errors wrong until unless when if please should would could almost yet non niente nulla"
    " nessuno ma però tuttavia purtroppo mai solo soltanto parte volte lento lenta male peggio rotto rotta errore"
    " errori guasto quando se quasi ikke nej intet ingen ingenting stadig endnu men desværre aldrig kun delvist"
    " langsom langsomt dårligt værre stykker fejl når hvis næsten dog"
)
_AGAIN = re.compile(r"\b(?:again|ancora|nuovamente|di nuovo|igen)\b")
_ASKS = re.compile(r"(?:is|are|was|has|can|could|does|did|er|kan|har) |(?:virker|fungerer) (?:det|den|de|alt)\b")


def answer(text: str) -> Answer:
    """`text` is the new text of a reply."""
    if len(text) > _LONGEST or "?" in text:
        return "other"
    clauses = [words for part in _CLAUSE.split(text.replace("’", "'")) if (words := _WORD.findall(part))]
    lowered = [[word.lower() for word in words] for words in clauses]
    if sum(map(len, clauses)) > _SHORT or any(_DOUBT.intersection(words) for words in lowered):
        return "other"
    said = [words for words, small in zip(clauses, lowered, strict=True) if not _pleasant(words, small)]
    if not said:
        return "thanks" if any(_THANKS.intersection(words) for words in lowered) else "other"
    first, *more = ([word.lower() for word in words] for words in said)
    # "yes, it works again" says yes twice; "solved; now it is back again" does not
    rest = " ".join(word for words in more if not _confirms(words) for word in words)
    return "solved" if _confirms(first) and not _AGAIN.search(rest) else "other"


def _pleasant(words: list[str], small: list[str]) -> bool:
    """Thanks, a greeting, a name: nothing that says how things stand."""
    clause = " ".join(small)
    if set(small) & _CONFIRMS or clause in _CONFIRM_ALONE or clause in _CONFIRM_IN_TWO:
        return False
    known = _THANKS | _PLEASANT
    return all(
        low in known or (word[0].isupper() and word[1:].islower()) for word, low in zip(words, small, strict=True)
    )


def _confirms(words: list[str]) -> bool:
    clause = " ".join(words)
    yes = (
        _CONFIRMS.intersection(words)
        or clause in _CONFIRM_ALONE
        or any(f" {two} " in f" {clause} " for two in _CONFIRM_IN_TWO)
    )
    return bool(yes) and not _ASKS.match(clause) and set(words) <= _CONFIRMS | _CONFIRM_ALONE | _BESIDE_A_YES | _THANKS


def score(text: str) -> str | None:
    """How satisfied the requester was, "1" to "5", where the first line is that number, with a word about it at most.

    "4 - quick help" and "Great, 5!" rate; "broken again on floor 3" and "1. still broken" do not.
    """
    lines = text.strip().splitlines()
    line = lines[0] if lines else ""
    match = _SCORE.match(line[:80])
    if match is None or "?" in line or len(line) > 80:
        return None
    before, after = match["before"], match["after"] or ""
    words = [word.lower() for word in _WORD.findall(f"{before} {after}".replace("’", "'"))]
    if _DOUBT.intersection(words) or (before and not set(words) <= _PLEASANT | _THANKS | _BESIDE_A_YES):
        return None
    return match["score"]
