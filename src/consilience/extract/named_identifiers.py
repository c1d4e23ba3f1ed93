"""Identifiers with a form of their own: weaknesses, ATT&CK, autonomous systems, accounts, serial numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Candidate, Rank, Ranked, before, candidate
from consilience.model.observable import ObservableType

_T: Final = ObservableType
# Conversion to text loses hyphens: "CVE2010-1885", "CVE-20135990".
_CVE: Final = re.compile(r"(?<!\w)CVE[-‐‑–\s]?((?:199|20[0-3])\d)[-‐‑–\s]?(\d{4,19})(?!\w)", re.I)
_TECHNIQUE: Final = re.compile(r"(?<![\w.])T1[0-6]\d\d(?:\.\d{3})?(?!\w|\.\d)", re.I)
_ATTACK_OBJECT: Final = re.compile(
    r"(?<![\w.-])(?:TA00\d\d|DS00\d\d|G[01]\d{3}|S[01]\d{3}|M10\d\d|C00\d\d)(?![\w-]|\.\w)"
)
_ASN: Final = re.compile(r"(?<!\w)(?:ASN?\s?\d{1,10}|asn?\d{4,10})(?!\w)")
_AUTONOMOUS: Final = re.compile(r"(?:\bASN\b|autonomous system|système autonome)[^\n]{0,40}$", re.I)
_ATTACK: Final = re.compile(r"ATT&CK|\bMITRE\b", re.I)
_CHANNEL: Final = re.compile(r"(?<![\w/.@])(?:t|telegram)\.me/(?:s/)?(\w{5,32})(?![\w/])", re.I)
_HANDLE: Final = re.compile(r"(?<![\w.@/])@([A-Za-z_]\w{2,31})(?![\w@]|\.\w)")
_PLATFORM: Final = re.compile(
    r"\b(telegram|twitter|instagram|facebook|vkontakte|mastodon|signal)\b|(?<=on )\b(x)\b", re.I
)
_SERIAL: Final = re.compile(
    r"serial(?:\s(?:number|no\.?|#))?\s?(?:of|is|[:=#])?\s?"
    r"((?:[0-9A-Fa-f]{2}[: ]){7,19}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{16,40})(?![\w:])",
    re.I,
)


def named_identifiers(text: str, anchors: Anchors) -> Iterator[Ranked]:
    """Yield the candidates of ``text`` with their rank: of two that overlap, the lower rank is the value."""
    for place in anchors.of("cve"):
        match = _CVE.match(text, place)
        number = candidate(place, match.end(), _T.CVE, f"CVE-{match[1]}-{match[2]}") if match else None
        if number is not None:
            yield Rank.CVE, number
    techniques = anchors.of("attack")
    spoken_of = bool(techniques) and _ATTACK.search(text) is not None
    for place in techniques:
        for rank, found in _at(_TECHNIQUE, text, place, _T.TECHNIQUE):
            if spoken_of or "." in found.value or _in_brackets(text, found.start, found.end):
                yield rank, found
        if spoken_of or _in_brackets(text, place, place + 5):
            yield from _at(_ATTACK_OBJECT, text, place, _T.ATTACK_OBJECT)
    for place in anchors.systems():
        for rank, found in _at(_ASN, text, place, _T.ASN):
            if _is_system(text, found):
                yield rank, found
    for place in anchors.of("serial"):
        match = _SERIAL.match(text, place)
        one = candidate(match.start(1), match.end(1), _T.CERTIFICATE, match[1]) if match else None
        if one is not None:
            yield Rank.FINGERPRINT, one
    yield from _accounts(text, anchors)


def _at(form: re.Pattern[str], text: str, place: int, kind: ObservableType) -> Iterator[Ranked]:
    match = form.match(text, place)
    found = candidate(place, match.end(), kind, match[0]) if match else None
    if found is not None:
        yield Rank.NUMBERED, found


def _in_brackets(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 1) : start] in ("(", "[") and text[end : end + 1] in (")", "]")


def _is_system(text: str, found: Candidate) -> bool:
    written = text[found.start : found.end]
    digits = sum(letter.isdigit() for letter in written)
    certain = written.upper().startswith("ASN") or (digits >= 4 and written[2].isdigit())
    return certain or _AUTONOMOUS.search(before(text, found.start)) is not None


def _accounts(text: str, anchors: Anchors) -> Iterator[Ranked]:
    """A handle counts with the platform that is named close to it: the same name elsewhere is somebody else."""
    for place in anchors.of("account"):
        channel = _CHANNEL.match(text, place)
        if channel is not None:
            yield from _account(channel.start(), channel.end(), "telegram", channel[1])
            continue
        handle = _HANDLE.match(text, place + 1)
        if handle is None:
            continue
        said = before(text, place, 80) + text[handle.end() : handle.end() + 12]
        named = list(_PLATFORM.finditer(said))
        if named:
            yield from _account(handle.start(), handle.end(), named[-1][1] or "x", handle[1])


def _account(start: int, end: int, platform: str, name: str) -> Iterator[Ranked]:
    found = candidate(start, end, _T.ACCOUNT, f"{platform}:{name}")
    if found is not None:
        yield Rank.ACCOUNT, found
