"""How `maild explain` tells its findings to a person, one heading and its lines after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from maild.cli import output

_SHOWN = 6  # lines of the mail's own text
_EVIDENCE = {
    "token": "the reply token in its address",
    "message_id": "what it answers (In-Reply-To)",
    "references": "its References",
    "body": "the reply token in its text",
    "subject": "its subject",
    "none": "a rule gathers such mails there",
}

_TAKEN = {
    "agent": "believed to be the agent {}",
    "requester": "taken as the requester",
    "participant": "taken as a participant",
    "stranger": "a stranger to the ticket",
    "unverified": "not believed to be {}",
}


def show(told: Mapping[str, Any]) -> None:
    """Print all of what `explain.explain` found."""
    if told["fate"] == "quarantined":
        _head("Fate", f"quarantined: {told['reason']}")
        return
    if told["note"]:
        _head("Note", told["note"])
    _the_mail(told["says"])
    _the_sender(told["sender"])
    _the_ticket(told)
    _the_fate(told)
    _the_rules(told)
    _block("Changes", [_change(one) for one in told["changes"]], "none")
    _block("Clocks", [_clock(one) for one in told["clocks"] if one["change"]], "none starts, stops or moves")
    _block("Mails", [_mail(one) for one in told["mails"]], "none would go out")
    for one in told["mails"]:
        if "text" in one:
            _whole(one)


def _the_mail(says: Mapping[str, Any]) -> None:
    _head("The mail", f"{says['subject'] or '(no subject)'}: {says['kind']} ({says['kind_why']})")
    if says["language"]:
        _line(f"it is written in {says['language']}")
    if not says["answerable"]:
        _line("no automatic mail answers it")
    new = says["reply"].strip().splitlines()
    for line in new[:_SHOWN]:
        _line(f"| {line}")
    if len(new) > _SHOWN:
        _line(f"| ... and {len(new) - _SHOWN} lines more")
    for file in says["attachments"]:
        _line(f"attached: {file['name'] or '(no name)'} ({file['type']}, {file['size']} bytes)")
    for defect in says["defects"]:
        _line(f"defect: {defect}")


def _the_sender(sender: Mapping[str, Any]) -> None:
    taken = _TAKEN[sender["verdict"]].format(sender["actor"] or "anybody")
    _head("Sender", f"{sender['from'] or '(none)'}: {taken} ({sender['verdict']}), because: {sender['why']}")
    if not sender["from_ok"]:
        _line(f"From is not believed: {sender['from_why']}")
    believed = sender["authserv"] or "no server (authserv is not set)"
    _line(f"believed is what {believed} says; the topmost Authentication-Results of the mail:")
    _line(f"  {sender['authentication_results'][0] if sender['authentication_results'] else '(none)'}")


def _the_ticket(told: Mapping[str, Any]) -> None:
    _head("Ticket", told["belongs_to"] or "it belongs to none yet")
    for one in told["evidence"]:
        whose = f", the token of {one['token_of']}" if one["token_of"] else ""
        merged = f" (as {one['merged']}, which was merged into it)" if one["merged"] else ""
        void = f"; it does not count: {one['void']}" if one["void"] else ""
        _line(f"{_EVIDENCE[one['evidence']]}: {one['ticket'] or 'no ticket'}{merged}{whose}{void}")
    if told["conflict"]:
        _line(f"a conflict: {told['conflict']}; the stronger evidence counts")
    if told["internal"]:
        _line("it answers an internal note, and stays internal")
    before = told["came_before"]
    if before:
        where = f" {before['ticket']}" if before["ticket"] else ""
        _line(f"it came before, as {before['source']}: {before['fate']}{where} ({before['reason']})")
        _line("what follows is as if it came now for the first time; as it is, it would be a duplicate")


def _the_fate(told: Mapping[str, Any]) -> None:
    where = f" {told['ticket']}" if told["ticket"] else ""
    opens = ", a new ticket" if told["created"] else ""
    _head("Fate", f"{told['fate']}{where}{opens}: {told['reason']}")
    for one in told["commands"]:
        _line(f"{one['line']}: {one['result']}, {one['message']}")


def _the_rules(told: Mapping[str, Any]) -> None:
    """Each rule with a mark, and below it its conditions, where it was asked for them."""
    if told["rules_not_asked"] is not None:
        _head("Rules", f"they are not asked: {told['rules_not_asked']}")
        return
    on = f"asked on: {', '.join(told['rules_on'])}"
    _head("Rules", on if told["rules"] else "there are none")
    for one in told["rules"]:
        _marked(0, f"{one['rule']}: {'matched' if one['matched'] else 'did not match'}; {one['why']}", one["matched"])
        for each in one["conditions"]:
            here = "   <- the first that fails" if each["first_failed"] else ""
            _marked(2 + each["depth"], f"{each['condition']}{here}", each["holds"])
        if not one["matched"] and one["conditions"]:
            _line(f"    it would: {one['would']}")


def _marked(depth: int, words: str, holds: bool) -> None:
    mark = click.style("\u2713", fg="green") if holds else click.style("\u2717", fg="red")
    click.echo(f"  {'  ' * depth}{mark} {output.plain(words)}")


def _change(one: Mapping[str, Any]) -> str:
    moved = one["to"] is not None and one["kind"] != "opened"
    change = f": {_value(one['from'])} -> {_value(one['to'])}" if moved else ""
    return f"{one['ticket']} {one['kind']}{change} ({one['by']}: {one['why']})"


def _value(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(one, Mapping) and "question" in one for one in value):
        told = (f"{one['question'] or one['field']} {one['answer'] or '(not answered)'}" for one in value)
        return output.plain("; ".join(told))
    return "-" if value is None else output.moment(value) if isinstance(value, str) else output.plain(value)


def _clock(one: Mapping[str, Any]) -> str:
    due = f", due {output.moment(one['due_at'])}" if one["change"] not in ("stops", "stands still") else ""
    return f"{one['kind']} {one['change']}{due} ({one['target_minutes']:g} minutes, calendar {one['calendar']})"


def _mail(one: Mapping[str, Any]) -> str:
    return f"{one['notice']} to {one['to']} ({one['language']}): {one['subject']}"


def _whole(one: Mapping[str, Any]) -> None:
    click.echo()
    _head("Mail to", one["to"])
    _head("Subject", one["subject"])
    click.echo(f"\n{output.plain(one['text'].rstrip())}")


def _block(name: str, lines: Sequence[str], empty: str) -> None:
    _head(name, "" if lines else empty)
    for line in lines:
        _line(line)


def _head(name: str, words: str) -> None:
    click.echo(f"{click.style(name, bold=True)}: {output.plain(words)}".rstrip())


def _line(words: str) -> None:
    click.echo(f"  {output.plain(words)}")
