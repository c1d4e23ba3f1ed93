"""``judgements.jsonl`` of a case: one judgement a line, in the order in which they were made; lines are only added.

Two analysts' files can be put one after the other, and a version control system shows who held what, and when.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from consilience.errors import CaseError, LimitError
from consilience.model.dates import parse_date
from consilience.model.judgement import About, CaseJudgement, Ruling

FILE_NAME: Final = "judgements.jsonl"
LARGEST: Final = 4 << 20
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(CaseJudgement).decode


def read_judgements(folder: Path) -> tuple[CaseJudgement, ...]:
    """Return the judgements of a case in their order; none where nobody has judged.

    Raises :class:`CaseError` for a line that is no judgement, and :class:`LimitError` for a file of more than 4 MB:
    to leave a judgement out would change the answer in silence.
    """
    path = folder / FILE_NAME
    try:
        data = path.read_bytes() if path.exists() else b""
    except OSError as error:
        raise CaseError(f"cannot be read: {error.strerror}", file=str(path)) from error
    if len(data) > LARGEST:
        raise LimitError(f"has more than {LARGEST:,} bytes", file=str(path))
    lines = enumerate(data.split(b"\n"), 1)
    return tuple(_read(line, str(path), f"line {number}") for number, line in lines if line.strip())


def _read(line: bytes, file: str, place: str) -> CaseJudgement:
    try:
        judgement = _decode(line)
        parse_date(judgement.made)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise CaseError(f"is no judgement: {error}", file=file, place=place) from error
    reason = flaw(judgement)
    if reason:
        raise CaseError(reason, file=file, place=place)
    return judgement


def flaw(judgement: CaseJudgement) -> str:
    """Say what makes a judgement impossible, in one sentence; empty where nothing does."""
    about, ruling = judgement.about, judgement.ruling
    if not judgement.author.strip():
        return "a judgement has an author"
    if not judgement.target:
        return "a judgement is about something"
    if ruling is Ruling.PLANTED and about is not About.ITEM:
        return "only an item of evidence can be planted"
    if (ruling is Ruling.ADD) != (judgement.hypothesis is not None):
        return "a hypothesis is added with its label and names, and no other ruling has them"
    if judgement.hypothesis is not None and (
        about is not About.HYPOTHESIS
        or judgement.hypothesis.id != judgement.target
        or not 0.0 <= judgement.hypothesis.prior < 1.0
    ):
        return "what is added is a hypothesis with the id that is named and a prior below 1"
    return ""


def append_judgement(folder: Path, judgement: CaseJudgement) -> None:
    """Add a judgement as one line, in one write, so that two analysts can judge at once; raises :class:`CaseError`."""
    path = folder / FILE_NAME
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(descriptor, _encode(judgement) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise CaseError(f"cannot be written: {error.strerror}", file=str(path)) from error
