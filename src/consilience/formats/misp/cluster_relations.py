"""What a cluster that somebody made for an event says of other clusters: its relations, with how sure each is.

A relation holds the uuid of the other end and no name. The name is looked for among the clusters of the event, then
among the elements ``hypothesis`` of the cluster itself, each of which begins with a uuid (as Consilience writes them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from consilience.formats.misp.event import Galaxy, GalaxyCluster, GalaxyClusterRelation, GalaxyElement, convert
from consilience.formats.misp.tags import entity_type, grading, stands_for_event
from consilience.model.document import Issue
from consilience.model.statement import Entity, EntityType, Predicate
from consilience.model.words import Likelihood


class ClusterRelation(msgspec.Struct, frozen=True):
    """A relation as it stands at ``pointer``, a local one. ``subject`` is ``None`` where it is the event itself.

    ``target`` is the uuid of the other end; ``object`` is ``None`` where nothing in the event names it.
    ``is_placeholder`` is true for an explanation that names nobody, such as an unknown actor.
    """

    subject: Entity | None
    predicate: str
    target: str
    object: Entity | None
    likelihood: Likelihood | None
    is_placeholder: bool
    pointer: str
    words: str
    attributes: tuple[tuple[str, str], ...] = ()


Refuse = Callable[[Issue], None]
"""Takes what cannot be read, with a place within the event."""

_TOLD = ("likelihood", "posterior", "prior")


def cluster_relations(galaxies: Iterable[Galaxy], refuse: Refuse) -> tuple[ClusterRelation, ...]:
    """Return the relations of the clusters that were made by somebody for themselves, in the order of the event.

    ``refuse`` is told of each that cannot be read.
    """
    placed = [
        (f"/Galaxy/{number}/GalaxyCluster/{index}", cluster.type or galaxy.type, cluster)
        for number, galaxy in enumerate(galaxies)
        for index, cluster in enumerate(galaxy.clusters or ())
    ]
    named = {
        cluster.uuid: Entity(entity_type(kind) or EntityType.OTHER, cluster.value)
        for _, kind, cluster in placed
        if cluster.uuid and cluster.value.strip()
    }
    return tuple(
        relation
        for pointer, kind, cluster in placed
        if cluster.is_published is False
        for relation in _relations(pointer, kind, cluster, named, refuse)
    )


def _relations(
    pointer: str, kind: str, cluster: GalaxyCluster, named: dict[str, Entity], refuse: Refuse
) -> Iterator[ClusterRelation]:
    own = None if stands_for_event(kind, cluster) else Entity(entity_type(kind) or EntityType.OTHER, cluster.value)
    elements = _elements(pointer, cluster, refuse)
    for number, content in enumerate(cluster.relations or ()):
        place = f"{pointer}/GalaxyClusterRelation/{number}"
        try:
            relation = convert(content, GalaxyClusterRelation)
        except msgspec.ValidationError as error:
            refuse(Issue(place, f"a wrong relation: {error}"))
            continue
        label = elements.get(("hypothesis", relation.target), "")
        predicate = relation.type.strip() or Predicate.RELATED_TO.value
        found = named.get(relation.target)
        if found is None and label:
            found = Entity(EntityType.CLUSTER if predicate == Predicate.ATTRIBUTED_TO else EntityType.OTHER, label)
        yield ClusterRelation(
            subject=own,
            predicate=predicate,
            target=relation.target,
            object=found,
            likelihood=grading(relation.tags or ()).likelihood,
            is_placeholder=("placeholder", relation.target) in elements,
            pointer=place,
            words=f"{predicate} {found.name if found else relation.target}",
            attributes=tuple(
                (f"stated-{key}", elements[key, relation.target]) for key in _TOLD if (key, relation.target) in elements
            ),
        )


def _elements(pointer: str, cluster: GalaxyCluster, refuse: Refuse) -> dict[tuple[str, str], str]:
    """Return what elements say of a relation, by key and by the uuid that their value begins with."""
    found: dict[tuple[str, str], str] = {}
    for number, content in enumerate(cluster.elements or ()):
        try:
            element = convert(content, GalaxyElement)
        except msgspec.ValidationError as error:
            refuse(Issue(f"{pointer}/GalaxyElement/{number}", f"a wrong element: {error}"))
            continue
        uuid, _, rest = element.value.partition(" ")
        found.setdefault((element.key, uuid), rest.strip())
    return found
