"""The texts of all outgoing mails: a notice, a language and values become a subject, a text and a page of HTML.

A notice is a file `<language>/<notice>.md.j2`: head lines (`Subject:`, and where they apply `Frame: internal|letter`
and `Answer: no`), an empty line, light Markdown. Values are data: they are put in after Markdown and HTML are done,
escaped for their place (M8). A broken template never stops a mail (B68).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

from jinja2 import Template, TemplateNotFound

from maild.mail import cldr, lacking, proof, skeleton, wording
from maild.mail.engine import SLOTS, Engine, Links, Place, Raw, engine

SUFFIX = ".md.j2"
FALLBACK = "en"
_LAYOUT_SLOTS = 32  # places that are kept for the values of the layout
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# The notices that exist to pass on what a person wrote: their built-in text has it too.
_PASSES_ON = frozenset(
    {
        *("public_reply", "resolution", "new_ticket", "requester_reply", "internal_note", "alarm"),
        *("opened_for", "agent_reply", "held", "stale"),
        *("held_new", "forwarded", "rule_reply", "rule_notice"),
    }
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """One notice in one language. Lines end with "\\n"; the subject is one line."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Layout:
    text: str
    html: str
    fixed: tuple[str, ...]


@lru_cache(maxsize=1)
def _press() -> tuple[skeleton.Press, Callable[..., skeleton.Skeleton]]:
    """The press of this process, and the same with a memory: a reload presses again only what has changed."""
    press = skeleton.Press("zq" + secrets.token_hex(8))
    return press, lru_cache(maxsize=512)(press.press)


