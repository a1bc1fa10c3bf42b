"""The new text of a mail, apart from what it quotes and from the signature (B53).

`split` only sorts lines: whitespace aside, reply and elided together hold all of the text. Where it is in doubt it
keeps, since a line too much is only long and a line too few is lost to the reader.
"""

from __future__ import annotations

from collections.abc import Sequence

from maild.mail import html, quoting

LINES = 5_000  # that are looked at; later ones share the fate of the last
_SIGNATURE = 25  # lines that may follow "-- "
_LAX = 12  # lines that may follow a lesser mark
_BROKEN = 60  # characters, with the word that did not fit, where programs break lines at the earliest

_NEW, _QUOTE, _LEAD, _BLANK, _SIGNED = "n", "q", "a", "b", "s"


def split(text: str) -> tuple[str, str]:
    """The new text and the rest.

    1. What stands from our own delimiter on is ours (B32), but for lines that its quote marks do not cover.
    2. From a separator, a quoted header, or an attribution without quote marks on, all is old; at the very top of the
       mail it is only a caption.
    3. Quoted lines stay where something is answered below them (interleaved); a quote before the whole answer goes
       with its attribution, and so does the quote at the end.
    4. The signature goes.
    """
    lines = text.split("\n")
    seen = [line[: quoting.LONGEST].rstrip() for line in lines[:LINES]]
    stop = _own(seen)
    kept = _sorted(seen, stop)
    later = kept[-1]
    if len(lines) <= LINES or not later:
        _trim(seen, kept)
    reply = [line for line, keep in zip(lines, kept, strict=False) if keep]
    elided = [line for line, keep in zip(lines, kept, strict=False) if not keep]
    (reply if later else elided).extend(lines[LINES:])
    return _text(reply), _text(elided)


def _text(lines: Sequence[str]) -> str:
    return html.MARKS.sub("", "\n".join(lines)).strip("\n").rstrip()


def _own(seen: Sequence[str]) -> int:
    """Where the part of a mail begins that is ours: the delimiter and the attribution above it."""
    at = next((i for i, line in enumerate(seen) if "##-" in line and quoting.DELIMITER.match(line)), -1)
    if at < 0:
        return len(seen)
    first = at
    for index in range(at - 1, max(-1, at - 16), -1):
        used = quoting.attribution(seen, index)
        captions = quoting.is_original(seen[index]) or quoting.is_cut(seen[index]) or quoting.header_block(seen, index)
        if captions or (used and index + used <= first):
            first = index
    while first and (not seen[first - 1].strip(" >|") or quoting.RULE.match(seen[first - 1])):
        first -= 1
    return first


def _sorted(seen: Sequence[str], own: int) -> list[bool]:
    """Which lines are kept, the signature aside."""
    kinds, cut = _kinds(seen, own)
    kept = [True] * len(seen)
    for index in range(cut, len(seen)):
        kept[index] = False
    if own < len(seen):
        _below(seen, own, kept)
    _sign(seen, kinds, cut)
    runs = _runs(kinds[:cut])
    answered = [i for i, (kind, _, _) in enumerate(runs) if kind == _NEW]
    for position, (kind, start, end) in enumerate(runs):
        if kind in (_LEAD, _SIGNED) or (kind == _QUOTE and not _answered(runs, position, answered)):
            for index in range(start, end):
                kept[index] = False
    _drop_frame(seen, kinds, kept)
    _keep_broken(seen, kept)
    return kept


def _keep_broken(seen: Sequence[str], kept: list[bool]) -> None:
    """A quoted line stays above what may be its own end, broken off by a program that marks only the first half.

    So whoever reads the new text can tell; an answer that stands there is not harmed by what it answers.
    """
    for index in range(1, len(seen)):
        if kept[index] and not kept[index - 1] and seen[index].strip() and not quoting.QUOTED.match(seen[index]):
            above, word = seen[index - 1], seen[index].split()[0]
            if quoting.QUOTED.match(above) and len(above) + len(word) >= _BROKEN:
                kept[index - 1] = True


def _answered(runs: list[tuple[str, int, int]], position: int, new: list[int]) -> bool:
    """Whether a quote stays: something new stands below it, and it is not the one quote above the whole answer."""
    if not new or new[-1] < position:
        return False
    lead = position > 0 and runs[position - 1][0] == _LEAD
    quotes = sum(1 for kind, _, _ in runs[: new[-1]] if kind == _QUOTE)
    return not (lead and quotes == 1 and new[0] > position)


