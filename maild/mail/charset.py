"""From bytes to clean text: the charset rules of B51, and the two ways in which text is cleaned.

`decode` takes any bytes and any declaration and never raises. What comes out of this module holds no surrogate and no
NUL, so that every database takes it.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from encodings.aliases import aliases
from functools import lru_cache

# Modules of the standard library without an entry among its aliases.
_UNALIASED = {"cp720", "cp737", "cp856", "cp874", "cp875", "cp1006", "koi8_t", "koi8_u", "utf_8_sig", "palmos"}
_KNOWN = frozenset(aliases) | frozenset(aliases.values()) | _UNALIASED
# These are codecs for Python, not charsets of mail, and some of them are superlinear.
_REFUSED = {
    *("base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "idna", "mbcs"),
    *("punycode", "raw_unicode_escape", "unicode_escape", "undefined", "oem", "palmos", "cp037", "cp500", "cp1140"),
}
_MORE_NAMES = {
    "x_gbk": "gb18030",
    "x_sjis": "cp932",
    "x_euc_jp": "euc_jp",
    "cp_850": "cp850",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "iso_8859_6_e": "iso8859_6",
    "unicode_1_1_utf_7": "utf_7",
    "unicode_1_1_utf_8": "utf_8",
    "utf8mb4": "utf_8",
    "utf8mb3": "utf_8",
    "x_utf_8": "utf_8",
    "x_cp1250": "cp1250",
    "x_cp1251": "cp1251",
    "x_cp1252": "cp1252",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "macroman": "mac_roman",
    "x_big5": "cp950",
    "x_x_big5": "cp950",
    "cn_big5": "cp950",
    "cn_gb": "gb18030",
    "ansi": "cp1252",
    "windows_874": "cp874",
    "dos_874": "cp874",
    "ks_c_5601": "cp949",
    "cp50220": "iso2022_jp",
    "cp50221": "iso2022_jp",
    "cp50222": "iso2022_jp",
    "iso_2022_jp_ms": "iso2022_jp",
    "cswindows31j": "cp932",
    "iso_8859_12": "iso8859_1",
}
# What senders mean when they name the smaller set (the WHATWG encoding standard makes the same choices).
_SUPERSET = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "iso8859_11": "cp874",
    "tis_620": "cp874",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "big5": "cp950",
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+\- ]{0,39}\Z")
_BOMS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)
_ASCII_LIKE = {None, "ascii", "utf_8", "latin_1", "iso8859_1", "cp1252"}
_ISO2022 = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_C1 = re.compile("[\x80-\x9f]")
# Controls, bidi, and what is drawn as nothing (B57). Variation selectors and joiners are judged by their neighbours.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BLANKS = re.compile(r"[ \t\r\n\v\f]+")


@lru_cache(maxsize=512)
def codec(name: str) -> str | None:
    """The standard library's codec for a charset as mails name it, or None where there is none."""
    name = name.strip().strip("'\"").partition("*")[0].strip()
    if not _NAME.match(name):
        return None
    key = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    key = _MORE_NAMES.get(key, key)
    # Only names that exist reach codecs.lookup: it remembers every unknown one for ever.
    if key not in _KNOWN and key.replace("_", "") not in _KNOWN:
        return None
    found = aliases.get(key) or (key if key in _KNOWN else aliases.get(key.replace("_", ""), key.replace("_", "")))
    if found in _REFUSED:
        return None
    try:
        return found if codecs.lookup(found) else None
    except (LookupError, ValueError):
        return None


def decode(data: bytes, declared: str | None = None) -> tuple[str, str | None]:
    """Text of `data`, and what was wrong with the declaration (None: nothing).

    Declared charset first, then its superset, then detection (B51). A declaration that fits is never overruled.
    """
    found = codec(declared) if declared else None
    wrong = f"unknown charset {declared[:40]!r}" if declared and found is None else None
    text = _marked(data, found)
    if text is None and data.isascii() and b"\x1b" not in data and found in _ASCII_LIKE:
        return clean(data.decode("ascii")), wrong
    if text is None and found != "ascii" and found:
        text = _declared(data, found)
    if text is not None:
        return clean(text), wrong
    return clean(_detect(data, found)), wrong or (f"bytes that are not {declared}" if found else None)


