"""The lists of ``observables.toml``: endings, hosts and words that keep ordinary prose from being read as values."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources

import msgspec


class ObservableLists(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The table as read; each list says in the file what it is for."""

    file_endings: frozenset[str]
    rarer_file_endings: frozenset[str]
    word_endings: frozenset[str]
    unmistakable_endings: frozenset[str]
    not_domains: frozenset[str]
    not_files: frozenset[str]
    reference_hosts: frozenset[str]
    benign_hosts: frozenset[str]
    role_words: dict[str, tuple[str, ...]]
    confusable: dict[str, str]


@cache
def lists() -> ObservableLists:
    """Return the lists, read once."""
    text = resources.files("consilience.extract").joinpath("observables.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), ObservableLists)
