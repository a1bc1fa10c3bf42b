"""The actions of a rule: each one decorated function, whose docstring is its text in the schema.

An action is read once, from YAML; done, it notes in the `Outcome` of its rule what it proposes. Nothing is done here:
`decide` weighs it, `desk.tickets.apply` writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar, cast, get_args

from maild.mail import address
from maild.policy.changes import Audience, Changed, Tagged, TicketField
from maild.policy.conditions import STATUSES, TYPES
from maild.policy.forms import (
    PHRASE,
    PHRASES,
    YES_OR_NO,
    Form,
    Reader,
    Where,
    mapping,
    named,
    nearest,
    one_of,
    words,
)
from maild.policy.phrase import Phrase
from maild.policy.priority import LEVELS, PRIORITIES

T = TypeVar("T")
Acknowledge = Literal["always", "never", "default"]
_STAFF = ("assignee", "line", "owner", "watchers", "lead", "manager", "data_protection")  # who can be notified
SUBJECT = "\0subject"  # the group of mails with one subject: nothing that a phrase can be filled to
_NO_TAG = re.compile(r"[^\w.-]+")  # what no tag holds (see `!tag`)


@dataclass
class Outcome:
    """What one rule does, gathered while its actions run. `captures` is data that its patterns took from the mail."""

    rule: str
    reason: str = ""  # the rule's own `why`
    captures: Mapping[str, str] = field(default_factory=dict)
    changes: list[Changed | Tagged] = field(default_factory=list)
    acknowledge: Acknowledge | None = None
    prepared: str = ""  # the text of `replies` that the acknowledgement carries
    drop: str | None = None
    hold: str | None = None
    notify: list[Audience] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)  # of people outside who are notified
    forward: list[str] = field(default_factory=list)
    note: str = ""
    reply: str = ""  # the text of `replies` that the requester gets
    group: str = ""  # mails for which this is the same are gathered on one ticket
    stop: bool = False

    @property
    def why(self) -> str:
        """The reason as it stands in the ticket's history."""
        return f'rule "{self.rule}"' + (f": {self.reason}" if self.reason else "")

    def set(self, name: TicketField, value: str) -> None:
        """Propose a value for a field."""
        self.changes.append(Changed(name, value, self.why, "rule"))


Do: TypeAlias = Callable[[Any, Outcome], None]
Deed: TypeAlias = tuple[Do, Any]  # an action and its value


@dataclass(frozen=True, slots=True)
class Action:
    """A word that may stand under `then`."""

    name: str
    form: Form[Any]
    do: Do
    text: str


ACTIONS: dict[str, Action] = {}


def action(name: str, form: Form[T]) -> Callable[[Callable[[T, Outcome], None]], Callable[[T, Outcome], None]]:
    """Register an action; its value in YAML has the given form."""

    def register(do: Callable[[T, Outcome], None]) -> Callable[[T, Outcome], None]:
        ACTIONS[name] = Action(name, form, do, do.__doc__ or "")
        return do

    return register


# -- forms of their own ----------------------------------------------------------------------------------------------


def _told(value: Any, where: Where, reader: Reader) -> tuple[str, ...] | None:
    """Parts that staff have in a ticket, and addresses."""
    found = words(value, where, reader) or ()
    for i, one in enumerate(found):
        at = (*where, i) if isinstance(value, list) else where
        if one in ("requester", "participants"):
            reader.complain(at, f"`{one}` is written to with `reply`; `notify` is for the staff")
        elif one not in _STAFF and not _is_address(one):
            near = nearest(one, _STAFF)
            hint = near if "did you mean" in near else f"; it is one of {', '.join(_STAFF)}, or an address"
            person = one in reader.known.get("agent", ())
            said = (
                "is a person, who is told by address or by what they are to the ticket"
                if person
                else "is not known here"
            )
            reader.complain(at, f"`{one}` {said}{hint}")
    return found or None


def _addresses(value: Any, where: Where, reader: Reader) -> tuple[str, ...] | None:
    found = words(value, where, reader) or ()
    for i, one in enumerate(found):
        if not _is_address(one):
            at = (*where, i) if isinstance(value, list) else where
            reader.complain(at, f"an address is wanted here, such as supplier@example.org, not `{one}`")
    return found or None


def _is_address(text: str) -> bool:
    """Whether it is an address written out: what a mail captured never becomes a recipient (M8)."""
    return "{" not in text and address.strict([text.encode()])[0] is not None and "<" not in text


@dataclass(frozen=True, slots=True)
class _Acknowledging:
    how: Acknowledge
    prepared: str


def _acknowledging(value: Any, where: Where, reader: Reader) -> _Acknowledging | None:
    if not isinstance(value, dict):
        how = _HOW.read(value, where, reader)
        return None if how is None else _Acknowledging(how, "")
    found = mapping(value, ("how", "template"), where, reader, "") or {}
    how = _HOW.read(found.get("how", "default"), (*where, "how"), reader)
    prepared = named("reply").read(found["template"], (*where, "template"), reader) if "template" in found else ""
    return None if how is None or prepared is None else _Acknowledging(how, prepared)


_HOW: Form[Acknowledge] = cast("Form[Acknowledge]", one_of(*get_args(Acknowledge)))
_LIST = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}
TOLD: Form[tuple[str, ...]] = Form(_told, _LIST)
ADDRESSES: Form[tuple[str, ...]] = Form(_addresses, _LIST)
ACKNOWLEDGING: Form[_Acknowledging] = Form(
    _acknowledging,
    {
        "anyOf": [
            _HOW.schema,
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "how": {**_HOW.schema, "description": "Whether it is sent."},
                    "template": {"type": "string", "description": "A text of `replies` that it carries."},
                },
            },
        ]
    },
)


