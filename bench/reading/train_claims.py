"""Fit the weights of the statistical reader to the development sentences, and say how right it is on those left out.

Usage: python bench/reading/train_claims.py [--write] [--languages en fr ...]

Needs scikit-learn, which the program itself does not. What is said of precision is measured on entries that the weights
did not see: the entries are dealt into six parts by a hash of their name (sets of related entries as a whole), and each
part is read with weights fitted to the other five. The thresholds are chosen on these same readings, so the figures are
a little too good; sets that had no part in anything are in ``claims.py``. With ``--write`` the weights go into the
package. Everything is deterministic.
"""

from __future__ import annotations

import argparse
import gzip
import math
import sys
import zlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(1, str(Path(__file__).resolve().parent))

from claim_development import sets
from claim_labels import Label, Labelled, labels_of
from claim_matching import Entry, Standing, is_right, standing_document

from consilience.app.readers import open_lexicon
from consilience.app.settings import settings
from consilience.extract.claim_features import of_name, of_pair, of_sentence
from consilience.extract.claim_model import ClaimModel, Kind, ModelFile
from consilience.extract.claim_proposals import weighed_with
from consilience.extract.claim_roles import NAME_ROLES, PAIR_ROLES, SENTENCE_ROLES, Role
from consilience.extract.claims import of_rules
from consilience.extract.learned_claims import asked, is_new, statement_of
from consilience.extract.lexicon import Lexicon
from consilience.extract.passages import sentence_readings
from consilience.extract.sentence_reading import Reading
from consilience.extract.sentences import split
from consilience.model.document import Passage
from consilience.model.statement import Statement

WEIGHTS: Final = Path(__file__).resolve().parents[2] / "src" / "consilience" / "extract" / "claim_weights"
LANGUAGES: Final = ("en", "fr", "de", "es", "ru", "uk")
TAUGHT_BY: Final = dict.fromkeys(("de", "es", "ru", "uk"), LANGUAGES)
"""Languages with few sentences learn from those of all, by classes of cues and letters of names."""

METHOD: Final = "consilience-claims/1"
PARTS: Final = 6
DEALT_WHOLE: Final = frozenset({"claims-en-k", "claims-fr-k", "claims-en-q", "claims-en-u"})
"""Sets whose entries have incidents or constructions in common: all of one are left out together."""

RARE: Final = 3
"""A feature that fewer examples have, those of all parts together, is left out."""

_STRENGTH: Final = 1.0
_SMALL: Final = 0.05
_FEWEST: Final = 12
_OF_DEEDS: Final = frozenset(
    {"attributed", "cleared", "unproven", "declined", "self-claimed", "sponsored", "responded"}
)
_PRECISION: Final = {"en": 0.75, "fr": 0.75}
_CAREFUL: Final = 0.8
_OTHERS: Final = 0.85
"""What share of the proposals above a threshold is right: three quarters of who did it and what states answer, more
where a language has few sentences of its own, and of what is said in passing of groups, victims and tools, where whole
reports have been seen to mislead more than single sentences."""

_FEATURES: Final[dict[str, Callable[..., set[str]]]] = {"name": of_name, "pair": of_pair, "whole": of_sentence}


class Sentence(msgspec.Struct):
    """A sentence that is read, what the rules made of it, and its labels; ``part`` is the deal it belongs to."""

    entry: Entry
    standing: Standing
    language: str
    part: int
    reading: Reading
    made: list[Statement]
    labelled: Labelled


class Examples(msgspec.Struct):
    """The examples of one sort ("name", "pair", "whole"): features, place, and labels by role."""

    features: list[set[str]]
    places: list[tuple[int, Any]]
    parts: np.ndarray[Any, Any]
    labels: dict[str, np.ndarray[Any, Any]]


def read_sets(language: str, lexicon: Lexicon) -> list[Sentence]:
    """Return the sentences of the development sets of a language."""
    found: list[Sentence] = []
    for name, each in sets([]):
        if each.language != language:
            continue
        for entry in each.sentences:
            document = standing_document(entry, each.documents[entry.document], language)
            parts = len(split(entry.text))
            dealt = name if name in DEALT_WHOLE else f"{name} {entry.id}"
            part = zlib.crc32(dealt.encode()) % PARTS
            for reading in sentence_readings(Passage(entry.text), document, lexicon):
                made = of_rules(reading)
                labels = labels_of(entry, reading, language, parts)
                standing = each.documents[entry.document]
                found.append(Sentence(entry, standing, language, part, reading, made, labels))
    return found


