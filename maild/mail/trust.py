"""Who really sent a mail: what the receiving server found out, as far as it is ours to believe (M7).

Anybody can write an Authentication-Results field. Only the topmost block of the configured server counts: it was
written last, by the machine that took the mail in; those below it came with the mail (RFC 8601, 5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from maild.mail import address

MICROSOFT = "microsoft"  # the `authserv` of Microsoft 365, whose field names no server

_LONGEST = 8_000
_ID = re.compile(r"[^\s;()\"]{1,255}")
_RESULT = re.compile(r"([a-z0-9-]{1,30})[ \t]*=[ \t]*([a-z]{1,20})", re.IGNORECASE)
# A value to its very end, in any length: what stands before the last @ of an address is the sender's own choice, also
# where it looks like another address in quotation marks.
_PROPERTY = re.compile(
    r'([a-z]{1,20})[ \t]*\.[ \t]*([a-z0-9_-]{1,30})[ \t]*=[ \t]*((?:"(?:[^"\\]|\\.)*"|[^\s;"])+)', re.IGNORECASE
)
_REASON = re.compile(r'\breason[ \t]*=[ \t]*"(?:[^"\\]|\\.)*"', re.IGNORECASE)  # free words: no property stands in them
_FAIL = re.compile(r"\bdmarc[ \t]*=[ \t]*fail\b", re.IGNORECASE)
_SIGNS = re.compile(r'\\.?|["()]|[^"()\\]+', re.DOTALL)
# The first label of public suffixes such as co.uk: nobody below one speaks for it or for a neighbour.
_SECOND = {
    "co",
    "com",
    "net",
    "org",
    "ac",
    "gov",
    "edu",
    "or",
    "ne",
    "go",
    "gob",
    "gouv",
    "ltd",
    "plc",
    "sch",
    "nhs",
    "police",
}


@dataclass(frozen=True, slots=True)
class _Result:
    method: str
    value: str
    properties: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        return next((value for key, value in self.properties if key == name), "")


def authenticated(results: Sequence[str], authserv: str | None, from_domain: str) -> tuple[bool, str]:
    """Whether the server `authserv` vouches that `from_domain` sent the mail, and why (not), in plain words.

    `results` are the raw Authentication-Results values, topmost first. `authserv` is the server's name,
    `MICROSOFT`, or None, which believes none.
    """
    if authserv is None or not authserv.strip():
        return False, "no server's Authentication-Results are believed (authserv is not set)"
    if not results:
        return False, "the mail carries no Authentication-Results"
    if not from_domain:
        return False, "From names no domain"
    found = _believed(results[0], authserv.strip().lower())
    if found is None:
        # A forged block can stand below a real one, never above it: so the topmost must be the server's own.
        return False, f"the topmost Authentication-Results are not those of {authserv}"
    return _aligned(found, address.domain(f"x@{from_domain}"))


def server(value: str) -> str | None:
    """Whose an Authentication-Results block says that it is: a server's name, `MICROSOFT`, or None (`maild doctor`)."""
    plain = _without_comments(value) if len(value) <= _LONGEST else None
    head = (plain or "").partition(";")[0].strip()
    if _RESULT.match(head):
        return MICROSOFT
    match = _ID.match(head)
    return match.group().lower() if match else None


def refuted(results: Sequence[str], authserv: str | None) -> bool:
    """Whether the server `authserv` says that From is forged (dmarc=fail); no other proof outweighs that."""
    if not authserv or not authserv.strip() or not results:
        return False
    authserv = authserv.strip().lower()
    found = _believed(results[0], authserv)
    if (
        found is None
        and _readable(results[0]) is None
        and (authserv == MICROSOFT or results[0].strip().lower().startswith(authserv))
    ):
        # A sender's local part may make the block unreadable. That must not take the word "fail" out of it.
        return _FAIL.search(results[0]) is not None
    return any((one.method, one.value) == ("dmarc", "fail") for one in found or ())


