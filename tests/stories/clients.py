"""Replies as people's mail programs write them: the bytes, and what each of them shows of the new text.

A `Program` says what is peculiar to one program in one language: how it cites, breaks lines, encodes and signs. The
quote is made of the HTML of the mail that is answered, as programs do that write HTML; the others take its text.
"""
# ruff: noqa: E501 - HTML as mail programs write it, one element a line

from __future__ import annotations

import base64
import itertools
import re
import textwrap
from dataclasses import dataclass, replace
from email import policy
from email.message import EmailMessage
from html import escape
from html.parser import HTMLParser
from typing import Any, Literal

from tests.stories.letters import Person, Sent

_numbers = itertools.count(1)
LOGO = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True)
class Reply:
    """A mail as it is sent, and its new text as its plain form shows it: this has to arrive, and nothing else."""

    raw: bytes
    text: str


@dataclass(frozen=True)
class Program:
    """One mail program, as one person has set it up. In captions stand {sender} {me} {subject}."""

    mark: str  # before the subject
    caption: str  # the lines above the quote
    cite: str = "> "  # before each quoted line; empty: the program marks nothing
    page: str = ""  # the HTML form, with {new} {caption} {quote} {footer}; empty: it writes plain text
    line: str = "<div>{}</div>"  # a typed line in HTML
    blank: str = "<div><br></div>"
    item: str = "- "  # what a typed "- " is in the plain form
    link: str = "{words}<{to}>"  # a link in the plain form
    gap: str = ""  # an empty line in the plain form
    width: int = 0  # at which lines are broken
    flowed: Literal["", "yes", "delsp"] = ""
    charset: str = "utf-8"
    encoding: Literal["quoted-printable", "base64", "8bit"] = "quoted-printable"
    place: Literal["above", "below"] = "above"  # where people type
    inside: bool = False  # the caption is part of the quote
    footer: str = ""  # below the text: what a telephone or a person hangs on, cut by us
    signature: str = ""  # the same without a mark: part of the text
    logo: bool = False  # a picture in the signature
    plain: bool = True  # there is a plain form
    mailer: str = ""

    def reply(self, who: Person, got: Sent, text: str, order: str = "", *, cut: bool = False) -> Reply:
        """The reply with this text and, below it, an order; `cut`: the first line of the quote was taken away."""
        caption, quote = self._caption(who, got), self._quote(got)
        source = got.html.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]
        if cut:
            quote = [line for line in quote if "##-" not in line]
            source = re.sub("##-.*?-##", "", source)
        signed = f"{text}\n\n{self.signature.format(me=who.name)}".strip()
        typed = (f"{order}\n\n{signed}" if self.signature else f"{signed}\n\n{order}").strip()
        picture = "\n\n[cid:image001.png@01DB3E5F.2A7C1B40]" if self.logo else ""
        mail = self._mail(who, got)
        self._fill(mail, self._body(self._shown(typed) + picture, caption, quote), self._html(typed, caption, source))
        return Reply(mail.as_bytes(), self._shown(signed))

    def between(self, who: Person, got: Sent, answers: dict[str, str], order: str, *, cut: bool = False) -> bytes:
        """A reply whose answers stand in the quote, each below the line that holds the words it answers."""
        quote = [line for line in self._quote(got) if not (cut and "##-" in line)]
        old = self._body("", self._caption(who, got), quote).strip("\n").split("\n")
        rows: list[str] = []
        for line in old:
            rows.append(line)
            for words, answer in answers.items():
                if words in line:
                    rows += ["", answer, ""]
        mail = self._mail(who, got)
        self._fill(mail, "\n".join([*rows, "", order, ""]), "")
        return mail.as_bytes()

    # -- the plain form

    def _shown(self, typed: str) -> str:
        """What is typed, as the plain form has it; flowed lines are whole again for whoever reads them."""
        lines = typed.split("\n")
        if self.page and self.plain:
            lines = [re.sub(r"^- ", self.item, line) for line in lines]
        if self.width and not self.flowed:
            lines = [row for line in lines for row in _broken(line, self.width)]
        return "\n".join(line or self.gap for line in lines)

    def _caption(self, who: Person, got: Sent) -> list[str]:
        sender = got["From"] if "{full}" in self.caption else got["From"].partition(" <")[0]
        words = self.caption.replace("{full}", "{sender}")
        whole = words.format(sender=sender, me=f"{who.name} <{who.address}>", subject=got.subject)
        lines = whole.split("\n")
        return [row for line in lines for row in _broken(line, self.width)] if self.width else lines

    def _quote(self, got: Sent) -> list[str]:
        lines = shown(got.html, self.cite, self.link) if self.page else got.text.rstrip("\n").split("\n")
        if self.width and not self.flowed:
            lines = [row for line in lines for row in _broken(line, self.width)]
        return lines

    def _body(self, new: str, caption: list[str], quote: list[str]) -> str:
        above = [*caption, "", *quote] if self.inside or not self.cite else quote
        old = [f"{self.cite}{line}".rstrip() if self.cite else line for line in above]
        if self.cite and not self.inside:
            old = [*caption, *old] if self.flowed or not self.page else [*caption, "", *old]
        if self.flowed:
            old = [re.sub(r"^> (?=>)", ">", line) for line in old]
        ours = new.split("\n")
        if self.flowed:
            ours = [row for line in ours for row in _flowing(line, 0, self.flowed)]
            old = [row for line in old for row in _flowing(line, len(line) - len(line.lstrip(">")), self.flowed)]
        foot = ["", *self.footer.split("\n")] if self.footer else []
        if self.place == "below":
            return "\n".join([*old, "", *ours, *foot, ""])
        return "\n".join([*ours, *foot, "", "", *old, ""])

    # -- the HTML form

    def _html(self, typed: str, caption: list[str], source: str) -> str:
        if not self.page:
            return ""
        new = ""
        for row in typed.split("\n"):
            told = re.sub(r"(https?://\S+)", r'<a href="\1">\1</a>', escape(row, quote=False))
            new += self.line.format(told) if row else self.blank
            new += "\n"
        if self.logo:
            new += '<p class="MsoNormal"><img width="80" src="cid:image001.png@01DB3E5F.2A7C1B40"></p>\n'
        heads = [
            re.sub(r"^(\S+:)", r"<b>\1</b>", escape(x, quote=False)) for x in caption if not re.match("[_-]{5}", x)
        ]
        foot = "<br>".join(escape(x, quote=False) for x in self.footer.split("\n"))
        return self.page.format(new=new, caption="<br>\n".join(heads), quote=source, footer=foot)

    # -- the mail

    def _mail(self, who: Person, got: Sent) -> EmailMessage:
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"], mail["To"] = who.mailbox, f"Example Desk <{got.reply_address}>"
        mail["Subject"] = self.mark + got.subject
        mail["Date"] = "Tue, 24 Nov 2026 10:12:30 +0100"
        mail["Message-ID"] = f"<c{next(_numbers)}.client@{who.address.partition('@')[2]}>"
        mail["In-Reply-To"] = got["Message-ID"]
        mail["References"] = f"{got['References']} {got['Message-ID']}".strip()
        if self.mailer:
            mail["X-Mailer"] = self.mailer
        return mail

    def _fill(self, mail: EmailMessage, body: str, page: str) -> None:
        params = {"": {}, "yes": {"format": "flowed"}, "delsp": {"format": "flowed", "delsp": "yes"}}[self.flowed]
        how: dict[str, Any] = {"charset": self.charset, "cte": self.encoding}
        body_of = EmailMessage(policy=policy.SMTP) if self.logo else mail
        if self.plain:
            body_of.set_content(_sayable(body, self.charset), params=params, **how)
        if page:
            how |= {"subtype": "html"}
            put = body_of.add_alternative if self.plain else body_of.set_content
            put(_sayable(page, self.charset, html=True), **how)
        if self.logo:
            picture = EmailMessage(policy=policy.SMTP)
            picture.set_content(LOGO, "image", "png", cid="<image001.png@01DB3E5F.2A7C1B40>", filename="image001.png")
            mail["MIME-Version"], mail["Content-Type"] = "1.0", 'multipart/related; type="multipart/alternative"'
            mail.attach(body_of)
            mail.attach(picture)