def examples(sentences: Sequence[Sentence], sort: str, roles: Sequence[Role], language: str) -> Examples:
    """Return the examples of one sort; a label that either would do is -1."""
    features: list[set[str]] = []
    places: list[tuple[int, Any]] = []
    labels: dict[str, list[int]] = {role.name: [] for role in roles}
    for number, sentence in enumerate(sentences):
        for place, of_roles in _places(sentence.labelled, sort):
            at = place if isinstance(place, tuple) else () if sort == "whole" else (place,)
            shown = _FEATURES[sort](sentence.labelled.skeleton, *at)
            # Words are those of one language; classes of cues and letters of names are common to all.
            features.append(shown if sentence.language == language else {f for f in shown if f[0] != "w"})
            places.append((number, place))
            letters = {sentence.labelled.skeleton.items[each].text[1] for each in at}
            for role in roles:
                label = of_roles[role.name] if letters <= set(role.letters) or not role.letters else None
                labels[role.name].append(-1 if label is None else label)
    parts = np.array([sentences[number].part for number, _ in places])
    return Examples(features, places, parts, {name: np.array(each) for name, each in labels.items()})


def _places(labelled: Labelled, sort: str) -> list[tuple[Any, dict[str, Label]]]:
    if sort == "name":
        return list(labelled.names.items())
    return list(labelled.pairs.items()) if sort == "pair" else [(0, labelled.whole)]


class Fitter:
    """Fits one logistic regression for each role of one sort of examples."""

    def __init__(self, found: Examples, sentences: Sequence[Sentence]) -> None:
        from sklearn.feature_extraction import DictVectorizer

        self.found = found
        self.sentences = sentences
        vectors = DictVectorizer(dtype=np.float32)
        matrix = vectors.fit_transform([dict.fromkeys(sorted(each), 1.0) for each in found.features]).tocsr()
        matrix.sort_indices()
        often = np.asarray((matrix > 0).sum(axis=0)).ravel() >= RARE
        self.matrix = matrix[:, often]
        self.names = [name for name, kept in zip(vectors.feature_names_, often, strict=True) if kept]

    def fit(self, role: str, without: int) -> tuple[int, dict[str, int]] | None:
        """Return bias and weights of a role fitted to all parts but one, ``None`` where there are too few examples.

        Of several mentions of one entity that plays a role, only the likeliest stays an example after the first fit:
        the annotation says who, and not where.
        """
        from sklearn.linear_model import LogisticRegression

        labels = self.found.labels[role]
        rows = np.flatnonzero((labels >= 0) & (self.found.parts != without))
        if labels[rows].sum() < _FEWEST:
            return None
        for _ in range(2):
            model = LogisticRegression(C=_STRENGTH, solver="liblinear", tol=1e-3, random_state=0).fit(
                self.matrix[rows], labels[rows]
            )
            rows = self._likeliest(rows, labels, model.decision_function(self.matrix[rows]))
        weights = {
            name: round(1000 * float(weight))
            for name, weight in zip(self.names, model.coef_[0], strict=True)
            if abs(weight) >= _SMALL
        }
        return round(1000 * float(model.intercept_[0])), weights

    def _likeliest(self, rows: Any, labels: Any, odds: Any) -> Any:
        best: dict[tuple[int, str], int] = {}
        for row, value in zip(rows, odds, strict=True):
            if labels[row] == 1 and (key := self._entity(row)) is not None:
                known = best.get(key)
                if known is None or value > odds[np.searchsorted(rows, known)]:
                    best[key] = int(row)
        kept = set(best.values())
        return np.array([row for row in rows if labels[row] == 0 or self._entity(row) is None or int(row) in kept])

    def _entity(self, row: int) -> tuple[int, str] | None:
        number, place = self.found.places[row]
        if not isinstance(place, int):
            return None
        entities = self.sentences[number].labelled.entities
        return (number, entities[place]) if place in entities else None


def weights_without(fitters: dict[str, Fitter], language: str, part: int, kinds: dict[str, Kind]) -> ModelFile:
    """Return the model of all parts but one; -1 leaves none out."""
    roles: list[str] = []
    bias: list[int] = []
    weights: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for sort, of_sort in (("name", NAME_ROLES), ("pair", PAIR_ROLES), ("whole", SENTENCE_ROLES)):
        for role in of_sort:
            fitted = fitters[sort].fit(role.name, part)
            if fitted is None:
                fitted = (-9000, {})
            for feature, weight in fitted[1].items():
                weights[feature].append((len(roles), weight))
            roles.append(role.name)
            bias.append(fitted[0])
    rows = {feature: msgspec.Raw(msgspec.json.encode(row)) for feature, row in sorted(weights.items())}
    return ModelFile(language, METHOD, roles, bias, rows, kinds)