class Templates:
    """All templates of an ordered list of folders: the first that has a file wins, the last one is shipped with maild.

    `on_problem` is told, once each, of templates that failed in use. Several threads may render at once.
    """

    def __init__(self, folders: Sequence[Path], on_problem: Callable[[str], None] | None = None) -> None:
        self._folders = tuple(folders)
        self._on_problem = on_problem
        self._told: set[str] = set()
        self._words: dict[str, Mapping[str, str]] = {}
        self._lock = Lock()
        press, self._skeleton = _press()
        self._all = engine(self._folders, press)
        self._shipped = engine(self._folders[-1:], press) if len(self._folders) > 1 else self._all
        self._layout = lru_cache(maxsize=256)(self._make_layout)

    # ---- what there is

    def languages(self) -> tuple[str, ...]:
        """The languages that have words, the fallback first."""
        found = {file.parent.name for folder in self._folders for file in folder.glob("*/words.json")}
        return tuple(sorted(found, key=lambda language: (language != FALLBACK, language)))

    def _begun(self) -> list[str]:
        """The languages that have anything."""
        kinds = ("*/*.j2", "*/*.json")
        return sorted({file.parent.name for folder in self._folders for kind in kinds for file in folder.glob(kind)})

    def source(self, name: str) -> tuple[Path, ...]:
        """The files of that name (`it/closure.md.j2`), the one in force first."""
        return tuple(folder / name for folder in self._folders if (folder / name).is_file())

    def is_internal(self, notice: str) -> bool:
        """Is it a notice for the desk alone, as its head says?"""
        for language in self.languages():
            for file in self.source(f"{language}/{notice}{SUFFIX}"):
                return "Frame: internal" in file.read_text("utf-8", "replace").partition("\n\n")[0].split("\n")
        return False

    def notices(self, language: str) -> tuple[str, ...]:
        """The notices that have a file in this language, in any folder."""
        return tuple(n.removesuffix(SUFFIX) for n in self.files(language) if n.endswith(SUFFIX))

    def files(self, language: str) -> list[str]:
        """The names of its template files, in any folder."""
        return sorted({file.name for folder in self._folders for file in folder.glob(f"{language}/*.j2")})

    def words(self, language: str) -> Mapping[str, str]:
        """The fixed words of a language, and under `say.<key>` the sentences of its receipts, with gaps for format_map.

        What a language lacks is taken from the fallback, but not how dates are written (`cldr`): there its own locale
        holds, which is named as the language is unless `locale` says another.
        """
        known = self._words.get(language)
        if known is None:
            found: dict[str, str] = {}
            for wanted in (FALLBACK, language.partition("-")[0], language):
                own: dict[str, str] = {}
                for folder in reversed(self._folders) if _NAME.fullmatch(wanted) else ():
                    own |= self._read_json(folder / wanted / "words.json")
                    said = self._read_json(folder / wanted / "receipt.json")
                    own |= {f"say.{key}": sentence for key, sentence in said.items()}
                found |= {**dict.fromkeys(lacking.WRITTEN, ""), "locale": wanted, **own} if own else {}
            known = self._words[language] = found
        return known

    def _read_json(self, file: Path) -> dict[str, str]:
        found, problem = lacking.read(file)
        if problem:
            self._tell(problem)
        return found

    # ---- rendering

    def render(self, notice: str, language: str, values: Mapping[str, object]) -> Rendered:
        """The notice in that language; in the fallback language where it has no such file.

        A template that fails is replaced by the shipped one, and if that fails too by a plain built-in text (B68).
        """
        for made in (self._all,) if self._shipped is self._all else (self._all, self._shipped):
            try:
                return self._render(made, notice, language, values)
            except Exception as why:  # noqa: BLE001 - whatever a template does wrong, a mail has to go out (B68)
                self._tell(proof.where(made, why, f"{language}/{notice}{SUFFIX}"))
        return self._plain(notice, language, values)

    def _render(self, made: Engine, notice: str, language: str, values: Mapping[str, object]) -> Rendered:
        """1. print the notice with places for values; 2. its head says which layout; 3. fill the finished skeleton."""
        template, language = _find(made, notice, language)
        words = self.words(language)
        slots = [""] * _LAYOUT_SLOTS
        known = _complete(values)
        known |= {"language": language, "words": words, SLOTS: slots}
        head, _, body = template.render(known).partition("\n\n")

        heads = dict(line.split(": ", 1) for line in head.split("\n") if ": " in line)
        answerable = heads.get("Answer") != "no"  # only what can be answered needs the reference line (M9)
        traits = (heads.get("Frame", ""), answerable, answerable and bool(known["ref"]))
        layout = self._layout(made is self._shipped, language, *traits)
        shown = known["desk"]["name"], known["desk"]["address"], known["ticket"]["key"], known["ref"]
        slots[: len(shown)] = [wording.line(str(value or "")) for value in shown]
        slots[len(shown) : len(shown) + len(layout.fixed)] = layout.fixed

        pressed = self._skeleton(
            heads["Subject"], body, layout.text, layout.html, words["write" if answerable else "write_to"]
        )
        return Rendered(_subject(pressed.subject, slots), pressed.text.fill(slots), pressed.html.fill(slots))

    def _make_layout(self, shipped: bool, language: str, frame: str, answerable: bool, ref: bool) -> _Layout:
        """The layouts are rendered once: what differs from mail to mail stands in them as places 0 to 3."""
        made = self._shipped if shipped else self._all
        slots = [""] * 4
        known = {
            "desk": {"name": Place(0), "address": Place(1)},
            "ticket": {"key": Place(2)},
            "ref": Place(3) if ref else "",
            "body": Raw(skeleton.BODY),
            "language": language,
            "direction": cldr.tongue(self.words(language)).direction,
            "words": self.words(language),
            "frame": frame,
            "answerable": answerable,
            "zone": "UTC",
            SLOTS: slots,
        }
        text, html = [made.get_template(f"layout.{kind}.j2").render(known) for kind in ("txt", "html")]
        if len(slots) > _LAYOUT_SLOTS:
            raise skeleton.BadTemplate("a layout prints too many values")
        return _Layout(text, html, tuple(slots[4:]))

    def _plain(self, notice: str, language: str, values: Mapping[str, object]) -> Rendered:
        """The built-in text: nothing but the key, and what a person wrote where the notice exists to pass it on."""
        known = _complete(values)
        key, desk = wording.line(str(known["ticket"]["key"] or "")), wording.line(str(known["desk"]["name"] or ""))
        pattern = self.words(language).get("plain", "This message concerns {key}. Simply reply if you need us.")
        paragraphs = ["##- reply above this line -##", pattern.format(key=key or desk)]
        if notice in _PASSES_ON:
            said = known["text"] or known["ticket"]["resolution"] or known["what"] or ""
            paragraphs.append(wording.block(str(said)))
        paragraphs += [desk, f"[{wording.line(str(known['ref']))}]" if known["ref"] else ""]
        text = "\n\n".join([paragraph for paragraph in paragraphs if paragraph]) + "\n"
        page = f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body>{skeleton.escaped(text)}</body></html>\n'
        return Rendered(f"[{key}] {desk}" if key else desk, text, page)

    # ---- problems

    def check(self, samples: Mapping[str, Mapping[str, object]] | None = None) -> list[str]:
        """Every template in every language with sample values: `FILE:LINE: words` for what is wrong or lacks.

        `samples` has the values of notices that maild does not know; the others have their own.
        """
        problems: list[str] = []
        for language in self._begun():
            lacks = list(lacking.lacking(language, self._folders, FALLBACK))
            problems += lacks
            for name in self.files(language):
                notice = name.removesuffix(SUFFIX)
                sample = (samples or {}).get(notice) or proof.sample(notice)
                known = {**_complete(sample), "words": self.words(language), "language": language}
                found = proof.unknown_names(self._all, f"{language}/{name}", known)
                found += proof.misnamed(name, language, self._folders)
                if not found and name.endswith(SUFFIX):
                    try:
                        for values in (sample, proof.sparse(notice)):
                            self._render(self._all, notice, language, values)
                    except Exception as why:  # noqa: BLE001 - a template can fail in any way; the next is checked too
                        if lacks and isinstance(why, KeyError) and why.args != ("Subject",):
                            continue  # it is a word that fails, which is told already
                        found = [proof.where(self._all, why, f"{language}/{name}")]
                problems += found
        return list(dict.fromkeys(problems))

    def _tell(self, problem: str) -> None:
        with self._lock:
            new = problem not in self._told and len(self._told) < 1_000
            self._told.add(problem)
        if new and self._on_problem:
            self._on_problem(problem)