def _believed(value: str, authserv: str) -> list[_Result] | None:
    """The results of one block, or None where it is not the server's."""
    plain = _readable(value)
    if plain is None:
        return None
    value = plain
    head, _, rest = value.partition(";")
    if authserv == MICROSOFT:
        # Microsoft 365 begins at once: "spf=pass ...; dkim=pass ...; dmarc=pass action=none header.from=..."
        if _RESULT.match(head.strip()) is None:
            return None
        return _results(value)
    match = _ID.match(head.strip())
    if match is None or match.group().lower().rstrip(".") != authserv.rstrip("."):
        return None
    remainder = head.strip()[match.end() :].strip()
    if remainder and not remainder.isdigit():  # only a version may follow (RFC 8601, 2.2)
        return None
    return _results(rest)


def _readable(value: str) -> str | None:
    """`value` without its comments, or None where it cannot be read whole: a piece may say what the whole does not."""
    return _without_comments(value) if len(value) <= _LONGEST else None


def _without_comments(value: str) -> str | None:
    """`value` without its comments; None where it ends inside one or inside a quotation.

    What cannot be read in one way is not believed: a sender's local part may hold any of these signs, quoted.
    """
    out: list[str] = []
    depth = 0
    quoted = False
    for piece in _SIGNS.findall(value):
        if depth:
            depth += (piece == "(") - (piece == ")")
        elif piece == "(" and not quoted:
            depth = 1
            out.append(" ")
        elif piece == ")" and not quoted:
            return None
        else:
            quoted ^= piece == '"'
            out.append(piece)
    return None if depth or quoted else "".join(out)


def _results(text: str) -> list[_Result]:
    found = []
    for piece in _pieces(_REASON.sub(" ", text)):
        match = _RESULT.match(piece.strip())
        if match:
            properties = tuple(
                (f"{kind}.{name}".lower(), value.strip('"')) for kind, name, value in _PROPERTY.findall(piece)
            )
            found.append(_Result(match.group(1).lower(), match.group(2).lower(), properties))
    return found


def _pieces(text: str) -> list[str]:
    """`text` at its semicolons, but for those in quotation marks."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|[^;"])+', text)


def _aligned(found: list[_Result], domain: str) -> tuple[bool, str]:
    dmarc = next((one for one in found if one.method == "dmarc" and one.value in {"pass", "fail"}), None)
    if dmarc is not None:
        shown = dmarc.get("header.from")
        if dmarc.value == "fail":
            return False, "dmarc=fail"
        if shown and _domain(shown) != domain:
            return False, f"dmarc=pass, but for {shown[:100]}"
        return True, f"dmarc=pass for {domain}"
    passed = [one for one in found if one.method in {"dkim", "spf"} and one.value == "pass"]
    for one in passed:
        whose = next(filter(None, map(one.get, _IDENTITIES[one.method])), "")
        if whose and same_organisation(_domain(whose), domain):
            return True, f"{one.method}=pass for {whose[:100]}"
    if passed:
        return False, f"what passed does not belong to {domain}"
    return False, "nothing passed"


_IDENTITIES = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.from")}


def _domain(value: str) -> str:
    return address.domain(f"x@{value.rpartition('@')[2].strip(' <>.')}")


def same_organisation(one: str, other: str) -> bool:
    """Alignment: one is the other or lies below it.

    Relaxed alignment (RFC 7489, 3.1) also takes two neighbours below one registered domain. That needs the public
    suffix list, which changes weekly; without it, anybody's x.onmicrosoft.com would vouch for y.onmicrosoft.com.
    """
    if one == other:
        return bool(one)
    shorter, longer = sorted((one, other), key=len)
    return not is_suffix(shorter) and longer.endswith("." + shorter)


def is_suffix(domain: str) -> bool:
    """Whether many organisations register below a domain, as far as its form tells: `example`, `co.uk`."""
    labels = domain.split(".")
    return len(labels) < 2 or (len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND)