def _sayable(text: str, charset: str, *, html: bool = False) -> str:
    """`text` without the characters that the charset lacks, as programs give them up."""
    return text.encode(charset, "xmlcharrefreplace" if html else "replace").decode(charset)


def _broken(line: str, width: int) -> list[str]:
    """A line broken at blanks; a quoted one goes on behind its marks."""
    start = re.match(r"(?:> ?)*", line)
    marks = start.group() if start and line.startswith(">") and start.end() < len(line) else ""
    rest = line[len(marks) :]
    if len(line) <= width:
        return [line]
    return [marks + x for x in textwrap.wrap(rest, width - len(marks), break_long_words=False, break_on_hyphens=False)]


def _flowing(line: str, depth: int, how: str) -> list[str]:
    """RFC 3676: a broken line ends with a blank, and one that begins like a quote is stuffed."""
    marks, rest = line[:depth], line[depth:]
    rows = textwrap.wrap(rest.strip(), 70, break_long_words=False, break_on_hyphens=False) if len(line) > 72 else [rest]
    join = "  " if how == "delsp" else " "
    stuffed = [f"{marks} {x.strip()}".rstrip() if depth else f" {x}" if x[:1] in (" ", ">") else x for x in rows]
    return [x + join for x in stuffed[:-1]] + [stuffed[-1].rstrip() if line != "-- " else line]


