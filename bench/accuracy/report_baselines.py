"""Other ways to say whose report a text is, learnt on the same folds: what the product's figures stand beside.

- ``majority``: the actor with the most reports, with its share as the probability;
- ``alias counting``: the actor whose names stand most often in the text; nothing is learnt. States no probability;
- ``TF-IDF cosine``: to the sum of an actor's reports; 1-2-grams, logarithmic counts. States no probability;
- ``Naive Bayes``: multinomial over words (smoothing 0.1), whose posterior is the probability;
- ``linear SVM``: TF-IDF 1-2-grams without stop words, classes weighed alike, with one temperature from 5 inner folds:
  the best of five ways to set up attribution.md C1, where scikit-learn is installed (``requirements-peers.txt``).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from consilience.extract.without_names import HiddenNames, hidden_names, without_names
from consilience.inference.calibration import fit_temperature
from consilience.knowledge.index import Knowledge
from consilience.knowledge.values import GazetteerName
from consilience.model.statement import EntityType

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

MAJORITY: Final = "majority"
ALIASES: Final = "alias counting"
COSINE: Final = "TF-IDF cosine"
BAYES: Final = "Naive Bayes"
SVM: Final = "linear SVM + temperature (C1)"
HAS_SVM: Final = find_spec("sklearn") is not None
SMOOTHING: Final = 0.1
_WORD: Final = re.compile(r"\b\w\w+\b")


class Said(msgspec.Struct, frozen=True):
    """Scores (M, K) of M texts for K actors, and probabilities (M, K) where the method states any."""

    scores: FloatArray
    stated: FloatArray | None = None


def alias_names(actors: Sequence[str], knowledge: Knowledge) -> HiddenNames:
    """Return the names of each actor, its number as their class; a name of two of the actors is left out."""
    owners: dict[str, set[int]] = {}
    for number, actor in enumerate(actors):
        for cluster in knowledge.clusters_named(actor):
            for name in (cluster.name, *(alias.name for alias in cluster.aliases)):
                owners.setdefault(name, set()).add(number)
        owners.setdefault(actor, set()).add(number)
    found: dict[str, str] = {}
    seamed: set[str] = set()
    for name, numbers in owners.items():
        one = hidden_names([GazetteerName(name, EntityType.CLUSTER, name, False)], (), ("actor",))
        for key in one.classes:
            number = str(min(numbers)) if len(numbers) == 1 else ""
            found[key] = number if found.get(key, number) == number else ""
        seamed |= one.seamed
    return HiddenNames({key: number for key, number in found.items() if number}, frozenset(seamed & set(found)))


def alias_counts(texts: Sequence[str], names: HiddenNames, actors: int) -> FloatArray:
    """Return how often each actor's names stand in each text, (N, K)."""
    known = HiddenNames(names.classes, frozenset(key for key in names.seamed if key in names.classes))
    out = np.zeros((len(texts), actors))
    for at, text in enumerate(texts):
        for _, number, count in without_names(text, known).found:
            out[at, int(number)] += count
    return out


def majority(column: IntArray, size: int, asked: int) -> Said:
    """Return the same answer to all ``asked`` texts."""
    share = np.bincount(column, minlength=size) / column.size
    return Said(np.tile(share, (asked, 1)), np.tile(share, (asked, 1)))


def cosine(learn: Sequence[str], column: IntArray, asked: Sequence[str], size: int) -> Said:
    """Return the cosine of each asked text to the sum of each actor's."""
    counts = [_grams(text) for text in learn]
    frequency = Counter(gram for own in counts for gram in own)
    rarity = {gram: math.log((1 + len(learn)) / (1 + held)) + 1.0 for gram, held in frequency.items()}
    sums: list[Counter[str]] = [Counter() for _ in range(size)]
    for own, at in zip(counts, column.tolist(), strict=True):
        for gram, weight in _weighed(own, rarity).items():
            sums[at][gram] += weight
    lengths = [math.sqrt(sum(weight**2 for weight in each.values())) or 1.0 for each in sums]
    rows = [_weighed(_grams(text), rarity) for text in asked]
    return Said(
        np.array([
            [sum(weight * each[gram] for gram, weight in row.items() if gram in each) / length
             for each, length in zip(sums, lengths, strict=True)]
            for row in rows
        ])
    )  # fmt: skip


def _grams(text: str) -> Counter[str]:
    words = _WORD.findall(text.casefold())
    return Counter((*words, *(f"{first} {second}" for first, second in pairwise(words))))


def _weighed(counts: Counter[str], rarity: dict[str, float]) -> dict[str, float]:
    row = {gram: (1.0 + math.log(count)) * rarity[gram] for gram, count in counts.items() if gram in rarity}
    length = math.sqrt(sum(weight**2 for weight in row.values())) or 1.0
    return {gram: weight / length for gram, weight in row.items()}


def naive_bayes(learn: Sequence[str], column: IntArray, asked: Sequence[str], size: int) -> Said:
    """Return log posteriors and posteriors of a multinomial model of words."""
    sums: list[Counter[str]] = [Counter() for _ in range(size)]
    for text, at in zip(learn, column.tolist(), strict=True):
        sums[at].update(_WORD.findall(text.casefold()))
    words = sorted({word for each in sums for word in each})
    place = {word: at for at, word in enumerate(words)}
    table = np.array([[each[word] for word in words] for each in sums]) + SMOOTHING
    log_table = np.log(table / table.sum(axis=1, keepdims=True))
    prior = np.log(np.maximum(np.bincount(column, minlength=size), 1e-9) / column.size)
    scores = np.zeros((len(asked), size))
    for at, text in enumerate(asked):
        counts = Counter(word for word in _WORD.findall(text.casefold()) if word in place)
        numbers = [place[word] for word in counts]
        scores[at] = prior + log_table[:, numbers] @ np.array(list(counts.values()), dtype=np.float64)
    return Said(scores, softmax(scores))


def linear_svm(learn: Sequence[str], column: IntArray, fold: IntArray, asked: Sequence[str], size: int) -> Said:
    """Return decision values and, by one temperature from the inner ``fold``, probabilities. Needs scikit-learn."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # type: ignore[import-not-found]
    from sklearn.svm import LinearSVC  # type: ignore[import-not-found]

    def decide(first: Sequence[str], at: IntArray, second: Sequence[str]) -> FloatArray:
        vectors = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, stop_words="english")
        machine = LinearSVC(C=1.0, class_weight="balanced").fit(vectors.fit_transform(first), at)
        out = np.full((len(second), size), -2.0)
        out[:, machine.classes_] = machine.decision_function(vectors.transform(second))
        return out

    inner = np.zeros((column.size, size))
    for each in np.unique(fold):
        kept, held = np.flatnonzero(fold != each), np.flatnonzero(fold == each)
        inner[held] = decide([learn[at] for at in kept], column[kept], [learn[at] for at in held])
    scores = decide(learn, column, asked)
    return Said(scores, softmax(scores / fit_temperature(inner, column)))


def softmax(scores: FloatArray) -> FloatArray:
    """Return probabilities (M, K) from scores in nats."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)
