"""The forms of single values in desk.yaml: codes, names, paths, days, whom to tell.

Each says in the administrator's words what it wants.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, PlainValidator, WithJsonSchema

from maild.config import values
from maild.config.values import Times
from maild.policy.changes import Audience
from maild.policy.forms import nearest


def _matching(pattern: str, wanted: str) -> Any:
    """A text of a certain form; `wanted` says which in the administrator's words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"{wanted} is wanted here")
        return value

    return read


_LANGUAGE, _PREFIX = r"[a-z]{2,3}", r"[A-Z][A-Z0-9]{0,9}"
_LABEL = r"[^\s@<>()\[\],;:\\\"/.*]{1,63}"
_DOMAIN = rf"{_LABEL}(\.{_LABEL})+"
_DOMAIN_END = rf"{_LABEL}(\.{_LABEL})*"
_TAG = r"[\w.-]{1,40}"
_ID, _PATH = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}", r"[\w.&+-]+( [\w.&+-]+)*(/[\w.&+-]+( [\w.&+-]+)*)*"
Language: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_LANGUAGE, "the code of a language, such as en, it or da,")),
    WithJsonSchema({"type": "string", "pattern": f"^{_LANGUAGE}$"}),
]
Prefix: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_PREFIX, "a short word of capital letters, such as INC,")),
    WithJsonSchema({"type": "string", "pattern": f"^{_PREFIX}$"}),
]
Id: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_ID, "a short name of letters, digits, dots and hyphens")),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID}$"}),
]
Domain: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_DOMAIN, "a domain such as customer.example")),
    WithJsonSchema({"type": "string", "examples": ["customer.example"]}),
]
DomainEnd: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_DOMAIN_END, "a domain such as customer.dk, or the end of one such as it,")),
    WithJsonSchema({"type": "string", "examples": ["customer.dk", "it"]}),
]
Name: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(r"\S(?:[^\n]{0,78}\S)?", "a name of at most 80 characters")),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 80}),
]
CategoryPath: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_PATH, "a path such as network/vpn")),
    WithJsonSchema({"type": "string", "pattern": f"^{_PATH}$"}),
]


def told(value: Any) -> str:
    """Whom a rung tells: a part that people have in a ticket, or an address."""
    known = get_args(Audience)
    if isinstance(value, str) and (value in known or "@" in value):
        return value if value in known else values.mailbox(value)
    if not isinstance(value, str):
        raise ValueError("one word or an address is wanted here, such as manager or oncall@example.org")  # noqa: TRY004 - pydantic hears of this one alone
    close = nearest(value, known)
    hint = close if "did you mean" in close else f"; it is one of {', '.join(known)}, or an address"
    raise ValueError(f"`{value}` is not known here{hint}")


Told: TypeAlias = Annotated[
    str,
    PlainValidator(told),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "enum": list(get_args(Audience))}, {"type": "string", "format": "email"}]}
    ),
]
Tag: TypeAlias = Annotated[
    str,
    PlainValidator(_matching(_TAG, "a tag of letters, digits, dots and hyphens, such as late,")),
    WithJsonSchema({"type": "string", "pattern": f"^{_TAG}$"}),
]
DayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)(?:-(mon|tue|wed|thu|fri|sat|sun))?")


def weekdays(value: Any) -> tuple[int, ...]:
    """`mon`, `mon-fri`, `sat-mon`: numbers of weekdays, Monday 0."""
    if not isinstance(value, str) or not (found := _DAYS.fullmatch(value)) or found[1] == found[2]:
        raise ValueError("a day or a range of days is wanted here, such as mon-fri or sat")
    first, last = WEEK.index(found[1]), WEEK.index(found[2] or found[1])
    return tuple((first + n) % 7 for n in range((last - first) % 7 + 1))


def in_order(intervals: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The opening times of a day, the earliest first, those that touch made one."""
    found: list[tuple[int, int]] = []
    for opens, closes in sorted(intervals):
        if found and opens < found[-1][1]:
            raise ValueError("these opening times overlap")
        if found and opens == found[-1][1]:
            found[-1] = (found[-1][0], closes)
        else:
            found.append((opens, closes))
    return tuple(found)


DayTimes: TypeAlias = Annotated[tuple[Times, ...], AfterValidator(in_order)]
WeekDays: TypeAlias = Annotated[
    tuple[int, ...], PlainValidator(weekdays), WithJsonSchema({"type": "string", "pattern": f"^{_DAYS.pattern}$"})
]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
T = TypeVar("T")


class _AloneOrListed:
    """Where one value is wanted or a list of them: how editors are told."""

    def __get_pydantic_json_schema__(self, core: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler(core)
        return {"anyOf": [found["items"], found]}


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) else value


OneOrMore: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_listed), _AloneOrListed()]
