"""Solved tickets that are like another one, found by the rare words that they share (P3).

A ticket's words are kept when it is solved: `remember` runs in the transaction that solves it. `similar` costs the same
however many tickets there are (M12): each word is asked for its newest tickets and no more, by the index of `Term`, and
how rare it is, is told by how far back these reach. No text, however hostile, is read beyond a fixed length.
"""

from __future__ import annotations

import heapq
import math
import operator
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

import peewee as pw

from maild.desk.models import Message, Term, Ticket
from maild.desk.prepared import Select, Statement

KEPT = 60  # words of a ticket
_READ = 20_000  # characters of a text that are looked at
_ASKED = 40  # words of a ticket that are looked up
_RAREST = 12  # of these whose tickets are looked at
_PROBED = 30  # newest tickets of one word whose age tells how rare it is
_NEWEST = 200  # tickets of one word
_CLOSER = 20  # tickets that are compared in full
_LENGTHS = range(3, 41)
_HIDDEN = frozenset({"spam", "confidential"})  # tags: what nobody shall be reminded of
_SOLVED = ("resolved", "closed")
_STEMMERS = {"en": "english", "it": "italian", "da": "danish"}

_HEAVIEST = 8.0  # a name or a slip of the pen is rarer than any fault: what stands in few tickets counts no more
_MANY = 0.25  # of all tickets: a word that stands in more says nothing
_FLOOR = 0.18  # of the weight of all words of the ticket that must agree
_BONUS = 0.1  # for the same category, and for the same service


@dataclass(frozen=True, slots=True)
class Similar:
    """A solved ticket that is like another one. `score` is 0 to 1: how much of the other one's words it has."""

    key: str
    subject: str
    resolution: str
    score: float


def remember(ticket: Ticket) -> None:
    """Keep the words of a ticket that is solved, instead of those that were kept; none where nobody said how."""
    forget(ticket)
    hidden = ticket.confidential or not _HIDDEN.isdisjoint(ticket.tags)
    if not ticket.resolution or hidden or ticket.__data__.get("parent") is not None:
        return
    words = _words(ticket, f"{ticket.subject}\n{ticket.resolution[:_READ]}")
    if words:
        rows = [(word, ticket.id) for word in words]
        Term.insert_many(rows, fields=[Term.word, Term.ticket]).execute()


def forget(ticket: Ticket) -> None:
    """The ticket is not found by its words any more."""
    _FORGET.run(ticket.id)


def similar(ticket: Ticket, limit: int = 3) -> list[Similar]:
    """The solved tickets that share the rarest words of this one, the most alike first.

    None of them shares one word alone, or only what most tickets say. The ticket itself is not among them, nor is what
    was merged into another one, is spam, or is confidential.
    """
    if not _ANY.run().fetchall():
        return []
    words = _words(ticket, ticket.subject)[:_ASKED]
    weights = _weights(ticket, words)
    if len(weights) < 2:
        return []
    shares = _shares(ticket, weights)
    whole = sum(weights.get(word, _HEAVIEST / 2) for word in words)  # one that no solved ticket has may be a slip
    scored = {number: shared / whole for number, shared in shares.items() if shared >= _FLOOR * whole}
    found = []
    for other in _TICKETS.all(*_filled(scored, _CLOSER, 0)) if scored else ():
        if other.status in _SOLVED and other.resolution and not other.confidential and _HIDDEN.isdisjoint(other.tags):
            same = (ticket.category, ticket.service)
            equal = sum(a is not None and a == b for a, b in zip(same, (other.category, other.service), strict=True))
            score = scored[other.id] * (1 + _BONUS * equal) / (1 + 2 * _BONUS)
            found.append(Similar(other.key, other.subject, other.resolution, round(score, 3)))
    return sorted(found, key=lambda one: -one.score)[:limit]


# -- what is asked of the database ------------------------------------------------------------------------------------


