"""The language of a text, or nothing where the text is too short or too odd to tell."""

from __future__ import annotations

import functools
from typing import Any, Final

# Languages in which states, vendors and attackers of the knowledge base write; a text in another language is mostly
# refused by the threshold, not forced into one of these.
LANGUAGES: Final = frozenset(
    {"ar", "be", "cs", "de", "en", "es", "fa", "fr", "he", "it", "ja", "ko", "nl", "pl", "pt", "ru", "sq", "tr"}
    | {"uk", "vi", "zh"}
)
_FEWEST_LETTERS: Final = 16
_SURE_ENOUGH: Final = 0.9
_SAMPLE: Final = 20_000


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of the language of ``text``, or an empty text where it cannot be told.

    Method: py3langid (Lui and Baldwin 2012) restricted to :data:`LANGUAGES`, on the first 20,000 characters; fewer than
    16 letters or a normalised probability under 0.9 give no answer.
    """
    sample = text[:_SAMPLE]
    if sum(map(str.isalpha, sample)) < _FEWEST_LETTERS:
        return ""
    language, probability = _identifier().classify(sample)
    return str(language) if probability >= _SURE_ENOUGH else ""


@functools.cache
def _identifier() -> Any:  # noqa: ANN401 - the library has no types
    # The model loads in half a second.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(LANGUAGES))
    return identifier