def _group(value: Any, where: Where, reader: Reader) -> Phrase | None:
    return Phrase(SUBJECT) if value == "subject" else PHRASE.read(value, where, reader)


GROUP: Form[Phrase] = Form(_group, {"type": "string", "examples": ["subject", "{host}"]})

# -- what the ticket is ----------------------------------------------------------------------------------------------


@action("type", one_of(*TYPES))
def _type(value: str, outcome: Outcome) -> None:
    """What it is: an incident, a request, a problem."""
    outcome.set("type", value)


@action("category", named("category"))
def _category(value: str, outcome: Outcome) -> None:
    """A category of desk.yaml; it brings what is said of it there, such as its line and service."""
    outcome.set("category", value)


@action("service", named("service"))
def _service(value: str, outcome: Outcome) -> None:
    """The service that is affected; it brings its impact on the business."""
    outcome.set("service", value)


@action("impact", one_of(*LEVELS))
def _impact(value: str, outcome: Outcome) -> None:
    """How much it touches users; priority follows."""
    outcome.set("impact", value)


@action("business", one_of(*LEVELS))
def _business(value: str, outcome: Outcome) -> None:
    """How much it touches the business; priority follows."""
    outcome.set("business", value)


@action("urgency", one_of(*LEVELS))
def _urgency(value: str, outcome: Outcome) -> None:
    """How soon it hurts; priority follows."""
    outcome.set("urgency", value)


@action("priority", one_of(*PRIORITIES))
def _priority(value: str, outcome: Outcome) -> None:
    """The priority, whatever the matrix says."""
    outcome.set("priority", value)


@action("line", named("line"))
def _line(value: str, outcome: Outcome) -> None:
    """The line that gets it."""
    outcome.set("line", value)


@action("assignee", named("agent"))
def _assignee(value: str, outcome: Outcome) -> None:
    """The agent who gets it."""
    outcome.set("assignee", value)


@action("status", one_of(*STATUSES))
def _status(value: str, outcome: Outcome) -> None:
    """The status."""
    outcome.set("status", value)


@action("language", named("language"))
def _language(value: str, outcome: Outcome) -> None:
    """The language in which the requester is written to."""
    outcome.set("language", value)


@action("subject", PHRASE)
def _subject(value: Phrase, outcome: Outcome) -> None:
    """The subject, in place of the mail's own."""
    words_ = value.fill(outcome.captures).strip()
    if words_:
        outcome.set("subject", words_)


@action("tags", PHRASES)
def _tags(value: tuple[Phrase, ...], outcome: Outcome) -> None:
    """Tags to set."""
    found = {_NO_TAG.sub("-", one.fill(outcome.captures))[:40].strip("-"): bool(one.gaps) for one in value}
    outcome.changes.extend(
        Tagged(tag, outcome.why, "rule", captured=captured) for tag, captured in sorted(found.items()) if tag
    )


@action("sla", named("sla"))
def _sla(value: str, outcome: Outcome) -> None:
    """The service level agreement of that name, whatever `when` says there."""
    outcome.set("sla", value)


@action("confidential", YES_OR_NO)
def _confidential(value: bool, outcome: Outcome) -> None:
    """Nobody but its assignee and `data_protection` sees it, and no mail about it holds details."""
    if value:
        outcome.set("confidential", "yes")


# -- who hears of it -------------------------------------------------------------------------------------------------


@action("acknowledge", ACKNOWLEDGING)
def _acknowledge(value: _Acknowledging, outcome: Outcome) -> None:
    """Whether the user is told at once that the mail arrived, and with which text of `replies` besides.

    `always` cannot answer automatic mail either.
    """
    outcome.acknowledge, outcome.prepared = value.how, value.prepared or outcome.prepared


@action("notify", TOLD)
def _notify(value: tuple[str, ...], outcome: Outcome) -> None:
    """Who of the staff is told: assignee, line, owner, watchers, lead, manager, data_protection; or an address."""
    for one in value:
        if one in _STAFF:
            outcome.notify.append(cast("Audience", one))
        else:
            outcome.addresses.append(one)


@action("forward", ADDRESSES)
def _forward(value: tuple[str, ...], outcome: Outcome) -> None:
    """Addresses to which the mail is passed on, with its attachments; a machine's mail with a code or link never is."""
    outcome.forward.extend(value)


@action("reply", named("reply"))
def _reply(value: str, outcome: Outcome) -> None:
    """A text of `replies` that is sent to the requester, in their language."""
    outcome.reply = value


@action("note", PHRASE)
def _note(value: Phrase, outcome: Outcome) -> None:
    """A note for agents alone, on the ticket."""
    outcome.note = "\n\n".join(filter(None, (outcome.note, value.fill(outcome.captures))))


# -- whether there is a ticket ---------------------------------------------------------------------------------------


@action("hold", PHRASE)
def _hold(value: Phrase, outcome: Outcome) -> None:
    """Make no ticket until a person has decided (`maild held`); the reason."""
    outcome.hold = value.fill(outcome.captures)


@action("drop", PHRASE)
def _drop(value: Phrase, outcome: Outcome) -> None:
    """Make no ticket; the reason stands in the ledger, and the mail can still be had."""
    outcome.drop = value.fill(outcome.captures)


@action("group_by", GROUP)
def _group_by(value: Phrase, outcome: Outcome) -> None:
    """Mails of one sender for which this is the same join one ticket while it is unsolved: `subject`, or captures."""
    outcome.group = value.fill(outcome.captures)


@action("stop", YES_OR_NO)
def _stop(value: bool, outcome: Outcome) -> None:
    """No rule below this one is looked at; the same as `stop` beside `then`."""
    outcome.stop = outcome.stop or value