def _weights(ticket: Ticket, words: list[str]) -> dict[str, float]:
    """Of the words that solved tickets have, how much each says: the rarer, the more."""
    rows = _COUNTED.run(*_filled(words, _ASKED, "")).fetchall()
    known = [row for row in rows if row[1]]
    newest = max([ticket.id, *(row[3] for row in known)])
    weights = {}
    for word, count, oldest, _ in known:
        among = newest - oldest + 1 if count == _PROBED else newest  # tickets among which these are all with the word
        rarity = (among + 20) / (count + 0.4)  # among a handful of tickets every word would be rare
        if rarity > 1 / _MANY:
            weights[word] = min(math.log(rarity), _HEAVIEST)
    return weights


def _shares(ticket: Ticket, weights: Mapping[str, float]) -> dict[int, float]:
    """By ticket, the weight of all words that it shares, where it shares two at least."""
    rarest = sorted(weights, key=lambda word: -weights[word])[:_RAREST]
    first: defaultdict[int, float] = defaultdict(float)
    for word, number in _NEWEST_OF.run(*_filled(rarest, _RAREST, "")).fetchall():
        first[number] += weights[word]
    first.pop(ticket.id, None)
    closer = heapq.nlargest(_CLOSER, first, key=first.__getitem__)
    shares: dict[int, float] = {}
    counts: Counter[int] = Counter()
    # a common word may stand in older tickets than its newest ones: so these few are compared word by word
    for word, number in _BOTH.run(*_filled(closer, _CLOSER, 0), *_filled(weights, _ASKED, "")).fetchall():
        shares[number] = shares.get(number, 0.0) + weights[word]
        counts[number] += 1
    return {number: share for number, share in shares.items() if counts[number] > 1}


def _filled(values: Any, length: int, nothing: Any) -> list[Any]:
    """As many values as the statement has marks."""
    given = list(values)[:length]
    return given + [nothing] * (length - len(given))


def _newest(word: Any, limit: int) -> Any:
    of_word = Term.select(Term.word, Term.ticket).where(Term.word == word)
    return of_word.order_by(Term.ticket.desc()).limit(limit).alias("newest")


def _counted(*words: Any) -> Any:
    parts: list[Any] = []
    for word in words:
        part = _newest(word, _PROBED)
        ticket = part.c.ticket_id
        numbers = (pw.fn.COUNT(ticket), pw.fn.MIN(ticket), pw.fn.MAX(ticket))
        parts.append(Term.select(pw.fn.MAX(part.c.word), *numbers).from_(part))
    return reduce(operator.add, parts)  # UNION ALL


def _newest_of(*words: Any) -> Any:
    parts: list[Any] = []
    for word in words:
        part = _newest(word, _NEWEST)
        parts.append(Term.select(part.c.word, part.c.ticket_id).from_(part))
    return reduce(operator.add, parts)  # UNION ALL


def _both(*values: Any) -> Any:
    tickets, words = values[:_CLOSER], values[_CLOSER:]
    return Term.select(Term.word, Term.ticket).where((Term.word << words) & (Term.ticket << tickets))


_FORGET = Statement(lambda ticket: Term.delete().where(Term.ticket == ticket), 1)
_ANY = Statement(lambda: Term.select(Term.id).limit(1), 0)
_COUNTED = Statement(_counted, _ASKED)
_NEWEST_OF = Statement(_newest_of, _RAREST)
_BOTH = Statement(_both, _CLOSER + _ASKED)
_TICKETS = Select(Ticket, lambda *ids: Ticket.select().where((Ticket.id << ids) & Ticket.parent.is_null()), _CLOSER)
_FIRST = Statement(
    lambda ticket: (
        Message.select(pw.fn.SUBSTR(Message.text, 1, _READ))
        .where((Message.ticket == ticket) & (Message.visibility == "public"))
        .order_by(Message.id)
        .limit(1)
    ),
    1,
)


# -- words ------------------------------------------------------------------------------------------------------------

_WORD = re.compile(r"[^\W_]+")


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


