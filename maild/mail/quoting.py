"""How mail programs mark what they quote: the words of sixteen languages and the shapes of lines.

Only recognising, line by line; `reply` decides what is cut. Every pattern is linear and sees at most `LONGEST`
characters of a line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from maild.mail import html

LONGEST = 1_000  # characters of a line that are looked at
_JOINED = 4  # lines over which an attribution may be broken

DELIMITER = re.compile(r"[>|\s*]*##-.*-##[\s*]*\Z")  # our own "reply above this line", in every language (B32)
_KEY = r"(?<![a-z2-7])[a-z2-7]{44}(?![a-z2-7])"  # of a reply address (token.PATTERN), and of our foot
OURS = re.compile(rf"[ \t]{{0,3}}>.*?(?:{_KEY}|%2b[a-z2-7]{{44}}(?![a-z2-7]))", re.IGNORECASE)
_FOOT = re.compile(rf"\[?\S{{1,40}} \u00b7 {_KEY}(?: \u00b7 r\d{{1,9}})?\]?[ \t]*\Z")
QUOTED = re.compile(r"[ \t]{0,3}(?:>|\|[ \t]|\|\Z|[A-Z]{1,3}>)")
PROMPT = re.compile(r"[ \t]*>>>(?: |\Z)")
PROMPT_ON = re.compile(r"[ \t]*(?:>>>|\.\.\.)(?: |\Z)")
MARKS = re.compile(r"^[ \t]*(?:[A-Z]{0,3}>[ \t]?|\|[ \t]?)+")
FENCE = re.compile(r"[ \t]{0,3}(?:```|~~~)")
RULE = re.compile(r"[\s>*]*(?:_{5,}|-{5,}|={5,}|\*{5,})[\s*]*\Z")
NOISE = re.compile(r"[\s\u1427\u200b\ufeff_=~#*+.-]*\Z")
PICTURE = re.compile(r"[ \t]*\[cid:[^\s\[\]]{1,200}\][ \t]*\Z")  # where Outlook's text form leaves one out

# "On <date>, <somebody> wrote:" and its kin.
_START = re.compile(
    r"[ \t*_(\[\"“«]*(?:On|At|Am|Um|Il|In data|Le|El|Em|A|Op|Den|Dne|Dnia|W dniu|Kl|På|Pe|La|Vào|Pada)"
    r"(?=[ \t,.:])|[ \t*_(\[\"“«]*(?:\d{1,4}(?:[-/. ]|年|년)|20\d\d|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|lun|mar|mer|gio|ven|sab|dom|man|tir|tis|ons|tor|fre|lør|lör|søn|sön|"
    r"Mo|Di|Mi|Do|Fr|Sa|So|jeu|sam|dim|mié|jue|vie|sáb|ma|wo|za|zo|pon|wt|śr|czw|pt|sob|niedz|"
    r"пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье)[a-zé.ìûäöåøæ]{0,8}[,. ])",
    re.IGNORECASE,
)
_VERBS = (
    r"wrote|writes|has written|ha scritto|scrisse|scriveva|skrev|har skrevet|har skrivit|schrieb|geschrieben|"
    r"a (?:é|e)crit|(?:é|e)crivait|escribi(?:ó|o)|ha escrito|schreef|(?:het )?volgende geschreven|heeft geschreven|"
    r"escreveu|napisa(?:ł|l)(?:\(a\)|a)?|pisze|написал(?:а|\(а\))?|написав|пише|пишет|kirjoitti|napsal(?:\(a\)|a)?|"
    r"scris|(?:í|i)rta|έγραψε|yazd(?:ı|i)|đã viết|menulis|写道|寫道|のメッセージ|님이 작성(?:하였습니다)?|rašė|kirjutas"
)
_WROTE = re.compile(
    rf"(?:\b|(?<=[^\x00-\x7f]))(?:{_VERBS})(?:\b|(?![a-z]))[^:：\n]{{0,120}}[:：][ \t*_>\])\"”»-]*\Z", re.IGNORECASE
)
_WROTE_BARE = re.compile(rf"(?:{_VERBS})[ \t]*(?:-{{2,}})?[ \t*_]*\Z", re.IGNORECASE)
_EVIDENCE = re.compile(r"\d{4}|\d{1,2}[:.]\d{2}|\d{1,2}[./-]\d{1,2}|\S@\S")
_BY_ADDRESS = re.compile(r"<\s*(?:mailto:)?[^<>\s@]{1,100}@[^<>\s]{1,100}>|\[mailto:[^\]\s]{3,200}\]")
_DASHED_ON = re.compile(r"[\s>]*-{2,}[ \t]*(?:On|Am|Il|Le|El|Den|Op|Em)\b.{5,300}-{2,}\s*\Z", re.IGNORECASE)

# "-----Original Message-----" and its kin.
_WORDS = (
    r"original message|original-nachricht|urspr(?:ü|u|ue)ngliche nachricht|originalnachricht|weitergeleitete nachricht|"
    r"messaggio originale|messaggio inoltrato|oprindelig meddelelse|original meddelelse|oprindelig besked|"
    r"videresendt meddelelse|videresendt besked|message d'origine|message d’origine|message transf(?:é|e)r(?:é|e)|"
    r"message original|mail original|message initial|mensaje original|mensaje reenviado|mensagem original|"
    r"mensagem encaminhada|"
    r"oorspronkelijk bericht|originele bericht|origineel bericht|doorgestuurd bericht|originalmeddelande|"
    r"ursprungligt meddelande|"
    r"vidarebefordrat meddelande|"
    r"opprinnelig melding|videresendt melding|wiadomość oryginalna|oryginalna wiadomość|wiadomość przekazana|"
    r"исходное сообщение|пересылаемое сообщение|оригинальное сообщение|alkuperäinen viesti|původní zpráva|"
    r"eredeti üzenet|"
    r"forwarded message|forwarded by [^-]{1,80}|mensaje original|reply message|原始邮件|转发邮件|元のメッセージ"
)
_ORIGINAL = re.compile(rf"[\s>*_]*-{{2,}}\s*(?:{_WORDS})\s*:?\s*-{{2,}}[\s*_]*\Z", re.IGNORECASE)
_BEGIN = re.compile(
    r"[\s>*_]*(?:Begin forwarded message|Inizio messaggio inoltrato|Anfang der weitergeleiteten (?:Nachricht|E-Mail)|"
    r"D(?:é|e)but du message (?:transf(?:é|e)r(?:é|e)|r(?:é|e)exp(?:é|e)di(?:é|e))|Inicio del mensaje reenviado|"
    r"Start på videresendt (?:besked|e-mail)|Videresendt besked|Begin doorgestuurd bericht|Vidarebefordrat brev|"
    r"Start på videresendt melding|In(?:í|i)cio da mensagem (?:reencaminhada|encaminhada))\s*:[\s*_]*\Z",
    re.IGNORECASE,
)

# Fields of a quoted header, as Outlook and others write them, by what they mean.
_FIELDS = {
    "from": "From|Von|Da|Fra|De|Van|Från|Od|От|Від|Lähettäjä|Feladó|发件人|寄件者|差出人|보낸 사람|보낸사람",
    "sent": "Sent|Date|Gesendet|Datum|Inviato|Data|Sendt|Dato|Envoyé|Date d'envoi|Enviado|Enviado el|Enviada em|Fecha|"
    "Verzonden|Skickat|Wysłano|Odesláno|Отправлено|Дата|Lähetetty|Päivämäärä|Elküldve|发送时间|日期|送信日時|보낸 날짜",
    "to": "To|An|A|Til|À|Para|Aan|Till|Do|Komu|Кому|Vastaanottaja|Címzett|收件人|宛先|받는 사람",
    "subject": "Subject|Betreff|Oggetto|Emne|Objet|Asunto|Assunto|Onderwerp|Ämne|Temat|Předmět|Тема|Aihe|Tárgy|主题|"
    "件名|제목",
    "copy": "Cc|Bcc|Kopie|Copia|Kopi|Kopia|Copie|CC|DW|Копия|抄送|참조",
    "other": "Reply-To|Organization|Organisation|Importance|Priority|Message-ID|Priorità|Wichtigkeit|Importance|"
    "Prioritet",
}
_FIELD = re.compile(
    r"[\s>*|_]{0,12}(?:"
    + "|".join(f"(?P<{k}>{v})" for k, v in _FIELDS.items())
    + r")[ \t\u00a0]*\*{0,2}[ \t]*[:：][ \t*]*(?P<value>.*)\Z",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\d{1,2}[./]\d{1,2}[./]\d\d")

_SENT_FROM = re.compile(
    r"[\s>*_]*(?:Sent (?:from|via|with|using) (?:my |the |an? )?\S|Get Outlook for |Inviato da(?:l| |lla )|"
    r"Provenienza: |"
    r"Scarica Outlook|"
    r"Ottieni Outlook|Sendt fra |Hent Outlook|Gesendet (?:von|mit) |Von (?:meinem )?[^\n]{1,60} gesendet\.?|"
    r"Diese Nachricht wurde von meinem |"
    r"Outlook für (?:iOS|Android)|Envoyé (?:de|depuis|à partir) |Obtenir Outlook|Téléchargez? Outlook|"
    r"Télécharger Outlook|"
    r"Enviado (?:desde|do|via|a partir) |"
    r"Obtener Outlook|Obter o Outlook|Verzonden (?:vanaf|met|via) |Verstuurd vanaf |Downloaden? Outlook|Skickat från |"
    r"Hämta Outlook|"
    r"Sendt (?:via|med) |Få Outlook|Wysłan[eo] z |Pobierz program Outlook|Отправлено (?:с|из) |Lähetetty |"
    r"发自我的|从我的|iPhoneから送信|"
    r"Скачать Outlook|Отправлено с |Odesláno z )",
    re.IGNORECASE,
)
_MAILER = re.compile(
    r"<https?://|iphone|ipad|android|mobil|outlook|galaxy|samsung|telefon|tele(?:f|ph)on|phone|tablet|blackberry|"
    r"windows|mail|nokia|huawei|xiaomi|pixel|app\b|gmail|thunderbird|proton|yahoo|aol",
    re.IGNORECASE,
)
_DASHES = re.compile(r"[ \t]*(?:--|—|––|__|- -)[ \t\u00a0]*\Z")
_RULED = re.compile(r"[ \t]*_{3,}[ \t]*\Z")


def is_original(line: str) -> bool:
    """A line such as "-----Original Message-----"."""
    if "--" in line:
        return bool(_ORIGINAL.match(line) or _DASHED_ON.match(line))
    return ":" in line and len(line) < 80 and bool(_BEGIN.match(line))


def attribution(lines: Sequence[str], at: int) -> int:
    """How many lines from `at` on say "On <date>, <somebody> wrote:"; 0: they do not."""
    if len(lines[at]) > 300 or not _START.match(lines[at]):
        return _nameless(lines[at])
    joined, used = "", 0
    for index in range(at, min(at + _JOINED * 2, len(lines))):
        line = lines[index].strip()
        if index > at and QUOTED.match(lines[index]) and joined.count("<") <= joined.count(">"):
            break  # a ">" may also close the address of a broken line
        if not line:
            if (
                used
                and lines[index + 1 : index + 2]
                and lines[index + 1].lstrip().startswith("<")
                and len(joined) < 200
            ):
                continue  # some programs break the line before the address and leave an empty one
            break
        used += 1
        joined = f"{joined} {line}"
        if used > _JOINED or len(joined) > 400:
            break
        if (line[-1] in ':：*_>])"”»-' or _WROTE_BARE.search(line[-40:])) and _EVIDENCE.search(joined):
            if _WROTE.search(joined) or (_WROTE_BARE.search(joined) and len(joined) < 200 and "@" in joined):
                return index - at + 1
            if _BY_ADDRESS.search(joined) and re.search(r">\s*:\s*\Z", joined) and re.search(r"\d{4}", joined):
                return index - at + 1  # Gmail before it had a verb: "2016-10-24 15:36 GMT+02:00 Foo <foo@bar>:"
    return 0


def _nameless(line: str) -> int:
    """ "Somebody <address> wrote:" without a date."""
    return (
        1
        if line[-1:] in {":", "："}
        and len(line) < 300
        and _WROTE.search(line)
        and (_BY_ADDRESS.search(line) or _EVIDENCE.search(line))
        else 0
    )


def leads_to_quote(lines: Sequence[str], first: int, last: int) -> bool:
    """Whether the lines from `first` to `last`, right above a quote, name whom it quotes, in any language."""
    joined = " ".join(line.strip() for line in lines[first : last + 1])
    return (
        8 < len(joined) < 300
        and joined.rstrip()[-1:] in {":", "：", ">"}
        and bool((_BY_ADDRESS.search(joined) and (_EVIDENCE.search(joined))) or _WROTE.search(joined))
    )


def header_block(lines: Sequence[str], at: int) -> int:
    """How many lines from `at` on are a quoted header ("From: ... Sent: ... Subject: ..."); 0: they are none.

    At least three different fields, or two with an address or a date: a listing of two stations is not one.
    """
    if _FIELD.match(lines[at]) is None:
        return 0
    seen: set[str] = set()
    values: list[str] = []
    used, gap = at, False
    for index in range(at, min(at + 30, len(lines))):
        match = _FIELD.match(lines[index])
        if match:
            seen.update(name for name in _FIELDS if match.group(name) is not None)
            values.append(match.group("value")[:300])
            used, gap = index, False
        elif gap or index - used > 2 or (len(seen) >= 4 and not lines[index].strip(" \t>|*")):
            break  # a long To may go on for two lines, and a blank one may stand between two fields
        else:
            gap = not lines[index].strip(" \t>|*")
            values.append(lines[index][:300])
    return used - at + 1 if _is_header(seen, " ".join(values)) else 0


def _is_header(seen: set[str], values: str) -> bool:
    if "from" not in seen and not {"sent", "to", "subject"} <= seen:
        return False
    if len(seen - {"other"}) >= 3:
        return len(seen) >= 4 or "@" in values or _YEAR.search(values) is not None
    if "@" in values:
        return bool(seen & {"sent", "subject"})
    return "sent" in seen and _YEAR.search(values) is not None


def depth(line: str) -> int:
    """How many quote marks stand before a line."""
    marks = MARKS.match(line)
    return marks.group().count(">") + marks.group().count("|") if marks else 0


def is_foot(line: str, marks: int) -> bool:
    """The last line of a mail of ours, "[INC-7 \u00b7 token]", so deep: in what we quote anybody can write one."""
    return "\u00b7" in line and 0 < marks == depth(line) and bool(_FOOT.match(MARKS.sub("", line)))


def signs(line: str) -> bool:
    """A line with which a signature begins."""
    return bool(_DASHES.match(line))


def ruled(line: str) -> bool:
    """A line of underscores: the beginning of a signature where little follows."""
    return bool(_RULED.match(line))


def sent_from(line: str) -> bool:
    """The line that a telephone hangs on."""
    return len(line) < 160 and bool(_SENT_FROM.match(line)) and bool(_MAILER.search(line))


def is_cut(line: str) -> bool:
    """The place where the HTML of a known program begins to quote."""
    return line == html.CUT