def _below(seen: Sequence[str], own: int, kept: list[bool]) -> None:
    """What a person wrote between or below our quoted lines: all that the quote marks of the delimiter do not cover.

    What our mail itself quotes, others' words, stays above the answer to it; the lines of our frame never do.
    """
    at = next(i for i in range(own, len(seen)) if "##-" in seen[i] and quoting.DELIMITER.match(seen[i]))
    if not quoting.QUOTED.match(seen[at]):
        return  # the program marks nothing: below is ours, as far as can be known
    depth = quoting.depth(seen[at])
    foot = max((i for i in range(at, len(seen)) if quoting.is_foot(seen[i], depth)), default=len(seen))
    said, start = False, at + 1
    while start < len(seen):
        if start < foot and quoting.QUOTED.match(seen[start]):
            start += 1
            continue
        end = start
        while end < len(seen) and (end > foot or not quoting.QUOTED.match(seen[end])):
            end += 1
        said = _kept_answer(seen, start, end, kept, said=said) or said
        if any(kept[start:end]):
            _keep_context(seen, start, depth, kept)
        start = max(end, start + 1)
    for index in range(at + 1, len(seen)):
        if not seen[index].strip() and 0 < index < len(seen) - 1 and kept[index - 1]:
            kept[index] = True


def _kept_answer(seen: Sequence[str], start: int, end: int, kept: list[bool], *, said: bool) -> bool:
    """Keeps one stretch of lines between our quoted ones, its signature aside, and says whether it holds any."""
    stop = _signature(seen, start, end, said=said)
    for index in range(start, stop):
        line = seen[index]
        if _says(line) and (len(line) > 3 or not quoting.NOISE.match(line)):
            kept[index] = not quoting.is_cut(line)
    return any(kept[start:stop])


def _keep_context(seen: Sequence[str], answer: int, depth: int, kept: list[bool]) -> None:
    """Keeps the words that an answer stands under, up to the answer before it or our frame."""
    index = answer - 1
    while index >= 0 and not _says(seen[index]):
        index -= 1
    said = index + 1
    while index >= 0 and quoting.QUOTED.match(seen[index]) and quoting.depth(seen[index]) > depth:
        said = index if _says(seen[index]) else said
        index -= 1
    for index in range(said, answer):
        words = quoting.MARKS.sub("", seen[index]).strip()
        # whoever passes it on cannot tell whose a word of two letters is (M9)
        kept[index] = kept[index] or (quoting.depth(seen[index]) > depth and len(words) not in (1, 2))


def _says(line: str) -> bool:
    return bool(quoting.MARKS.sub("", line).strip())


def _drop_frame(seen: Sequence[str], kinds: Sequence[str], kept: list[bool]) -> None:
    """Takes away the quoted lines of a mail of ours whose delimiter is gone (M9): a token tells that it is ours.

    They name what is inside, and hold a key that is only their reader's. Where nothing shows at which line that mail
    begins, all quoted lines before its token count as its own.
    """
    marks = [i for i in range(len(kinds)) if kinds[i] == _QUOTE and quoting.OURS.match(seen[i])]
    if not marks:
        return
    first = next((i for i in range(marks[0]) if kinds[i] == _LEAD or _leads_inside(seen, i)), -1)
    depth = min(quoting.depth(seen[i]) for i in range(max(first, 0), len(kinds)) if kinds[i] == _QUOTE)
    foot = next((i for i in reversed(marks) if quoting.is_foot(seen[i], depth)), len(kinds) - 1)
    while foot + 1 < len(kinds) and kinds[foot + 1] == _QUOTE and not _says(seen[foot + 1]):
        foot += 1
    answers = [i for i in range(max(first, 1), foot + 1) if kinds[i] == _NEW and kinds[i - 1] in (_QUOTE, _BLANK)]
    for index in range(max(first, 0), foot + 1):
        kept[index] = kept[index] and kinds[index] != _QUOTE
    for index in answers:
        _keep_context(seen, index, depth, kept)


def _leads_inside(seen: Sequence[str], at: int) -> bool:
    """Whether what leads to a quote is itself quoted here, as Apple's programs and Outlook with marks write it."""
    if not quoting.QUOTED.match(seen[at]):
        return False
    lines = [quoting.MARKS.sub("", line) for line in seen[at : at + 12]]
    return bool(quoting.attribution(lines, 0) or quoting.is_original(lines[0]) or quoting.header_block(lines, 0))


def _kinds(seen: Sequence[str], own: int) -> tuple[list[str], int]:
    """The kind of each line, and from which on all is old."""
    kinds: list[str] = []
    fenced, anything = False, False
    fences = sum(1 for line in seen[:own] if quoting.FENCE.match(line))
    index = 0
    while index < own:
        line = seen[index]
        if quoting.FENCE.match(line):
            fences -= 1
            fenced = not fenced and fences > 0  # one that is never closed holds nothing
            kinds.append(_NEW)
        elif fenced:
            kinds.append(_NEW)
        elif not line.strip():
            kinds.append(_BLANK)
        elif quoting.QUOTED.match(line):
            used = _prompted(seen, index, own)
            kinds.extend([_NEW] * used if used else [_QUOTE])
            index += max(used, 1)
            anything = anything or bool(used)
            continue
        else:
            used, old = _caption(seen, index, own)
            if old and (
                anything or quoting.is_cut(line) or quoting.header_block(seen, index) or quoting.is_original(line)
            ):
                return kinds, index
            kinds.extend([_LEAD] * used if used else [_NEW])
            anything = anything or not used
            index += max(used, 1)
            continue
        anything = anything or kinds[-1] == _NEW
        index += 1
    return kinds, own


