"""Words of likelihood and confidence in languages of which no authority publishes a scale.

From ``data/estimative_words.toml``: each word stands there for a term of a published scale, so that it gets that
term's interval and no other. :mod:`consilience.knowledge.scales` reads them.
"""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

import msgspec

from consilience.errors import KnowledgeError

_FILE = "data/estimative_words.toml"


class EstimativeWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The words of one language: of likelihood by the English term of a scale, of confidence by level."""

    likelihood: dict[str, tuple[str, ...]] = {}
    confidence: dict[str, tuple[str, ...]] = {}


@functools.cache
def _tables() -> dict[str, EstimativeWords]:
    text = resources.files("consilience.knowledge").joinpath(_FILE).read_text("utf-8")
    try:
        return msgspec.convert(tomllib.loads(text), dict[str, EstimativeWords])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise KnowledgeError(str(error), file=_FILE) from error


def estimative_words(lang: str) -> EstimativeWords:
    """Return the words of ``lang``; none for a language without a table. Raises ``KnowledgeError`` for a bad table."""
    return _tables().get(lang, EstimativeWords())
