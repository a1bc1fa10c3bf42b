"""B53: the new text apart from the old, and nothing lost."""
# ruff: noqa: E501 - quoted headers and HTML as mail programs write them, one a line

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maild.mail import html, reading, reply
from tests.mail.letters import CORPORA, SETTINGS, corpus, squeezed

NEW = "Det virker stadig ikke.\n\nÈ urgente, please help."
OLD = "Have you restarted it?\nRegards, Ada"
QUOTED = "> Have you restarted it?\n> Regards, Ada"


def new_of(text: str) -> str:
    """The new text, after checking that nothing was lost."""
    new, old = reply.split(text)
    assert sorted(squeezed(new + old)) == sorted(squeezed(html.MARKS.sub("", text)))
    return new


@pytest.mark.parametrize(
    "caption",
    [
        "On Tue, Nov 24, 2026 at 9:00 AM Support <support@example.org> wrote:",
        "On 24.11.2026 09:00, Support wrote:",
        "On Tue, 24 Nov 2026 at 09:00, Example Desk via Somebody Else\n<support@example.org> wrote:",
        "Il giorno mar 24 nov 2026 alle ore 09:00 Support <support@example.org> ha scritto:",
        "Il 24/11/2026 09:00, Support ha scritto:",
        "Den tirs. 24. nov. 2026 kl. 09.00 skrev Support <support@example.org>:",
        "Den 24.11.2026 kl. 09.00 skrev Support:",
        "Am 24.11.26 um 09:00 schrieb Support:",
        "Am Di., 24. Nov. 2026 um 09:00 Uhr schrieb Support <\nsupport@example.org>:",
        "Le mar. 24 nov. 2026 à 09:00, Support <support@example.org> a écrit :",
        "Le 24/11/2026 à 09:00, Support a écrit :",
        "El mar, 24 nov 2026 a las 9:00, Support (<support@example.org>) escribió:",
        "Op di 24 nov. 2026 om 09:00 schreef Support <support@example.org>:",
        "Op 24 nov. 2026 om 09:00 heeft Support <support@example.org> het volgende geschreven:",
        "Den tis 24 nov. 2026 kl 09:00 skrev Support <support@example.org>:",
        "24 nov. 2026 kl. 09:00 skrev Support <support@example.org>:",
        "tir. 24. nov. 2026 kl. 09:00 skrev Support <support@example.org>:",
        "Em ter., 24 de nov. de 2026 às 09:00, Support <support@example.org> escreveu:",
        "wt., 24 lis 2026 o 09:00 Support <support@example.org> napisał(a):",
        "W dniu 24.11.2026 o 09:00, Support pisze:",
        "вт, 24 нояб. 2026 г. в 09:00, Support <support@example.org>:",
        "2026-11-24 9:00 GMT+01:00 Support <support@example.org>:",
        "Support <support@example.org> kirjoitti 24.11.2026 kello 9.00:",
        "---- On Tue, 24 Nov 2026 09:00:00 +0100 Support <support@example.org> wrote ----",
    ],
)
def test_the_line_above_a_quote_is_known_in_many_languages(caption: str) -> None:
    assert new_of(f"{NEW}\n\n{caption}\n\n{QUOTED}\n") == NEW


@pytest.mark.parametrize(
    "caption",
    [
        "On Tue, Nov 24, 2026 at 9:00 AM Support <support@example.org> wrote:",
        "Il giorno mar 24 nov 2026 alle ore 09:00 Support <support@example.org> ha scritto:",
        "Den tirs. 24. nov. 2026 kl. 09.00 skrev Support <support@example.org>:",
        "-----Original Message-----\nFrom: Support <support@example.org>\nSent: 24 November 2026 09:00\nTo: Carla\nSubject: VPN",
        "From: Support <support@example.org>\nSent: Tuesday, November 24, 2026 9:00 AM\nTo: Carla\nSubject: VPN",
        "Da: Support <support@example.org>\nInviato: martedì 24 novembre 2026 09:00\nA: Carla\nOggetto: VPN",
        "Fra: Support <support@example.org>\nSendt: 24. november 2026 09:00\nTil: Carla\nEmne: VPN",
        "Von: Support <support@example.org>\nGesendet: Dienstag, 24. November 2026 09:00\nAn: Carla\nBetreff: VPN",
        "De : Support <support@example.org>\nEnvoyé : mardi 24 novembre 2026 09:00\nÀ : Carla\nObjet : VPN",
        "De: Support <support@example.org>\nEnviado: martes, 24 de noviembre de 2026 9:00\nPara: Carla\nAsunto: VPN",
        "Van: Support <support@example.org>\nVerzonden: dinsdag 24 november 2026 09:00\nAan: Carla\nOnderwerp: VPN",
        "Från: Support <support@example.org>\nSkickat: den 24 november 2026 09:00\nTill: Carla\nÄmne: VPN",
        "Od: Support <support@example.org>\nWysłano: wtorek, 24 listopada 2026 09:00\nDo: Carla\nTemat: VPN",
        "________________________________\nFrom: Support <support@example.org>\nSent: Tuesday, November 24, 2026 9:00 AM\nTo: Carla\nSubject: VPN",
        "*From:* Support <support@example.org>\n*Sent:* Tuesday, November 24, 2026 9:00 AM\n*To:* Carla\n*Subject:* VPN",
        "-----Oprindelig meddelelse-----\nFra: Support",
        "-----Messaggio originale-----\nDa: Support",
        "---------- Forwarded message ---------\nFrom: Support <support@example.org>",
        "Begin forwarded message:\n\nFrom: Support <support@example.org>",
        "Inizio messaggio inoltrato:\n\nDa: Support <support@example.org>",
    ],
)
def test_without_quote_marks_all_below_the_caption_is_old(caption: str) -> None:
    assert new_of(f"{NEW}\n\n{caption}\n\n{OLD}\n") == NEW


