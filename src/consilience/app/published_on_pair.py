"""What publishers say of two clusters: relations, common names, descriptions, malware, references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Final

from consilience.app.adding import source_by_id
from consilience.app.overlapping import Resolved
from consilience.extract.sentences import split
from consilience.knowledge.common_words import is_common
from consilience.knowledge.index import Knowledge
from consilience.knowledge.names import strict_key
from consilience.knowledge.scales import ICD_203, read_likelihood
from consilience.knowledge.values import KnownCluster, KnownSoftware
from consilience.model.statement import Entity, EntityType, Place, Predicate, Stance, Statement
from consilience.overlap.link_cues import CUES, HEDGED
from consilience.overlap.pair_knowledge import KnownTool, PairKnowledge, SharedName, SharedReport

MOST_HOLDERS: Final = 20
"""A reference that more clusters have is a yearbook or an index of names, and joins nobody."""

_MARKUP: Final = re.compile(r"\[([^\]]*)\]\([^)\s]*\)")
_CITATION: Final = re.compile(r"\(Citation:[^)]*\)")
_WORD: Final = re.compile(r"\w+")
_SCHEME: Final = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)


class Published:
    """All entries on clusters, read once; :meth:`on` gives what they say of two of them."""

    def __init__(self, known: Knowledge) -> None:
        self._known = known
        keys = sorted({each.key for each in known.gazetteer() if each.type is EntityType.CLUSTER})
        self._clusters = {key: known.cluster(key) for key in keys}
        self._holders: dict[str, set[str]] = {}
        self._texts_with: dict[str, set[str]] = {}
        for key, cluster in self._clusters.items():
            for reference in cluster.references:
                self._holders.setdefault(_reference(reference), set()).add(key)
            for word in _WORD.findall(cluster.description.casefold()):
                self._texts_with.setdefault(word, set()).add(key)

    def on(self, a: Resolved, b: Resolved) -> PairKnowledge:
        """Return what publishers say of two clusters.

        Clusters that carry names of both are told of as such and else left out: what they use and cite is no overlap
        of two.
        """
        both = set(a.clusters) & set(b.clusters)
        one, other = ([self._clusters[key] for key in each.clusters if key not in both] for each in (a, b))
        carriers = [self._clusters[key] for key in sorted(both)]
        names = tuple(SharedName(each.name, each.source, each.key) for each in carriers)
        telling = _telling((a.name, one), (b.name, other))
        written = (_pattern(telling[0]), _pattern(telling[1]))
        own = {*a.clusters, *b.clusters}
        statements = (
            *_related(one, other),
            *_related(other, one),
            *_described(one, a.name, b.name, written[1]),
            *_described(other, b.name, a.name, written[0]),
            *_named_elsewhere(self._thirds(telling, own), (a.name, b.name), written),
        )
        tools = self._tools(one, other)
        reports = _reports(one, other, self._holders)
        used = {each.source for each in statements} | {each.source for each in names}
        used.update(*(each.sources for each in tools), *(each.sources for each in reports))
        return PairKnowledge(
            statements=statements,
            sources={each: source_by_id(each) for each in sorted(used)},
            tools=tools,
            names=names,
            reports=reports,
        )

    def _thirds(self, telling: Iterable[Iterable[str]], own: Container[str]) -> list[KnownCluster]:
        """Return the other clusters whose descriptions have the words of a name of each side."""
        found: set[str] | None = None
        for names in telling:
            with_one: set[str] = set()
            for name in names:
                words = [self._texts_with.get(word, set()) for word in _WORD.findall(name.casefold())]
                with_one |= set.intersection(*words) if words else set()
            found = with_one if found is None else found & with_one
        return [self._clusters[key] for key in sorted(found or ()) if key not in own]

    def _tools(self, one: Sequence[KnownCluster], other: Sequence[KnownCluster]) -> tuple[KnownTool, ...]:
        """Return the software of both sides, with how many users one publisher gives and whether it is public."""
        sides: dict[str, set[str]] = {}
        sources: dict[str, set[str]] = {}
        for side, clusters in (("a", one), ("b", other)):
            for cluster in clusters:
                for name in cluster.software:
                    key = strict_key(name)
                    sides.setdefault(key, set()).add(side)
                    sources.setdefault(key, set()).add(cluster.source)
        found = []
        for key, held in sorted(sides.items()):
            entries = self._known.software_named(key, loosely=False)
            names = tuple(dict.fromkeys(name for each in entries for name in (each.name, *each.aliases)))
            found.append(
                KnownTool(
                    name=names[0] if names else key,
                    names=names or (key,),
                    sides="".join(sorted(held)),
                    users=max((self._users(each) for each in entries), default=len(held)),
                    # ATT&CK calls a tool what anybody can get; MISP's galaxy of tools holds malware of single groups.
                    public=any(each.type is EntityType.TOOL and each.source == "mitre-attack" for each in entries),
                    sources=tuple(sorted(sources[key])),
                )
            )
        return tuple(found)

    def _users(self, software: KnownSoftware) -> int:
        """Return how many users the publisher who knows most of them gives."""
        return max(Counter(self._clusters[key].source for key in software.users).values(), default=0)


def _related(clusters: Iterable[KnownCluster], others: Iterable[KnownCluster]) -> tuple[Statement, ...]:
    """Return the relations that publishers state between clusters of the one side and of the other."""
    keys = {each.key: each for each in others}
    found = []
    for cluster in clusters:
        for relation in cluster.relations:
            target = keys.get(relation.target)
            if target is None:
                continue
            own = relation.claimed_by == cluster.source == target.source
            found.append(
                Statement(
                    subject=Entity(EntityType.CLUSTER, cluster.name, cluster.key, cluster.source if own else ""),
                    predicate=relation.predicate,
                    object=Entity(EntityType.CLUSTER, target.name, target.key, target.source if own else ""),
                    source=relation.claimed_by,
                    place=Place(cluster.key),
                    likelihood=read_likelihood(relation.term.replace("-", " "), "en", ICD_203),
                    rule="knowledge-relation",
                )
            )
    return tuple(found)


def _telling(*sides: tuple[str, Sequence[KnownCluster]]) -> tuple[tuple[str, ...], ...]:
    """Return the names of each side, longest first, that mean nothing else in a sentence.

    A name that both sides carry tells of neither, unless it is the one asked for: then it tells of that side.
    """
    asked = [strict_key(name) for name, _ in sides]
    names = [
        {strict_key(name): name for name in (*(each.name for each in clusters), *_aliases(clusters), own)}
        for own, clusters in sides
    ]
    common = {*asked} | set.intersection(*({*each} for each in names))
    return tuple(
        tuple(
            sorted(
                (name for key, name in each.items() if (key == own or key not in common) and not is_common(name)),
                key=lambda name: (-len(name), name),
            )
        )
        for own, each in zip(asked, names, strict=True)
    )


def _aliases(clusters: Iterable[KnownCluster]) -> Iterator[str]:
    for each in clusters:
        yield from (alias.name for alias in each.aliases)


def _pattern(names: Iterable[str]) -> re.Pattern[str]:
    words = "|".join(map(re.escape, names))
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)", re.IGNORECASE)


def _described(
    clusters: Iterable[KnownCluster], name: str, other: str, written: re.Pattern[str]
) -> tuple[Statement, ...]:
    """Return what descriptions of one side say in sentences that name the other, by the cues of ``link_cues``.

    Who keeps two clusters apart in so many words has seen something that joins them: a denial is a mention, too.
    """
    found = []
    for cluster in clusters:
        for sentence in _sentences(cluster.description):
            if not written.search(sentence):
                continue
            cue = next((each for each in CUES if each.words.search(sentence)), None)
            said = [(cue.predicate, cue.stance)] if cue else []
            if cue is None or cue.stance is Stance.DENIES:
                said.append((Predicate.MENTIONS, Stance.AFFIRMS))
            found += [_sentence(cluster, sentence, (name, other), *each) for each in said]
    return tuple(found)


def _named_elsewhere(
    clusters: Iterable[KnownCluster], names: tuple[str, str], written: Sequence[re.Pattern[str]]
) -> tuple[Statement, ...]:
    """Return the sentences on third clusters that name both, as mentions: what they say is said of the third."""
    return tuple(
        _sentence(each, sentence, names, Predicate.MENTIONS, Stance.AFFIRMS)
        for each in clusters
        for sentence in _sentences(each.description)
        if all(pattern.search(sentence) for pattern in written)
    )


def _sentences(description: str) -> Iterator[str]:
    """Yield the sentences without links and citations, in which names stand as well."""
    text = _CITATION.sub(" ", _MARKUP.sub(r"\1", description))
    for part in split(text):
        yield text[part.start : part.end]


def _sentence(
    cluster: KnownCluster, sentence: str, names: tuple[str, str], predicate: Predicate, stance: Stance
) -> Statement:
    return Statement(
        subject=Entity(EntityType.CLUSTER, names[0]),
        predicate=predicate,
        object=Entity(EntityType.CLUSTER, names[1]),
        source=cluster.source,
        place=Place(cluster.key, "/description"),
        quote=" ".join(sentence.split()),
        lang="en",
        stance=Stance.SUSPECTS if stance is Stance.AFFIRMS and HEDGED.search(sentence) else stance,
        rule="knowledge-description",
    )


def _reference(url: str) -> str:
    return _SCHEME.sub("", url.strip()).rstrip("/").casefold()


def _reports(
    one: Sequence[KnownCluster], other: Sequence[KnownCluster], holders: Mapping[str, set[str]]
) -> tuple[SharedReport, ...]:
    """Return the references that both sides cite; all clusters of a side count as one holder."""
    cited = [{_reference(url) for each in side for url in each.references} for side in (one, other)]
    own = {each.key for each in (*one, *other)}
    found = []
    for reference in sorted(cited[0] & cited[1]):
        number = 2 + len(holders.get(reference, set()) - own)
        sources = {each.source for each in (*one, *other) if reference in map(_reference, each.references)}
        if number <= MOST_HOLDERS:
            found.append(SharedReport(reference, number, tuple(sorted(sources))))
    return tuple(found)
