"""How far a source, a statement or several sources together are believed: P(true as reported)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consilience.knowledge.evidence_weights import WEIGHTS
from consilience.model.source import Reliability, Source
from consilience.model.source import origins as origins_of
from consilience.model.statement import Statement


def graded(source: Source | None) -> float:
    """Return P(true as reported) from the grade of a source; one that nobody described has grade F."""
    return WEIGHTS.reliable(source.reliability if source else Reliability.F)


def reliability(known: Mapping[str, Source], statement: Statement) -> float:
    """Return P(true as reported): the weaker of source and relay, bounded by credibility, times stated confidence."""
    grades = [graded(known.get(each)) for each in {statement.source, statement.via} if each]
    level = statement.confidence.level if statement.confidence else ""
    return min(*grades, WEIGHTS.credible(statement.credibility), 1.0) * WEIGHTS.claim.of_confidence(level)


def origins(sources: Iterable[str], known: Mapping[str, Source]) -> tuple[str, ...]:
    """Return the first sources behind several sources, sorted, each once."""
    derives = {key: source.derives_from for key, source in known.items()}
    return tuple(sorted({origin for source in sources for origin in origins_of(source, derives)}))


def together(sources: Iterable[str], known: Mapping[str, Source]) -> float:
    """Return P(at least one of the origins reports truly): 1 - Π (1 - r), by the best source of each set of origins.

    Sources that go back to one origin count once. Where nobody is named, it is one source that cannot be judged.
    """
    best: dict[tuple[str, ...], float] = {}
    for source in sources:
        key = origins((source,), known)
        best[key] = max(best.get(key, 0.0), graded(known.get(source)))
    wrong = 1.0
    for each in best.values() or (graded(None),):
        wrong *= 1.0 - each
    return 1.0 - wrong