@pytest.mark.parametrize(
    "line",
    [
        "##- Please type your reply above this line -##",
        "##- Skriv dit svar over denne linje -##",
        "> ##- Scrivi la risposta sopra questa riga -##\n> Ticket",
        "*##- x -##*",
    ],
)
def test_our_own_delimiter_ends_the_new_text_in_every_language(line: str) -> None:
    mark = "> " if line.startswith(">") else ""
    assert new_of(f"{NEW}\n\n{line}\n{mark}\n{mark}Ticket INC-7\n{mark}!close\n") == NEW


def test_what_introduces_our_delimiter_goes_with_it() -> None:
    assert new_of(
        f"{NEW}\n\nSupport hat am 24.11. geschrieben\nAm 24.11.2026 schrieb Support:\n\n##- x -##\nold"
    ).startswith(NEW)
    assert "schrieb" not in new_of(f"{NEW}\n\nAm 24.11.2026 um 09:00 schrieb Support:\n\n##- x -##\nold")
    assert new_of(f"{NEW}\n\nFra: Support\nSendt: 24. november 2026\nTil: Carla\nEmne: VPN\n\n##- x -##\nold") == NEW


def test_an_answer_below_our_quoted_delimiter_survives() -> None:
    text = f"On 24.11.2026 09:00, Support wrote:\n> ##- Reply above this line -##\n> Have you restarted it?\n\n{NEW}\n"
    assert new_of(text) == NEW


TOKEN = "aaaaaaiaaaaacaaj26o7yncmkhdakdkhy7ucguv6545q"
NOTICE = f"""\
##- Reply above this line -##

[Internal: for staff only]

Carla has written.

> Did you restart?
>
> ok
> Which network?
> > INC-7 \u00b7 {TOKEN}

- Take it <mailto:support+{TOKEN}@example.org?body=%21take>

Example Desk

[INC-7 \u00b7 {TOKEN}]"""
LEADS = {
    "lead": "On 24.11.2026 09:00, Support wrote:\n",
    "inside": "> On 24 Nov 2026, at 09:00, Support <support@example.org> wrote:\n>\n",
    "outlook": "> -----Original Message-----\n> From: Support <support@example.org>\n> Sent: 24 November 2026 09:00\n> To: Ada\n> Subject: VPN\n>\n",
}


def quoted_notice(lead: str, *, cut: bool, answers: dict[str, str] | None = None) -> str:
    """Our mail to an agent as their program quotes it, its first line cut, with answers below some of its lines."""
    rows = []
    for line in NOTICE.split("\n")[1 if cut else 0 :]:
        rows.append(f"> {line}".rstrip())
        rows += ["", answers[line], ""] if answers and line in answers else []
    return LEADS[lead] + "\n".join(rows)


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("lead", LEADS)
def test_answers_between_the_lines_of_our_mail_keep_what_it_quotes_and_nothing_of_its_frame(
    lead: str, *, cut: bool
) -> None:
    """M9: the frame names what is inside and holds its reader's token, with or without our delimiter."""
    answers = {"> Did you restart?": "Yes, twice.", "> Which network?": "The guest one.", "Example Desk": "Bye."}
    new = new_of(quoted_notice(lead, cut=cut, answers=answers))
    assert [x for x in new.split("\n") if x.strip("> ")] == [
        *("> > Did you restart?", "Yes, twice.", "> > Which network?", "The guest one.", "Bye.")
    ]


