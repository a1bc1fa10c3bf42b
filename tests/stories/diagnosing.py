"""A desk whose categories ask, know their service and their agreement, for the stories of diagnosis and priority."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests import cast
from tests.stories.conversation import Conversation

QUESTIONS = {
    "en": ("Which network are you on?", "What does the VPN client say?", "Does it concern you alone?"),
    "it": ("Da quale rete ti colleghi?", "Che cosa dice il client VPN?", "Riguarda solo te?"),
    "da": ("Hvilket netværk er du på?", "Hvad skriver VPN-klienten?", "Gælder det kun dig?"),
}
_ASKED = "\n".join(f"      {language}: {list(asked)!r}" for language, asked in QUESTIONS.items())
CATEGORIES = f"""\
replies:
  restart:
    en: Please restart the VPN client.
    it: Riavvia il client VPN, per favore.
    da: Genstart VPN-klienten, tak.
services:
  vpn: {{business: medium}}
  erp: {{business: high, line: L3}}
  printing: {{}}
vips:
  - {{address: carla@customer.example, business: high}}
  - {{domain: board.example, business: medium}}
languages_by_domain: {{dk: da, customer.dk: en, it: it}}
categories:
  network:
    line: L2
    checklist:
      en: ["Is the gateway up?"]
      it: ["Il gateway risponde?"]
      da: ["Svarer gatewayen?"]
  network/vpn:
    service: vpn
    urgency: high
    reply: restart
    asks: [what, symptoms, who]
    questions:
{_ASKED}
  orders: {{impact: low, questions: {{en: ["How many?"], it: ["Quanti?"], da: ["Hvor mange?"]}}}}
  software/erp: {{service: erp}}
  hardware/printer: {{service: printing, impact: low, urgency: low, sla: printers}}
"""
_OLD = "categories:\n" + cast.DESK.partition("categories:\n")[2].partition("priority:\n")[0]
_TARGETS = "{{first_response: {0}, resolution: {1}, calendar: always}}"


def _agreement(name: str, when: str, first: str, solved: str) -> str:
    target = _TARGETS.format(first, solved)
    rows = "".join(f"      {priority}: {target}\n" for priority in ("critical", "high", "medium", "low"))
    return f"  - name: {name}\n    when: {when}\n    targets:\n{rows}"


AGREEMENTS = _agreement("requests", "{type: request}", "5h", "50h") + _agreement("printers", "{tag: none}", "7h", "70h")
RULES = """\
  - name: orders
    when: {kind: human, subject: {contains: [order, ordine, bestilling]}}
    then: {category: orders, type: request}
"""


def settle(desk: Conversation, folder: Path) -> Conversation:
    """Go on as the desk of this file."""
    there = cast.settings(
        folder,
        (_OLD, CATEGORIES),
        ("sla:\n  - name: standard", f"sla:\n{AGREEMENTS}  - name: standard"),
        ("    then: {category: network/vpn, tags: [vpn]}\n", "    then: {category: network/vpn}\n" + RULES),
    )
    desk.settings = replace(desk.settings, rules=there.rules)
    names = ("categories", "services", "vips", "languages_by_domain", "levels", "replies")
    desk.configure(**{name: getattr(there.desk, name) for name in names})
    return desk
