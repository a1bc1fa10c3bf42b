"""Reply headers and the subjects of automatic replies in languages that maild has no templates in: two of each.

As Outlook, Gmail, Apple Mail and Thunderbird write them; de, fr, es, nl, sv, nb, pt, pl.
"""

from __future__ import annotations

import pytest

from maild.mail.reply import split
from tests.mail.letters import mail

NEW = "Danke, thanks, merci: 12."
QUOTED = "The old text of the desk that nobody wants to read twice."

# Above a quote, in a line that names who wrote it.
ATTRIBUTIONS = [
    ("de", "Am Di., 24. Nov. 2026 um 09:00 Uhr schrieb Example Desk <support@example.org>:"),
    ("de", "Am 24.11.2026 um 09:00 schrieb Example Desk:"),
    ("fr", "Le mar. 24 nov. 2026 à 09:00, Example Desk <support@example.org> a écrit :"),
    ("fr", "Le 24/11/2026 à 09:00, Example Desk a écrit :"),
    ("es", "El mar, 24 nov 2026 a las 9:00, Example Desk (<support@example.org>) escribió:"),
    ("es", "El 24/11/26 a las 9:00, Example Desk escribió:"),
    ("nl", "Op di 24 nov 2026 om 09:00 schreef Example Desk <support@example.org>:"),
    ("nl", "Op 24-11-2026 om 09:00 schreef Example Desk:"),
    ("sv", "Den tis 24 nov. 2026 kl 09:00 skrev Example Desk <support@example.org>:"),
    ("sv", "Den 2026-11-24 kl. 09:00, skrev Example Desk:"),
    ("nb", "tir. 24. nov. 2026 kl. 09:00 skrev Example Desk <support@example.org>:"),
    ("nb", "Den 24.11.2026 09:00, skrev Example Desk:"),
    ("pt", "Em ter., 24 de nov. de 2026 às 09:00, Example Desk <support@example.org> escreveu:"),
    ("pt", "Às 09:00 de 24/11/2026, Example Desk escreveu:"),
    ("pl", "wt., 24 lis 2026 o 09:00 Example Desk <support@example.org> napisał(a):"),
    ("pl", "W dniu 24.11.2026 o 09:00, Example Desk pisze:"),
]

# The block of fields that Outlook writes above a quote without marks.
BLOCKS = [
    ("de", "Von: {}\nGesendet: Dienstag, 24. November 2026 09:00\nAn: Carla <c@c.example>\nBetreff: [INC-12] VPN"),
    ("de", "-----Ursprüngliche Nachricht-----\nVon: {}\nGesendet: 24.11.2026 09:00\nBetreff: VPN"),
    ("fr", "De : {}\nEnvoyé : mardi 24 novembre 2026 09:00\nÀ : Carla <c@c.example>\nObjet : [INC-12] VPN"),
    ("fr", "-----Message d'origine-----\nDe : {}\nEnvoyé : 24/11/2026 09:00\nObjet : VPN"),
    ("es", "De: {}\nEnviado el: martes, 24 de noviembre de 2026 9:00\nPara: Carla <c@c.example>\nAsunto: [INC-12] VPN"),
    ("es", "-----Mensaje original-----\nDe: {}\nEnviado: 24/11/2026 9:00\nAsunto: VPN"),
    ("nl", "Van: {}\nVerzonden: dinsdag 24 november 2026 09:00\nAan: Carla <c@c.example>\nOnderwerp: [INC-12] VPN"),
    ("nl", "-----Oorspronkelijk bericht-----\nVan: {}\nVerzonden: 24-11-2026 09:00\nOnderwerp: VPN"),
    ("sv", "Från: {}\nSkickat: den 24 november 2026 09:00\nTill: Carla <c@c.example>\nÄmne: [INC-12] VPN"),
    ("sv", "-----Ursprungligt meddelande-----\nFrån: {}\nSkickat: 2026-11-24 09:00\nÄmne: VPN"),
    ("nb", "Fra: {}\nSendt: tirsdag 24. november 2026 09:00\nTil: Carla <c@c.example>\nEmne: [INC-12] VPN"),
    ("nb", "-----Opprinnelig melding-----\nFra: {}\nSendt: 24.11.2026 09:00\nEmne: VPN"),
    ("pt", "De: {}\nEnviada em: terça-feira, 24 de novembro de 2026 09:00\nPara: Carla <c@c.example>\nAssunto: VPN"),
    ("pt", "-----Mensagem original-----\nDe: {}\nEnviado: 24/11/2026 09:00\nAssunto: VPN"),
    ("pl", "Od: {}\nWysłano: wtorek, 24 listopada 2026 09:00\nDo: Carla <c@c.example>\nTemat: [INC-12] VPN"),
    ("pl", "-----Wiadomość oryginalna-----\nOd: {}\nWysłano: 24.11.2026 09:00\nTemat: VPN"),
]

AUTOMATIC = [
    ("de", "Automatische Antwort: [INC-12] VPN"),
    ("de", "Abwesenheitsnotiz: [INC-12] VPN"),
    ("fr", "Réponse automatique : [INC-12] VPN"),
    ("fr", "Absence du bureau : [INC-12] VPN"),
    ("es", "Respuesta automática: [INC-12] VPN"),
    ("es", "Fuera de la oficina: [INC-12] VPN"),
    ("nl", "Automatisch antwoord: [INC-12] VPN"),
    ("nl", "Afwezigheidsbericht: [INC-12] VPN"),
    ("sv", "Automatiskt svar: [INC-12] VPN"),
    ("sv", "Frånvaromeddelande: [INC-12] VPN"),
    ("nb", "Automatisk svar: [INC-12] VPN"),
    ("nb", "Fraværsmelding: [INC-12] VPN"),
    ("pt", "Resposta automática: [INC-12] VPN"),
    ("pt", "Ausência do escritório: [INC-12] VPN"),
    ("pl", "Odpowiedź automatyczna: [INC-12] VPN"),
    ("pl", "Autoodpowiedź: [INC-12] VPN"),
    ("pl", "Nieobecność w biurze: [INC-12] VPN"),
]


@pytest.mark.parametrize(("language", "caption"), ATTRIBUTIONS)
def test_the_line_that_names_who_is_quoted_is_known(language: str, caption: str) -> None:
    assert split(f"{NEW}\n\n{caption}\n\n> {QUOTED}\n")[0] == NEW
    assert split(f"{NEW}\n\n{caption}\n\n{QUOTED}\n")[0] == NEW  # without quote marks


@pytest.mark.parametrize(("language", "block"), BLOCKS)
def test_the_fields_above_a_quote_are_known(language: str, block: str) -> None:
    for whom in ("Example Desk <support@example.org>", "Example Desk"):
        assert split(f"{NEW}\n\n{block.format(whom)}\n\n{QUOTED}\n")[0] == NEW


@pytest.mark.parametrize(("language", "subject"), AUTOMATIC)
def test_the_subject_of_an_automatic_reply_is_known(language: str, subject: str) -> None:
    assert mail(f"Subject: {subject}").kind == "auto_reply"
