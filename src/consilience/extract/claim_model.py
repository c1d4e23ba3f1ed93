"""The weights of the statistical reader: how likely a name plays a role, given the features of its sentence.

One logistic regression for each role, fitted to annotated sentences (``bench/reading/train_claims.py``), and for each
kind of claim one more over their log odds, which says how likely the whole claim is right. The files are
``claim_weights/<language>.json.gz``; decision 0036 says what was chosen and how it was measured.
"""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from consilience.errors import KnowledgeError
from consilience.extract.claim_roles import ROLES
from consilience.extract.language_files import languages_in

_UNIT: Final = 1000
Thousandths = npt.NDArray[np.int32]
"""Weights of each role by its number, shape (roles,), in thousandths of log odds."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of claim: the weights of the log odds of its parts, and the probability from which it is made."""

    bias: float
    weights: list[float]
    threshold: float


class ModelFile(msgspec.Struct, frozen=True):
    """The model of a language as its file gives it.

    ``weights`` gives by feature the numbers of roles and what the feature adds to the log odds of each, in thousandths:
    whole numbers, so that a sum does not depend on the order of its parts.
    """

    language: str
    method: str
    roles: list[str]
    bias: list[int]
    weights: dict[str, msgspec.Raw]
    kinds: dict[str, Kind]


class ClaimModel:
    """The model of a language. A row of weights is decoded when it is first asked for: a text needs few of 60,000."""

    def __init__(self, file: ModelFile) -> None:
        self.language, self.roles, self.kinds = file.language, file.roles, file.kinds
        self._bias = np.array(file.bias, np.int32)
        self._weights = file.weights
        self._rows: dict[str, Thousandths] = {}

    def numbers(self) -> dict[str, int]:
        """Return the number of each role."""
        return {role: number for number, role in enumerate(self.roles)}

    def row(self, feature: str) -> Thousandths | None:
        """Return what a feature adds to each role, ``None`` where it adds nothing.

        Raises ``KnowledgeError`` where its row is broken.
        """
        row = self._rows.get(feature)
        if row is None and feature in self._weights:
            row = self._rows[feature] = self._decoded(self._weights[feature])
        return row

    def _decoded(self, raw: msgspec.Raw) -> Thousandths:
        found, name = np.zeros(len(self.roles), np.int32), _file_of(self.language)
        try:
            row = msgspec.json.decode(raw, type=list[tuple[int, int]])
        except msgspec.DecodeError as error:
            raise KnowledgeError(str(error), file=name) from error
        for number, weight in row:
            if not 0 <= number < len(self.roles):
                raise KnowledgeError("a weight is that of no role", file=name)
            found[number] += weight
        return found

    def log_odds(self, features: Iterable[str]) -> list[float]:
        """Return the log odds of every role by its number; raise ``KnowledgeError`` where a row is broken."""
        found = self._bias.copy()
        for feature in features:
            row = self.row(feature)
            if row is not None:
                found += row
        return [each / _UNIT for each in found.tolist()]

    def probability(self, kind: str, parts: Sequence[float]) -> float:
        """Return how likely a claim of ``kind`` is right whose parts have these log odds."""
        weighed = self.kinds[kind]
        total = weighed.bias + sum(w * part for w, part in zip(weighed.weights, parts, strict=True))
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))

    def telling(self, features: Iterable[str], role: int, most: int = 3) -> list[str]:
        """Return the features that add most to a role, the strongest first."""
        rows = {feature: row for feature in features if (row := self.row(feature)) is not None}
        added = {feature: int(row[role]) for feature, row in rows.items() if row[role] > 0}
        return sorted(added, key=lambda each: (-added[each], each))[:most]


def languages() -> tuple[str, ...]:
    """Return the languages that have a model."""
    return languages_in("claim_weights", ".json.gz")


@cache
def claim_model(language: str) -> ClaimModel | None:
    """Return the model of ``language``, ``None`` where there is none; raise ``KnowledgeError`` where it is broken."""
    if language not in languages():
        return None
    name = _file_of(language)
    data = (resources.files("consilience.extract") / name).read_bytes()
    try:
        file = msgspec.json.decode(gzip.decompress(data), type=ModelFile)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise KnowledgeError(str(error), file=name) from error
    if file.roles != list(ROLES) or len(file.bias) != len(ROLES):
        raise KnowledgeError("its roles are not those of this program", file=name)
    return ClaimModel(file)


def _file_of(language: str) -> str:
    return f"claim_weights/{language}.json.gz"