def _caption(seen: Sequence[str], at: int, own: int) -> tuple[int, bool]:
    """How many lines from `at` on introduce something old, and whether all below is old. (0, False): they do not."""
    line = seen[at]
    if quoting.is_cut(line):
        below = _next(seen, at + 1, own)
        if below < own and (used := quoting.attribution(seen, below)) and _quote_follows(seen, below + used, own):
            return below + used - at, False
        return 1, not _quote_follows(seen, at + 1, own)
    if quoting.is_original(line):
        return 1, True
    if quoting.RULE.match(line):
        below = _next(seen, at + 1, own)
        return (
            (1, True)
            if below < own and (quoting.header_block(seen, below) or quoting.is_cut(seen[below]))
            else (0, False)
        )
    if quoting.header_block(seen, at):
        return 1, True
    used = quoting.attribution(seen, at)
    if used:
        return used, not _quote_follows(seen, at + used, own)
    for used in (1, 2, 3):
        after = at + used
        if after >= own or (used > 1 and not seen[after - 1].strip()):
            break
        if _quote_follows(seen, after, own) and seen[at - 1 : at] != [">"]:
            apart = any(
                quoting.attribution(seen, at + more) or quoting.leads_to_quote(seen, at + more, after - 1)
                for more in range(1, used)
            )
            return (used, False) if not apart and quoting.leads_to_quote(seen, at, after - 1) else (0, False)
    return 0, False


def _next(seen: Sequence[str], at: int, end: int) -> int:
    while at < end and not seen[at].strip():
        at += 1
    return at


def _quote_follows(seen: Sequence[str], at: int, end: int) -> bool:
    for index in range(at, min(at + 3, end)):
        if seen[index].strip():
            return bool(quoting.QUOTED.match(seen[index])) and not quoting.PROMPT.match(seen[index])
    return False


def _prompted(seen: Sequence[str], at: int, end: int) -> int:
    """How many lines from `at` on are a session at Python's prompt, not a quote three deep."""
    if not quoting.PROMPT.match(seen[at]):
        return 0
    if at and quoting.QUOTED.match(seen[at - 1]):
        return 0
    index = at
    while index < end and seen[index].strip():
        if quoting.QUOTED.match(seen[index]) and not quoting.PROMPT_ON.match(seen[index]):
            return 0
        index += 1
    return index - at


def _runs(kinds: Sequence[str]) -> list[tuple[str, int, int]]:
    """Neighbours of one kind; blank lines belong to what stands before them."""
    runs: list[tuple[str, int, int]] = []
    for index, kind in enumerate(kinds):
        if runs and (kind in (_BLANK, runs[-1][0])):
            runs[-1] = (runs[-1][0], runs[-1][1], index + 1)
        elif kind != _BLANK:
            runs.append((kind, index, index + 1))
    return runs


def _sign(seen: Sequence[str], kinds: list[str], cut: int) -> None:
    """Marks signatures: from their mark to the end of the stretch of new text that they close."""
    start, said = 0, False
    while start < cut:
        if kinds[start] != _NEW:
            start += 1
            continue
        end = start
        while end < cut and kinds[end] in (_NEW, _BLANK):
            end += 1
        mark = _signature(seen, start, end, said=said)
        kinds[mark:end] = [_SIGNED] * (end - mark)
        said = said or mark > start
        start = end


def _signature(seen: Sequence[str], start: int, end: int, *, said: bool) -> int:
    """Where the signature of a stretch begins; `end`: it has none. Nothing is left of a mail that is all signature."""
    mark, follows, fenced = end, 0, False
    for index in range(end - 1, max(start, end - 120) - 1, -1):
        line = seen[index]
        if not line.strip():
            continue
        if quoting.FENCE.match(line):
            fenced = not fenced
        if not fenced and (
            (quoting.signs(line) and follows <= _SIGNATURE)
            or (quoting.ruled(line) and follows <= _LAX)
            or (quoting.sent_from(line) and follows <= 3)
        ):
            mark = index
        follows += 1
        if follows > _SIGNATURE + 1:
            break
    if not said and not any(seen[i].strip() and not quoting.NOISE.match(seen[i]) for i in range(start, mark)):
        return end
    return mark


def _trim(seen: Sequence[str], kept: list[bool]) -> None:
    """Lines of nothing but dashes and dots, or a picture's place, at the end of the new text go with the rest."""
    fences = sum(1 for index, line in enumerate(seen) if kept[index] and quoting.FENCE.match(line))
    for index in range(len(seen) - 1, -1, -1):
        if not kept[index]:
            continue
        line = seen[index]
        noise = quoting.NOISE.match(line) or quoting.PICTURE.match(line)
        if line.strip() and (not noise or (quoting.FENCE.match(line) and fences % 2 == 0)):
            return
        if line.strip() and not any(kept[i] and seen[i].strip() for i in range(max(0, index - 500), index)):
            return
        kept[index] = False