# -- the text of a page -----------------------------------------------------------------------------------------------


class _Page(HTMLParser):
    """The text that a mail program makes of HTML."""

    def __init__(self, cite: str, link: str) -> None:
        super().__init__()
        self.rows: list[tuple[int, str]] = [(0, "")]
        self.cite, self.link = cite, link
        self.depth, self.skip, self.to = 0, 0, ""
        self.words = ""

    def newline(self) -> None:
        self.rows.append((self.depth, ""))

    def fresh(self) -> None:
        if self.rows[-1][1].strip():
            self.newline()
        self.rows[-1] = (self.depth, self.rows[-1][1])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "head", "title"):
            self.skip += 1
        elif tag == "blockquote":
            self.fresh()
            self.newline()
            self.depth += 1
            self.fresh()
        elif tag == "br":
            self.newline()
        elif tag in ("p", "h2", "ul", "table"):
            self.fresh()
            self.newline()
        elif tag in ("div", "tr", "li"):
            self.fresh()
        elif tag == "a":
            self.to, self.words = dict(attrs).get("href") or "", ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "head", "title"):
            self.skip -= 1
        elif tag == "blockquote":
            self.depth -= 1
            self.newline()
        elif tag in ("p", "h2", "ul", "table", "div", "tr", "li"):
            self.fresh()
        elif tag == "td":
            self.say("\t")
        elif tag == "a" and self.to and self.to not in (self.words, f"mailto:{self.words}"):
            self.say(self.link.format(words="", to=self.to))

    def handle_data(self, data: str) -> None:
        told = re.sub(r"\s+", " ", data)
        self.words += told
        if not self.skip:
            self.say(told)

    def say(self, words: str) -> None:
        depth, row = self.rows[-1]
        self.rows[-1] = (depth, row + (words if row else words.lstrip(" ")))


def shown(html: str, cite: str, link: str) -> list[str]:
    """The lines of a page, its own quotes marked where the program marks any."""
    page = _Page(cite, link)
    page.feed(html)
    out: list[str] = []
    for depth, row in page.rows:
        line = f"{cite * depth}{row.rstrip()}".rstrip()
        if line or (out and out[-1].strip("> ")):
            out.append(line)
    return out


