"""How a name is compared with another: by two keys.

The strict key
    Unicode NFKC, case folded, and every character dropped that is no letter, digit or combining mark: ``Cozy Bear``,
    ``CozyBear`` and ``COZY-BEAR`` are one name, so are ``APT 28`` and ``APT28``.

The loose key
    The strict key of the name without a leading "the" and without generic words at its end (:data:`GENERIC_WORDS`):
    ``Gamaredon Group`` and ``Gamaredon`` meet. What was found by the loose key alone is always marked as such.

Equal keys say that two publishers write the same name. They never say that they mean the same actor.
"""

from __future__ import annotations

import re
import unicodedata

GENERIC_WORDS = frozenset(
    {"actor", "actors", "apt", "crew", "gang", "group", "groups", "malware", "ransomware", "team", "threat"}
)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _kept(text: str) -> str:
    kept = "".join(each for each in text if unicodedata.category(each)[0] in "LNM")
    return unicodedata.normalize("NFKC", kept)


def strict_key(name: str) -> str:
    """Return the key under which ``name`` equals another spelling of it; a name of symbols alone is its own key."""
    folded = _folded(name)
    return _kept(folded) or folded.strip()


def loose_key(name: str) -> str:
    """Return the key of ``name`` without generic words; the strict key where nothing else would be left."""
    words = re.split(r"[\s\-_]+", _folded(name).strip())
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    while len(words) > 1 and _kept(words[-1]) in GENERIC_WORDS:
        words = words[:-1]
    key = _kept("".join(words))
    return strict_key(name) if key in GENERIC_WORDS or len(key) < 2 else key
