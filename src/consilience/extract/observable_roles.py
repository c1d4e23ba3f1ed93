"""What a text quotes a value as: an indicator, something harmless, a victim's own, or where the reader is sent."""

from __future__ import annotations

import ipaddress
import re
from functools import cache, lru_cache
from typing import Final

from consilience.extract.candidate import Candidate
from consilience.extract.network_values import host_of, is_address, is_plain
from consilience.extract.observable_lists import lists
from consilience.knowledge.sources import source_for_url
from consilience.model.observable import ObservableType, Role

_SENTENCE: Final = 200
"""Characters before a value in which the words about it are looked for: its sentence, seldom longer."""

_SENTENCE_END: Final = re.compile(r"[.!?]\s+(?=[^\s])|\n")
_ITEM: Final = re.compile(r"[ \t]*(?:[-*•–·▪]|\d{1,3}[.)])?[ \t]*\Z")
_HEADING: Final = 4_000
"""Characters back to which the heading of a list is looked for."""


def role_of(text: str, found: Candidate, original: str, own: frozenset[str]) -> Role:
    """Return the role of ``found`` in ``text``; ``original`` is what stands there, ``own`` are the publisher's hosts.

    The words before a value in its sentence, or in the heading of its list, come first; then who the host belongs to.
    A value that the text defangs is meant to be dangerous, and never a reference.
    """
    said = _said_before(text, found.start)
    host = host_of(found.type, found.value)
    if said:
        role = _said(said, found, original)
        if role is not None:
            return role
    owner = _role_of_owner(host, own) if host else Role.INDICATOR
    return Role.INDICATOR if owner is Role.REFERENCE and not is_plain(original) else owner


@lru_cache(4096)
def _role_of_owner(host: str, own: frozenset[str]) -> Role:
    if _under(host, lists().benign_hosts):
        return Role.BENIGN
    if is_address(host):
        return Role.INDICATOR if ipaddress.ip_address(host.strip("[]")).is_global else Role.BENIGN
    if _under(host, own) or _under(host, lists().reference_hosts) or source_for_url(f"https://{host}/") is not None:
        return Role.REFERENCE
    return Role.INDICATOR


def _said(said: str, found: Candidate, original: str) -> Role | None:
    low = said.lower()
    if not any(word in low for word in _all_words()):
        return None
    if _words("benign").search(said):
        return Role.BENIGN
    if is_plain(original):
        if _words("legitimate").search(said) and not _words("abused").search(said):
            return Role.BENIGN
        if _words("victim").search(said) and found.type in _OF_SOMEBODY:
            return Role.VICTIM
        if _words("contact").search(said) and found.type in _WHERE_TO_WRITE:
            return Role.REFERENCE
    return None


def _said_before(text: str, start: int) -> str:
    """Return the words that speak of the value at ``start``: those before it in its sentence, or its list's heading."""
    sentence = text[max(0, start - _SENTENCE) : start]
    ends = list(_SENTENCE_END.finditer(sentence))
    sentence = sentence[ends[-1].end() :] if ends else sentence
    if not _ITEM.match(sentence):
        return sentence.rsplit(" but ", 1)[-1]
    top = max(0, start - _HEADING, text.rfind("\n\n", max(0, start - _HEADING), start))
    end = text.rfind(":\n", top, start)
    return text[max(top, text.rfind("\n", top, end), end - _SENTENCE) : end] if end >= 0 else ""


@cache
def _all_words() -> tuple[str, ...]:
    """Return the words of all roles, without those that hold another: looking for each is cheaper than a pattern."""
    words = sorted({word for each in lists().role_words.values() for word in each}, key=len)
    return tuple(word for index, word in enumerate(words) if not any(short in word for short in words[:index]))


@cache
def _words(role: str) -> re.Pattern[str]:
    words = lists().role_words[role]
    # The words must be about the value: no further than a few words before it, or in the heading of its list.
    near = r"(?:\W+\w+){0,6}?\W*\Z"
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?![\w-])(?={near})", re.IGNORECASE)


def _under(host: str, names: frozenset[str]) -> bool:
    """True where ``host`` or one of its parents is among ``names``."""
    labels = host.split(".")
    return any(".".join(labels[index:]) in names for index in range(len(labels) - 1))


_T: Final = ObservableType
_OF_SOMEBODY: Final = frozenset({_T.IPV4, _T.IPV6, _T.NETWORK, _T.HOST_PORT, _T.DOMAIN, _T.URL, _T.EMAIL})
_WHERE_TO_WRITE: Final = frozenset({_T.EMAIL, _T.URL, _T.DOMAIN, _T.ACCOUNT})