# -- the programs -----------------------------------------------------------------------------------------------------

_WORD = (
    '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns="http://www.w3.org/TR/REC-html40"><head>'
    '<meta name="Generator" content="Microsoft Word 15 (filtered medium)">\n<style><!--\np.MsoNormal {{margin:0cm;}}\n--></style></head>\n'
    '<body lang="EN-GB" link="#0563C1" vlink="#954F72" style="word-wrap:break-word">\n<div class="WordSection1">\n{new}'
    '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\n<div>\n<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">\n'
    '<p class="MsoNormal">{caption}<o:p></o:p></p>\n</div>\n</div>\n<p class="MsoNormal"><o:p>&nbsp;</o:p></p>\n{quote}</div>\n</body></html>\n'
)
_WEB = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-1"><style type="text/css" style="display:none;"> P {{margin-top:0;margin-bottom:0;}} </style></head>\n'
    '<body dir="ltr">\n{new}<div id="appendonsend"></div>\n<hr style="display:inline-block;width:98%" tabindex="-1">\n'
    '<div id="divRplyFwdMsg" dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">{caption}</font>\n<div>&nbsp;</div>\n</div>\n'
    "<div>{quote}</div>\n</body></html>\n"
)
_PHONE = (
    '<html><head></head><body dir="ltr">\n{new}<div id="ms-outlook-mobile-signature"><div><br></div>{footer}</div>\n'
    '<div id="mail-editor-reference-message-container" class="ms-outlook-mobile-reference-message"><hr style="display: inline-block; width: 98%;">\n'
    '<div id="divRplyFwdMsg"><font>{caption}</font></div>\n{quote}</div></body></html>\n'
)
_GMAIL = (
    '<div dir="ltr">{new}</div><div><br clear="all"></div>{footer}<br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">{caption}<br></div>'
    '<blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex">{quote}</blockquote></div>\n'
)
_APPLE = (
    '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">'
    '{new}<div><br></div><div id="AppleMailSignature" dir="ltr">{footer}</div><div dir="ltr"><br><blockquote type="cite">{caption}<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">\ufeff{quote}</div></blockquote></body></html>\n'
)
_MOZILLA = (
    '<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv="Content-Type" content="text/html; charset=UTF-8">\n  </head>\n  <body>\n'
    '    <div class="moz-cite-prefix">{caption}<br>\n    </div>\n    <blockquote type="cite" cite="mid:x@desk.example.org">{quote}</blockquote>\n{new}  </body>\n</html>\n'
)
_EN = "From: {full}\nSent: Tuesday, November 24, 2026 9:00 AM\nTo: {me}\nSubject: {subject}"
_IT = "Da: {full}\nInviato: martedì 24 novembre 2026 09:00\nA: {me}\nOggetto: {subject}"
_DA = "Fra: {full}\nSendt: 24. november 2026 09:00\nTil: {me}\nEmne: {subject}"
_RULE = "________________________________\n"

_outlook = Program(
    "RE: ", _EN, cite="", page=_WORD, line='<p class="MsoNormal">{}<o:p></o:p></p>', encoding="base64",
    blank='<p class="MsoNormal"><o:p>&nbsp;</o:p></p>', item="  *   ", mailer="Microsoft Outlook 16.0",
)  # fmt: skip
_web = replace(
    _outlook, caption=_RULE + _EN, page=_WEB, line='<div class="elementToProof">{}</div>', mailer="",
    blank='<div class="elementToProof"><br></div>', charset="iso-8859-1", encoding="quoted-printable",
)  # fmt: skip
_gmail = Program(
    "Re: ", "On Tue, Nov 24, 2026 at 9:00\u202fAM {full} wrote:", page=_GMAIL, item="   - ", link="{words} <{to}>", width=76
)  # fmt: skip
_apple = Program(
    "Re: ", "On 24 Nov 2026, at 09:00, {full} wrote:", page=_APPLE, inside=True, link="{words} <{to}>",
    mailer="Apple Mail (2.3774.600.62)",
)  # fmt: skip
_iphone = replace(_apple, mailer="iPhone Mail (21F90)", encoding="base64")
_mozilla = Program("Re: ", "On 11/24/26 09:00, {sender} wrote:", flowed="yes", width=72, encoding="8bit")