def _words(ticket: Ticket, start: str) -> list[str]:
    """The words that tell this ticket from others: those of `start`, then those of its first public message."""
    row = _FIRST.run(ticket.id).fetchone()
    name = {
        _plain(word) for word in _WORD.findall(unicodedata.normalize("NFC", ticket.requester.name[:200].casefold()))
    }
    found: dict[str, None] = {}
    for word in _told(f"{start[:_READ]}\n{row[0] if row else ''}", ticket.language):
        if word not in name:  # a signature makes no two tickets alike
            found[_stem(word, ticket.language)] = None
            if len(found) == KEPT:
                break
    return list(found)


def _told(text: str, language: str) -> Iterator[str]:
    """Words in their plain form, without those that every text has."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)  # a Mac writes the accent after its letter, where it would end a word
    for match in _WORD.finditer(text[: 3 * _READ].casefold()):
        if match.end() - match.start() <= _LENGTHS.stop:
            word = _plain(match.group())
            if len(word) in _LENGTHS and word not in _STOP and not word.isdigit():
                yield word


@lru_cache(maxsize=20_000)
def _plain(word: str) -> str:
    """Without accents: half of the people leave them out."""
    if word.isascii():
        return word
    letters = unicodedata.normalize("NFKD", word).translate(_LETTERS)
    return "".join(c for c in letters if c.isalnum())


@lru_cache(maxsize=20_000)
def _stem(word: str, language: str) -> str:
    """What is left of a word without its ending: printers and printer are one."""
    name = _STEMMERS.get(language)
    if name is None:
        return word
    # Here: it reads all its languages, and most runs of the command line need none.
    import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

    # a stemmer of its own each time: it keeps the word while it works on it, and there are several threads
    return str(snowballstemmer.stemmer(name).stemWord(word))


_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i", "þ": "th", "ð": "d"})
# Words that say nothing of the fault, in their plain form: grammar, and what people write around it in a mail.
_STOP = _set_of(
    # English
    "the and for are but not you all any can had has have was were will would with this that these those they them"
    " their there then than from what when where which who whom why how our out your yours its his her him she one"
    " some such only own same too very just now also been being does did done doing don didn doesn isn aren wasn won"
    " into onto about above after again before below between both down during each few further here more most nor off"
    " once other over under until while because could should may might must shall get got gets since still yet even"
    " hello dear hey thanks thank thx please regards best kind kindly cheers sincerely sent help"
    " need try tried trying want like know see today yesterday tomorrow morning afternoon evening monday tuesday"
    " wednesday thursday friday problem issue problems issues work works working worked anyone team good day ticket"
    # Italian
    " che non per con una uno gli del della dei delle degli dello dal dalla dai dalle nel nella nei nelle sul sulla"
    " sui sulle alla alle allo agli come cosa cui chi quando dove mentre perche quindi anche ancora piu meno molto"
    " poco tutto tutti tutta tutte questo questa questi queste quello quella quelli quelle essere sono sei siamo siete"
    " era erano stato stata stati state avere avete abbiamo hanno aveva mio mia miei mie tuo tua suo sua suoi sue"
    " nostro nostra vostro vostra loro lei lui noi voi mai gia solo ogni dopo prima ora adesso oggi ieri domani"
    " buongiorno buonasera salve ciao gentile gentili grazie mille cordiali saluti distinti favore cortesia potete"
    " puoi posso riesco riesce fare fatto aiuto aiutarmi aiutare mattina stamattina stamani pomeriggio problema"
    " problemi lunedi martedi mercoledi giovedi venerdi inviato giornata buona pero cosi"
    # Danish (folded: ø is o, å is a, æ is ae)
    " den det der dem deres denne dette disse han hun hans hendes jeg dig min mit mine din dit dine vor vores jer jeres"
    " ikke som med for til fra men eller hvis hvad hvem hvor hvordan hvorfor nar naar kan kunne skal skulle vil ville"
    " har havde haft blev bliver blevet vaere vaeret var efter inden under over mellem siden ogsa kun meget mere mest"
    " alle alt noget nogen nogle ingen bare lige igen stadig nu idag igar imorgen morges formiddag eftermiddag mandag"
    " tirsdag onsdag torsdag fredag hej kaere tak venlig hilsen hilsner mvh hjaelp hjaelpe gerne prove provet"
    " problem problemer sendt virker virke virkede god dag"
)
