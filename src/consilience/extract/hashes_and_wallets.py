"""Long runs of letters and digits: hashes, fingerprints and wallets, told apart by length, checksum and what is said.

A hash that a PDF has broken over lines is put together where its pieces are no hashes and the whole is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from consilience.extract.anchors import Anchors
from consilience.extract.candidate import Candidate, Rank, Ranked, before, candidate
from consilience.knowledge.wallet_addresses import find_currency
from consilience.model.observable import ObservableType

_T: Final = ObservableType
_SIZES: Final = {32: _T.MD5, 40: _T.SHA1, 64: _T.SHA256, 128: _T.SHA512}
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_BROKEN: Final = re.compile(r"\n(?<=[0-9A-Fa-f]{8}\n)(?=[ \t]{0,8}[0-9A-Fa-f])")
_PIECES: Final = re.compile(r"[0-9A-Fa-f]{8,127}(?:\n[ \t]{0,8}[0-9A-Fa-f]{1,127}){1,15}(?!\w)")
_COMMIT: Final = re.compile(r"\bcommit\s{1,2}$", re.I)
_CERTIFICATE: Final = re.compile(r"(?:certific|thumbprint|serial|numéro de série)[^\n]{0,30}$", re.I)
_JA3: Final = re.compile(r"\bja3s?\b[^\n]{0,24}$", re.I)
_IMPHASH: Final = re.compile(r"\b(?:imphash|import hash)\b[^\n]{0,24}$", re.I)
_TLSH: Final = re.compile(r"\btlsh\b[^\n]{0,24}$", re.I)
_SOLANA: Final = re.compile(r"\b(?:solana|sol)\b[^\n]{0,48}$", re.I)
_TLSH_FORM: Final = re.compile(r"(?:T1)?[0-9A-Fa-f]{70}")
_SSDEEP: Final = re.compile(r"\d{1,7}:[A-Za-z0-9/+]{6,64}:[A-Za-z0-9/+]{6,64}(?![\w/+:])")


def hashes_and_wallets(text: str, anchors: Anchors) -> Iterator[Ranked]:
    """Yield the candidates of ``text`` with their rank: of two that overlap, the lower rank is the value."""
    for found in _broken_hashes(text):
        yield Rank.FINGERPRINT, found
    for start, end in anchors.long_runs():
        one = _run(text, start, end)
        if one is not None:
            yield Rank.LONG_RUN, one
    for place in anchors.of("ssdeep"):
        if text[place - 1 : place].isdigit():
            continue  # the block size began before
        match = _SSDEEP.match(text, place)
        if match is not None:
            one = candidate(place, match.end(), _T.SSDEEP, match[0])
            if one is not None:
                yield Rank.FINGERPRINT, one


def _run(text: str, start: int, end: int) -> Candidate | None:
    written = text[start:end]
    bounded = _is_apart(text, start, end)
    if bounded and _HEX.fullmatch(written):
        return _hash(text, start, end)
    if bounded and _TLSH_FORM.fullmatch(written) and written[:2] == "T1":
        return candidate(start, end, _T.TLSH, written)
    if text[max(0, start - 12) : start].lower() == "bitcoincash:":
        return candidate(start - 12, end, _T.BITCOIN_CASH, text[start - 12 : end])
    if not bounded or end - start > 120:
        return None
    currency = find_currency(written)
    if currency is not None:
        return Candidate(start, end, *currency)
    if _SOLANA.search(before(text, start)):
        return candidate(start, end, _T.SOLANA, written)
    return None


def _is_apart(text: str, start: int, end: int) -> bool:
    """True where no letter, digit or underscore touches the run (letters outside ASCII are no part of a run)."""
    return not any(
        letter.isalnum() or letter == "_" for letter in text[max(0, start - 1) : start] + text[end : end + 1]
    )


def _hash(text: str, start: int, end: int) -> Candidate | None:
    said, written = before(text, start), text[start:end]
    if _COMMIT.search(said) or written.isdigit() or written.isalpha() or len(set(written)) < 6:
        return None
    size = end - start
    if size == 62:
        return candidate(start, end, _T.JARM, written)
    if size == 70:
        return candidate(start, end, _T.TLSH, written) if _TLSH.search(said) else None
    if size not in _SIZES:
        return None
    if size == 32 and _JA3.search(said):
        return candidate(start, end, _T.JA3, written)
    if size == 32 and _IMPHASH.search(said):
        return candidate(start, end, _T.IMPHASH, written)
    kind = _T.CERTIFICATE if _CERTIFICATE.search(said) else _SIZES[size]
    return candidate(start, end, kind, written)


def _broken_hashes(text: str) -> Iterator[Candidate]:
    done = 0
    for match in _BROKEN.finditer(text):
        if match.start() < done:
            continue
        start = match.start()
        while start > done and text[start - 1] in "0123456789abcdefABCDEF" and match.start() - start < 128:
            start -= 1
        pieces = _PIECES.match(text, start)
        if pieces is None or not _is_apart(text, start, len(text)):
            continue
        done = pieces.end()
        yield from _joined(text, start, done)


def _joined(text: str, start: int, end: int) -> Iterator[Candidate]:
    """Join neighbours of a column of hexadecimal pieces; one that is a hash stays alone, unless its rest follows."""
    pieces = [(start + match.start(), start + match.end()) for match in _HEX.finditer(text[start:end])]
    first = 0
    while first < len(pieces):
        size, last = 0, first
        while last < len(pieces) and size < max(_SIZES):
            size += pieces[last][1] - pieces[last][0]
            whole = [piece for piece in pieces[first : last + 1] if piece[1] - piece[0] in _SIZES]
            if last > first and size in _SIZES and len(whole) < min(2, last - first + 1):
                break
            last += 1
        else:
            first += 1
            continue
        written = re.sub(r"\s", "", text[pieces[first][0] : pieces[last][1]])
        found = candidate(pieces[first][0], pieces[last][1], _SIZES[size], written)
        if found is not None and not written.isdigit() and not written.isalpha():
            yield found
        first = last + 1
