"""The language of a text among those that the desk speaks.

Only new text should come here: a quote is in the language of who is quoted. The model ships inside py3langid.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

LONGEST = 800  # characters that are looked at: more of them change no verdict
_NO_WORDS = re.compile(r"(?:https?://|www\.)\S+|\S+@\S+|[^\s]*\d[^\s]*|[^\w\s'’]+|^[>|].*$", re.MULTILINE)


@lru_cache(maxsize=8)
def _identifier(languages: tuple[str, ...]) -> Any:
    """The model, for these languages. 0.8 s the first time (it brings numpy): hence at first use, or by `warm`."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(languages))
    return identifier


def warm(languages: Sequence[str]) -> None:
    """Loads the model, so that the first mail does not wait for it."""
    detect("warm", languages)


def detect(text: str, languages: Sequence[str], threshold: float = 0.6) -> str | None:
    """The code of the language of `text`, or None where it is not surer than `threshold` (0 to 1)."""
    if not languages:
        return None
    words = " ".join(_NO_WORDS.sub(" ", text[:LONGEST]).split())
    if sum(map(str.isalpha, words)) < 4:
        return None
    if len(languages) == 1:
        return languages[0]
    name, probability = _identifier(tuple(languages)).classify(words)
    return str(name) if float(probability) > threshold else None