def judged(sentences: Sequence[Sentence], model: ClaimModel) -> list[tuple[str, tuple[float, ...], bool]]:
    """Return kind, parts and rightness of each proposal for sentences that the model did not see.

    What the rules have read already is left out: the model is asked for what is beside it.
    """
    found = []
    for sentence in sentences:
        if sentence.reading.quote.rstrip('”»" ').endswith("?"):
            continue
        weighed = weighed_with(model, sentence.reading)
        for proposal in asked(weighed):
            statement = statement_of(proposal, weighed, 0.0)
            if statement is None or not is_new(statement, sentence.made):
                continue
            right = is_right(statement, sentence.entry, sentence.language)
            found.append((proposal.kind, proposal.parts, right))
    return found


def _wanted(kind: str, language: str) -> float:
    return _PRECISION.get(language, _CAREFUL) if kind in _OF_DEEDS else _OTHERS


def kind_of(parts: Any, right: Any, wanted: float) -> tuple[Kind, float, float, int]:
    """Return the calibrated kind, its precision and recall among proposals at the threshold, and their number.

    The threshold is the lowest above which the share ``wanted`` of the proposals is right.
    """
    from sklearn.linear_model import LogisticRegression

    spread = parts.std(axis=0) + 1e-6
    model = LogisticRegression(C=1.0).fit(parts / spread, right)
    odds = model.decision_function(parts / spread)
    probability = 1 / (1 + np.exp(-odds))
    order = np.argsort(-probability, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= wanted)
    cut = int(enough[-1]) if enough.size else -1
    threshold = float(probability[order[cut]]) if cut >= 0 else 1.1
    made = cut + 1
    hit = int(right[order[:made]].sum())
    weights = [round(float(each), 4) for each in model.coef_[0] / spread]
    kind = Kind(round(float(model.intercept_[0]), 4), weights, math.floor(threshold * 10_000) / 10_000)
    return kind, hit / made if made else 0.0, hit / max(1, int(right.sum())), made


def train(language: str, read: Callable[[str], list[Sentence]]) -> ModelFile:
    """Return the model of a language, printing what it does on the parts that its weights did not see."""
    every_language = [each for lang in TAUGHT_BY.get(language, (language,)) for each in read(lang)]
    sentences = [each for each in every_language if each.language == language]
    fitters = {
        sort: Fitter(examples(every_language, sort, roles, language), every_language)
        for sort, roles in (("name", NAME_ROLES), ("pair", PAIR_ROLES), ("whole", SENTENCE_ROLES))
    }
    seen: dict[str, list[tuple[tuple[float, ...], bool]]] = defaultdict(list)
    every = {role.name: Kind(0.0, [1.0], 0.0) for role in PAIR_ROLES}
    for part in range(PARTS):
        model = ClaimModel(weights_without(fitters, language, part, every))
        for kind, parts, right in judged([each for each in sentences if each.part == part], model):
            seen[kind].append((parts, right))
    kinds: dict[str, Kind] = {}
    print(f"| {language}, {len(sentences)} sentences | proposed | right | made at the threshold | precision | share |")
    print("|---|---|---|---|---|---|")
    for kind, rows in sorted(seen.items()):
        parts, right = np.array([each for each, _ in rows]), np.array([each for _, each in rows])
        if right.sum() < _FEWEST or right.all():
            continue
        found, precision, recall, made = kind_of(parts, right, _wanted(kind, language))
        print(f"| {kind} | {len(rows)} | {right.sum()} | {made} | {precision:.2f} | {recall:.2f} |")
        if found.threshold <= 1:
            kinds[kind] = found
    return weights_without(fitters, language, -1, kinds)


def main() -> None:
    """Fit, print the table of each language, and write the weights where that is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="*", default=list(LANGUAGES))
    parser.add_argument("--write", action="store_true", help="write the weights into the package")
    arguments = parser.parse_args()
    lexicon = open_lexicon(settings())
    read = cache(lambda language: read_sets(language, lexicon))
    for language in arguments.languages:
        model = train(language, read)
        data = gzip.compress(msgspec.json.encode(model), mtime=0)
        print(
            f"\n{language}: {len(model.weights)} features, {len(data) // 1024} kB, kinds {', '.join(model.kinds)}\n",
            flush=True,
        )
        if arguments.write:
            (WEIGHTS / f"{language}.json.gz").write_bytes(data)


if __name__ == "__main__":
    main()