@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
@pytest.mark.parametrize("lead", LEADS)
def test_a_typed_line_that_looks_quoted_stays_and_our_mail_goes(lead: str, *, cut: bool) -> None:
    typed = "The log says\n> tunnel up\nand that is all."
    assert new_of(f"{quoted_notice(lead, cut=cut)}\n\n{typed}\n") == typed
    assert new_of(f"{typed}\n\n{quoted_notice(lead, cut=cut)}\n") == typed


@pytest.mark.parametrize("signature", ["-- \nAda Rossi\n+39 06 555", "Sent from my iPhone", "___\nAda Rossi"])
@pytest.mark.parametrize("cut", [False, True], ids=["whole", "cut"])
def test_a_signature_below_our_quoted_mail_is_cut(signature: str, *, cut: bool) -> None:
    assert new_of(f"{quoted_notice('lead', cut=cut)}\n\n{NEW}\n{signature}\n") == NEW


def test_a_foot_that_somebody_wrote_into_what_we_quote_does_not_end_our_mail() -> None:
    """M9: with the real one cut away, all below theirs would count as the agent's words."""
    text = quoted_notice("lead", cut=False).rpartition("\n")[0]
    assert new_of(f"{text}\n\n{NEW}\n") == NEW
    assert TOKEN not in new_of(f"{quoted_notice('lead', cut=True).rpartition(chr(10))[0]}\n\n{NEW}\n\n> x\n\nBye.")


def test_the_place_of_a_picture_at_the_end_is_no_text() -> None:
    assert new_of(f"{NEW}\nAda Rossi\n\n[cid:image001.png@01DB3E5F.2A7C1B40]\n\n") == f"{NEW}\nAda Rossi"
    assert new_of(f"See:\n[cid:image001.png@01DB3E5F.2A7C1B40]\n{NEW}").startswith("See:\n[cid:")


@pytest.mark.parametrize(
    "style", ["p.MsoNormal, li.MsoNormal {margin:0cm;margin-bottom:.0001pt;}", "P {margin-top:0;margin-bottom:0;}"]
)
def test_paragraphs_without_margin_are_lines(style: str) -> None:
    """Outlook's Enter makes a paragraph, and an empty one where a reader sees an empty line."""
    source = f"<html><head><style>{style}</style></head><body><p class=MsoNormal>One</p><p class=MsoNormal>two<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>three</p></body></html>"
    assert html.to_text(source, 10_000)[0] == "One\ntwo\n\nthree\n"
    spaced = source.replace(style, "p.MsoNormal {margin:0cm 0cm 8.0pt 0cm;}")
    assert html.to_text(spaced, 10_000)[0].startswith("One\n\ntwo")


def test_an_answer_below_the_quote_is_the_new_text() -> None:
    assert new_of(f"On 24.11.2026 09:00, Support wrote:\n{QUOTED}\n\n{NEW}\n") == NEW
    assert new_of(f"On 24.11.2026 09:00, Support wrote:\n{QUOTED}\n\n{NEW}\n-- \nCarla\n") == NEW


def test_answers_between_the_quoted_lines_keep_what_they_answer() -> None:
    text = "On 24.11.2026 09:00, Support wrote:\n> Did you restart?\n\nYes, twice.\n\n> Which network?\n\nThe guest one.\n\n> Regards, Ada\n"
    assert new_of(text) == "> Did you restart?\n\nYes, twice.\n\n> Which network?\n\nThe guest one."


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nCarla Bruni\nCustomer Ltd",
        "--\nCarla",
        "Sent from my iPhone",
        "Inviato da iPhone",
        "Sendt fra min iPhone",
        "Get Outlook for iOS <https://aka.ms/x>",
        "Hent Outlook til Android",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "____________________\nCarla Bruni",
    ],
)
def test_signatures_are_cut(signature: str) -> None:
    assert new_of(f"{NEW}\n\n{signature}\n") == NEW
    assert new_of(f"{NEW}\n\n{signature}\n\nOn 24.11.2026 09:00, Support wrote:\n{QUOTED}\n") == NEW


