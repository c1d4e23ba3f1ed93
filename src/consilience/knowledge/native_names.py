"""Names in other languages and scripts for organs, firms, clusters and malware, from ``data/native_names.toml``."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources
from typing import Final

import msgspec

from consilience.errors import KnowledgeError
from consilience.knowledge.inflection import inflected

LANGUAGES: Final = ("de", "en", "es", "fa", "fr", "ko", "ru", "sq", "uk", "zh")
_FILE: Final = "data/native_names.toml"


class NativeName(msgspec.Struct, frozen=True):
    """The forms by which one language names something.

    Exactly one of ``source`` (a source id), ``country`` (of an organ that is no known source; ISO alpha-2), ``cluster``
    and ``malware`` (a name of the knowledge index) is set. ``name`` is the English name; ``common`` forms need context.
    """

    lang: str
    forms: tuple[str, ...]
    name: str = ""
    source: str = ""
    country: str = ""
    cluster: str = ""
    malware: str = ""
    common: bool = False


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str = ""
    source: str = ""
    country: str = ""
    cluster: str = ""
    malware: str = ""
    common: bool = False
    de: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    fr: tuple[str, ...] = ()
    es: tuple[str, ...] = ()
    fa: tuple[str, ...] = ()
    ko: tuple[str, ...] = ()
    ru: tuple[str, ...] = ()
    sq: tuple[str, ...] = ()
    uk: tuple[str, ...] = ()
    zh: tuple[str, ...] = ()


@functools.cache
def native_names() -> tuple[NativeName, ...]:
    """Return the table, one value per row and language; raise :class:`KnowledgeError` where a row says no one thing."""
    text = resources.files("consilience.knowledge").joinpath(_FILE).read_text("utf-8")
    found = []
    for row in msgspec.convert(tomllib.loads(text)["name"], tuple[_Row, ...]):
        said = row.source or row.cluster or row.malware or row.name
        if sum(map(bool, (row.source, row.country, row.cluster, row.malware))) != 1 or bool(row.country) != bool(
            row.name
        ):
            raise KnowledgeError(f"the row of {said!r} must say one of source, country with name, cluster, malware",
                                 file=_FILE)  # fmt: skip
        for lang in LANGUAGES:
            forms = tuple(dict.fromkeys(each for form in getattr(row, lang) for each in _forms(form, lang)))
            if forms:
                found.append(
                    NativeName(lang, forms, said, row.source, row.country, row.cluster, row.malware, row.common)
                )
    return tuple(found)


def _forms(written: str, lang: str) -> tuple[str, ...]:
    """Return the inflected forms of the part before the bar, each with the part after it; see the table's head."""
    head, bar, tail = written.partition("|")
    if not tail and bar:
        return (head,)
    return tuple(each + tail for each in inflected(head, lang))