CLIENTS = {
    "outlook-en": _outlook,
    "outlook-it": replace(
        _outlook,
        mark="R: ",
        caption=_IT,
        gap=" ",
        charset="iso-8859-1",
        encoding="quoted-printable",
        item="*\t",
        link="{words} <{to}> ",
    ),
    "outlook-da": replace(_outlook, mark="SV: ", caption=_DA, charset="windows-1252", encoding="quoted-printable"),
    "outlook-da-html-only": replace(_outlook, mark="SV: ", caption=_DA, plain=False),
    "outlook-web-en": _web,
    "outlook-web-da": replace(_web, mark="SV: ", caption=_RULE + _DA),
    "outlook-ios-it": replace(
        _web, mark="R: ", caption=_RULE + _IT, page=_PHONE, footer="Ottieni Outlook per iOS<https://aka.ms/o0ukef>"
    ),
    "outlook-ios-da-html-only": replace(
        _web, mark="SV: ", caption=_RULE + _DA, page=_PHONE, footer="Hent Outlook til iOS", plain=False
    ),
    "outlook-plain-it": Program(
        "R: ", "-----Messaggio originale-----\n" + _IT, cite="", charset="iso-8859-1", width=76
    ),
    "outlook-plain-da": Program("SV: ", "-----Oprindelig meddelelse-----\n" + _DA, cite="", charset="iso-8859-1"),
    "outlook-plain-marked-en": Program("RE: ", "-----Original Message-----\n" + _EN, inside=True, width=76),
    "outlook-signed-with-logo": replace(
        _outlook, signature="Best regards,\n{me}\nIT Support | Example Ltd\nTel. +39 06 555 0100", logo=True
    ),
    "gmail-en": _gmail,
    "gmail-it": replace(_gmail, caption="Il giorno mar 24 nov 2026 alle ore 09:00 {full} ha scritto:"),
    "gmail-da": replace(_gmail, caption="Den tirs. 24. nov. 2026 kl. 09.00 skrev {full}:", encoding="base64"),
    "gmail-signed": replace(_gmail, footer="-- \nAda Rossi\nIT Support, Example Ltd\n+39 06 555 0100"),
    "apple-en": _apple,
    "apple-it": replace(_apple, caption="Il giorno 24 nov 2026, alle ore 09:00, {full} ha scritto:"),
    "apple-flowed-da": replace(
        _apple,
        caption="Den 24. nov. 2026 kl. 09.00 skrev {full}:",
        page="",
        flowed="delsp",
        mailer="Apple Mail (2.3445)",
    ),
    "iphone-en": replace(_iphone, footer="Sent from my iPhone"),
    "iphone-it": replace(
        _iphone, caption="Il giorno 24 nov 2026, alle ore 09:00, {full} ha scritto:", footer="Inviato da iPhone"
    ),
    "iphone-da": replace(_iphone, caption="Den 24. nov. 2026 kl. 09.00 skrev {full}:", footer="Sendt fra min iPhone"),
    "thunderbird-en": replace(_mozilla, footer="-- \nAda Rossi\nIT Support"),
    "thunderbird-it": replace(_mozilla, caption="Il 24/11/26 09:00, {sender} ha scritto:", place="below"),
    "thunderbird-da": replace(
        _mozilla, caption="Den 24.11.2026 kl. 09.00 skrev {sender}:", page=_MOZILLA, place="below", item="  * "
    ),
    "mutt-bottom": Program(
        "Re: ",
        "On Tue, Nov 24, 2026 at 09:00:00AM +0000, {sender} wrote:",
        place="below",
        footer="-- \nAda",
        encoding="8bit",
    ),
}