def _marked(data: bytes, found: str | None) -> str | None:
    """The text of bytes that say themselves what they are: by a byte order mark, or by escapes."""
    for bom, name in _BOMS:
        # A mark says more than the declaration does, unless the declaration is a charset in which it is plain text.
        if data.startswith(bom) and (found in {None, "ascii", name} or name == "utf_8"):
            return data.decode(name, "replace").removeprefix("\ufeff")
    if found == "iso2022_jp" or (found in {None, "ascii", "utf_8"} and b"\x1b$" in data and data.isascii()):
        return _iso2022_jp(data)
    return None


def _declared(data: bytes, found: str) -> str | None:
    """The text in the declared charset or in what is meant by it; None where the bytes do not fit."""
    text, meant = _strict(data, found), _SUPERSET.get(found, "")
    if text is None:
        return _strict(data, meant) if meant else None
    if meant.startswith("cp") and _C1.search(text):
        return _strict(data, meant) or text  # 0x80 to 0x9f are letters of Windows, not controls
    return text


def _strict(data: bytes, name: str) -> str | None:
    try:
        return data.decode(name)
    except (UnicodeError, ValueError, LookupError):
        return None


def _detect(data: bytes, declared: str | None) -> str:
    """The likeliest reading of bytes that do not fit what was declared. Never raises."""
    text = _strict(data, "utf_8")
    if text is not None:
        return text
    if b"\0" in data[:64]:
        for name in ("utf_16_le", "utf_16_be"):
            zeros = data[1::2] if name == "utf_16_le" else data[0::2]
            if zeros.count(0) * 2 > len(zeros):
                return data.decode(name, "replace")
    mended = data.decode("utf_8", "replace")
    bad, good = mended.count("\ufffd"), sum(1 for byte in data if byte >= 0xC2) if len(data) < 65_536 else 0
    if good and bad * 4 <= good:  # one broken sequence in UTF-8 text: a cut, not another charset
        return mended
    if declared and declared not in {"ascii", "utf_8"}:
        declared = _SUPERSET.get(declared, declared)
        text = data.decode(declared, "replace")
        if text.count("\ufffd") * 10 <= len(text):
            return text
    text = _strict(data, "cp1252")
    return text if text is not None else data.decode("latin_1")


def _iso2022_jp(data: bytes) -> str | None:
    """ISO-2022-JP with the letters of Microsoft (rows 13 and 89 on), which the standard library's codec refuses.

    The double-byte runs are moved to Shift_JIS, whose Microsoft form Python has. None: it is not ISO-2022-JP.
    """
    out, mode, pos = [], b"(B", 0
    for match in [*_ISO2022.finditer(data), None]:
        run = data[pos : match.start() if match else len(data)]
        if mode[:1] == b"$":
            moved = bytearray()
            for first, second in zip(run[0::2], run[1::2], strict=False):
                if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
                    moved += b"?"
                    continue
                lead = (first + 1) // 2 + (0x70 if first <= 0x5E else 0xB0)
                shift = (0x1F if second <= 0x5F else 0x20) if first % 2 else 0x7E
                moved += bytes((lead, second + shift))
            out.append(bytes(moved).decode("cp932", "replace"))
        elif mode == b"(I":
            out.append(bytes(b | 0x80 for b in run).decode("cp932", "replace"))
        elif run.isascii():
            out.append(run.decode("ascii"))
        else:
            return None
        if match:
            mode, pos = match.group(1), match.end()
    return "".join(out)


def clean(text: str) -> str:
    """Valid Unicode: surrogate pairs joined, lone surrogates and NUL replaced by U+FFFD."""
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def line(text: str) -> str:
    """One clean line for a name, a subject or a file name: invisible characters are shown as `<U+202E>` (B57)."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    return _UNSEEN.sub(_shown, _BLANKS.sub(" ", clean(text))).strip(" ")


def _shown(match: re.Match[str]) -> str:
    char, text, at = match.group(), match.string, match.start()
    before = unicodedata.category(text[at - 1]) if at else ""
    after = text[at + 1 : at + 2]
    if char == "\ufe0f" and before in {"So", "Sm", "Nd", "Po"}:
        return char  # the emoji form of a sign
    if char == "\u200d" and (before in {"So", "Sk"} or text[at - 1 : at] == "\ufe0f") and after:
        return char if unicodedata.category(after) == "So" else f"<U+{ord(char):04X}>"
    # Persian and the Indic scripts spell words with the joiners.
    if char in "\u200c\u200d" and before in {"Lo", "Mn", "Mc"} and after and unicodedata.category(after) == "Lo":
        return char
    return f"<U+{ord(char):04X}>"