@pytest.mark.parametrize(
    "text",
    [
        "I did:\n\n>>> import os\n>>> os.listdir()\n['a']\n\nand it fails.",
        ">>> 1 + 1\n2",
        "The query was\n```\n> SELECT 1;\n-- \ncomment\n```",
        "if a > b:\n    c = a > 3",
        "I ran\n> npm start\nand nothing happened.",
        "The train goes\nFrom: Rome\nTo: Milan\nand is late.",
        "On Monday the printer wrote: out of paper.",
        "On Monday I wrote to you:\nno answer.",
        "- one\n- two\n- three",
        "2026-11-24 09:00:01 ERROR disk full\n2026-11-24 09:00:02 ERROR disk full",
        "--- a.py\n+++ b.py\n@@ -1 +1 @@\n-x\n+y",
        "Sent from my colleague's office, where it works.",
        "Error:\n---------\nline 1\nline 2",
        "Name | Value\n-----|------\na | b",
        "!resolve restarted the router",
        "Data: 24/11/2026\nImporto: 100 euro",
    ],
)
def test_what_only_looks_like_a_quote_is_kept(text: str) -> None:
    assert new_of(text) == text


def test_indentation_is_kept() -> None:
    assert new_of("Trace:\n    at main()\n        at x()\n") == "Trace:\n    at main()\n        at x()"


def test_a_mail_that_is_all_quote_has_no_new_text() -> None:
    assert new_of(QUOTED) == ""


def test_what_stands_on_top_of_a_forward_is_the_new_text() -> None:
    text = "FYI, can you look?\n\n---------- Forwarded message ---------\nFrom: X <x@y.example>\nDate: Tue\nSubject: z\nTo: a\n\nhello"
    assert new_of(text) == "FYI, can you look?"


@pytest.mark.parametrize(
    "source",
    [
        '<div>New.</div><div class="gmail_quote"><div class="gmail_attr">On 24 Nov 2026 X &lt;x@y.example&gt; wrote:</div><blockquote>old</blockquote></div>',
        '<div>New.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: X<br>To: Y</div><p>old</p>',
        '<p>New.</p><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p>Kenelta: X</p></div><p>old</p>',
        '<div>New.</div><blockquote type="cite"><div>On 24 Nov 2026, X wrote:</div>old</blockquote>',
        '<p>New.</p><div class="moz-cite-prefix">X kirjoitti 24.11.2026:<br></div><blockquote type="cite">old</blockquote>',
        '<div>New.</div><div class="yahoo_quoted"><div>ieri X dice</div><div>old</div></div>',
        '<div>New.</div><div class="protonmail_quote">X said<blockquote>old</blockquote></div>',
    ],
)
def test_the_marks_of_mail_programs_in_html_are_used(source: str) -> None:
    text, _ = html.to_text(source, 10_000)
    assert new_of(text) == "New."


LINE = st.sampled_from(
    [
        "",
        "new text",
        "> old",
        ">> older",
        "-- ",
        "On 24.11.2026 X <a@b.example> wrote:",
        "From: a@b.example",
        "Sent: 2026",
        "##- x -##",
        "```",
        ">>> x",
        "___",
        "> ##- x -##",
        "Sent from my iPhone",
        f"> [INC-7 \u00b7 {TOKEN}]",
        f">> [INC-7 \u00b7 {TOKEN}]",
        "> On 24 Nov 2026, at 09:00, X <a@b.example> wrote:",
        ">",
        html.CUT,
    ]
)


@settings(max_examples=400, deadline=None)
@given(st.lists(LINE, max_size=14))
def test_whatever_the_lines_nothing_is_lost(lines: list[str]) -> None:
    new_of("\n".join(lines))


def test_nothing_is_lost_of_any_mail_of_the_corpora() -> None:
    corpus()
    paths = [p for p in CORPORA.rglob("*") if p.suffix in {".eml", ".txt"} and p.stat().st_size < 300_000]
    assert len(paths) > 500
    for path in paths:
        found = reading.read(path.read_bytes(), SETTINGS).mail
        assert sorted(squeezed(found.text)) == sorted(squeezed(found.reply + found.elided)), path


def test_replies_in_a_dozen_languages_are_cut_where_a_person_would() -> None:
    folder = corpus("email_reply_trimmer", "test")
    right = total = 0
    for path in sorted((folder / "emails").glob("*.txt")):
        text = path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
        wanted = folder / "trimmed" / path.name
        total += 1
        right += new_of(text).split() == (wanted.read_text(encoding="utf-8").split() if wanted.exists() else [])
    assert right >= total - 1


def test_replies_of_a_dozen_mail_programs_are_cut() -> None:
    folder = corpus("talon", "tests", "fixtures")
    for path in sorted((folder / "standard_replies").glob("*.eml")):
        assert reading.read(path.read_bytes(), SETTINGS).mail.reply == "Hello", path
    for path in sorted((folder / "html_replies").glob("*.html")):
        text, _ = html.to_text(path.read_text(encoding="utf-8", errors="replace"), 200_000)
        assert new_of(text).split() == ["Hi.", "I", "am", "fine.", "Thanks,", "Alex"], path
