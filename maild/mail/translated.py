"""The sample values as people would have written them in the language of the notice, so that a preview reads as one.

What maild itself says in them (the way of a ticket, the lines of a receipt) comes from the word lists of the language.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maild.mail import wording
from maild.mail.samples import sample

_IN: Mapping[str, Mapping[str, str]] = {
    "it": {
        "Since this morning the tunnel drops after a minute.\n\n    error 809: no response\n\nAt home and here.": (
            "Da stamattina il tunnel cade dopo un minuto.\n\n    errore 809: nessuna risposta\n\nA casa e anche qui."
        ),
        "The gateway had lost its certificate.\nIt has a new one; please connect again.": (
            "Il gateway aveva perso il certificato.\nOra ne ha uno nuovo: provi a collegarsi di nuovo."
        ),
        "VPN <fails> & *stops* on floor_3_west": "La VPN <cade> & *si ferma* al piano_3_ovest",
        "needs access to the gateway": "serve l'accesso al gateway",
        "Same on my own line: it is not her router.": "Succede anche sulla mia linea: non è il suo router.",
        "Tunnel drops": "Il tunnel cade",
        "Renewed the certificate of the gateway.": "Rinnovato il certificato del gateway.",
        "No VPN at home": "Niente VPN da casa",
        "MTU set to 1380.": "MTU impostata a 1380.",
        "Which network are you on?": "Su quale rete si trova?",
        "Since when does it happen?": "Da quando succede?",
        "screen shot.png": "schermata.png",
        "And the printer": "E la stampante",
        "Please restart it once.": "Provi a riavviarlo una volta.",
        "That did it, thanks!": "Ha funzionato, grazie!",
        "I am away until Monday.": "Sono assente fino a lunedì.",
        "The mailbox cannot be read": "La casella non si può leggere",
        "Run maild doctor.": "Eseguire maild doctor.",
        "New phone": "Telefono nuovo",
        "guest <2nd floor>,\n*not* eduroam": "ospiti <2º piano>,\n*non* eduroam",
        "It | drops after a minute.": "Cade | dopo un minuto.",
        "Does it concern you alone?": "Riguarda solo lei?",
        "Is the certificate of the gateway valid?": "Il certificato del gateway è valido?",
        "Does the account have the group vpn-users?": "L'utente è nel gruppo vpn-users?",
        "gold customers": "clienti gold",
        "Their contract promises an answer within the hour.": "Il loro contratto promette una risposta entro un'ora.",
        "Our technicians are working on the mail server.\nIt will be back before noon.": (
            "I nostri tecnici stanno lavorando al server di posta.\nTornerà in funzione entro mezzogiorno."
        ),
    },
    "da": {
        "Since this morning the tunnel drops after a minute.\n\n    error 809: no response\n\nAt home and here.": (
            "Siden i morges falder tunnelen ud efter et minut.\n\n    fejl 809: intet svar\n\nBåde hjemme og her."
        ),
        "The gateway had lost its certificate.\nIt has a new one; please connect again.": (
            "Gatewayen havde mistet sit certifikat.\nDen har fået et nyt; prøv at koble dig på igen."
        ),
        "VPN <fails> & *stops* on floor_3_west": "VPN <falder ud> & *går i stå* på etage_3_vest",
        "needs access to the gateway": "kræver adgang til gatewayen",
        "Same on my own line: it is not her router.": "Det samme på min egen linje: det er ikke hendes router.",
        "Tunnel drops": "Tunnelen falder ud",
        "Renewed the certificate of the gateway.": "Gatewayens certifikat er fornyet.",
        "No VPN at home": "Ingen VPN hjemmefra",
        "MTU set to 1380.": "MTU sat til 1380.",
        "Which network are you on?": "Hvilket netværk er du på?",
        "Since when does it happen?": "Hvornår begyndte det?",
        "screen shot.png": "skærmbillede.png",
        "And the printer": "Og printeren",
        "Please restart it once.": "Prøv at genstarte den en gang.",
        "That did it, thanks!": "Det hjalp, tak!",
        "I am away until Monday.": "Jeg er væk til mandag.",
        "The mailbox cannot be read": "Postkassen kan ikke læses",
        "Run maild doctor.": "Kør maild doctor.",
        "New phone": "Ny telefon",
        "guest <2nd floor>,\n*not* eduroam": "gæstenettet <2. sal>,\n*ikke* eduroam",
        "It | drops after a minute.": "Den falder ud | efter et minut.",
        "Does it concern you alone?": "Er det kun dig, det går ud over?",
        "Is the certificate of the gateway valid?": "Er gatewayens certifikat gyldigt?",
        "Does the account have the group vpn-users?": "Er brugeren med i gruppen vpn-users?",
        "gold customers": "guldkunder",
        "Their contract promises an answer within the hour.": "Deres aftale lover svar inden for en time.",
        "Our technicians are working on the mail server.\nIt will be back before noon.": (
            "Vores teknikere arbejder på mailserveren.\nDen er oppe igen inden middag."
        ),
    },
}


def translated(notice: str, language: str, words: Mapping[str, str]) -> dict[str, Any]:
    """The sample values of a notice in a language; where nobody has translated them, in English."""
    said = _IN.get(language.partition("-")[0], {})
    found: dict[str, Any] = _put(sample(notice), said)
    by_us = _by_us(found, words)
    return {**found, **{name: value for name, value in by_us.items() if name in found}}


def _put(value: Any, said: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return said.get(value, value)
    if isinstance(value, Mapping):
        return {key: _put(part, said) for key, part in value.items()}
    return tuple(_put(part, said) for part in value) if isinstance(value, tuple | list) else value


def _by_us(found: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """What maild says in the values, in the order of the samples."""
    zone = wording.zone_of(str(found["zone"]))
    steps: tuple[Mapping[str, Any], ...] = found["ledger"]
    due, target = wording.moment(steps[0]["due_at"], zone, words), wording.span(steps[0]["target"], words)
    higher = words["step.priority"].format(to=words["high"], target=target, due=due)
    trail = (
        {"what": words["opened"], "why": ""},
        {"what": f"{words['line']}: L1 → L2", "why": f"{words['first_response']}, 100%"},
    )
    events = ({"what": words["opened"]}, {"what": f"{words['status']}: {words['new']} → {words['open']}"})
    lines = (
        words["say.taken"],
        words["say.unknown"].format(near="priority"),
        words["say.is_merged"].format(key="INC-1"),
    )
    return {
        "trail": _joined(found["trail"], trail),
        "events": _joined(found["events"], events),
        "lines": _joined(found["lines"], [{"message": said} for said in lines]),
        "sent": (words["say.sent_public"],),
        "ledger": tuple({**one, "steps": _joined(one["steps"], [{"what": higher}])} for one in steps),
    }


def _joined(rows: Any, more: Any) -> tuple[dict[str, Any], ...]:
    return tuple({**row, **(more[number] if number < len(more) else {})} for number, row in enumerate(rows))