def _find(made: Engine, notice: str, language: str) -> tuple[Template, str]:
    for wanted in dict.fromkeys((language, language.partition("-")[0], FALLBACK)):
        name = f"{wanted}/{notice}{SUFFIX}"
        if _NAME.fullmatch(wanted) and _NAME.fullmatch(notice):
            try:
                return made.get_template(name), wanted
            except TemplateNotFound as why:
                if why.name != name:
                    raise  # something that it includes is missing
    raise TemplateNotFound(f"{language}/{notice}{SUFFIX}")


def _complete(values: Mapping[str, object]) -> dict[str, Any]:
    """The values with everything that was left out, so that a template may ask for it."""
    known: dict[str, Any] = {**proof.DEFAULTS, **values}
    for group, parts in proof.GROUPS.items():
        given = known[group]
        if isinstance(given, Mapping) or (given is None and group in ("ticket", "desk", "person")):
            known[group] = {**parts, **(given or {})}
    links = known["links"]
    known["links"] = Links(links) if isinstance(links, Mapping) else Links()
    return known


def _subject(parts: skeleton.Parts, slots: Sequence[str]) -> str:
    """One line of at most some 200 characters: the longest value is cut, so fixed words and the tag stay whole."""
    subject = parts.fill(slots)
    excess = len(subject) - skeleton.LONGEST_SUBJECT
    if excess > 0 and parts.parts:
        longest = max((index for _, index, _ in parts.parts), key=lambda index: len(slots[index]))
        cut = {longest: slots[longest][: max(0, len(slots[longest]) - excess - 1)] + "\u2026"}
        subject = parts.fill([cut.get(index, value) for index, value in enumerate(slots)])
    return subject[: 2 * skeleton.LONGEST_SUBJECT].strip()
