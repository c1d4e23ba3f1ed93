"""Which cluster has a value, told from the relationships of one bundle.

An indicator indicates malware, the malware is used by a campaign, the campaign is attributed to an intrusion set: the
values of the indicator are then the intrusion set's, if no other cluster can be reached in the same way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from consilience.formats.stix.objects import Grouping, Relationship, Report
from consilience.model.dates import UNKNOWN_DATE, Period

ACTORS: Final = ("intrusion-set--", "threat-actor--")
_HOLDERS: Final = (*ACTORS, "campaign--", "incident--", "malware--", "tool--", "infrastructure--")
# Relationships by which the source has the target at its disposal.
_HAS: Final = frozenset({"uses", "owns", "controls", "consists-of", "communicates-with", "hosts", "related-to"})
# The relationships that tell who has what; others need not be added.
LINKS: Final = _HAS | {"indicates", "attributed-to", "authored-by"}


class Holders:
    """Who has what, by object ids, from the relationships and reports that have been added. ``name_of`` names an id."""

    def __init__(self, name_of: Callable[[str], str]) -> None:
        self._name_of = name_of
        self._holders: dict[str, list[tuple[str, Relationship]]] = defaultdict(list)
        self._indicated: dict[str, list[str]] = defaultdict(list)
        self._attributed: dict[str, list[str]] = defaultdict(list)
        self._reports: dict[str, list[Report | Grouping]] = defaultdict(list)
        self._seen: dict[str, list[Period]] = defaultdict(list)
        self._behind: dict[str, frozenset[str]] = {}

    def add_relationship(self, rel: Relationship) -> None:
        """Take in a relationship that stands."""
        predicate, source, target = rel.relationship_type, rel.source_ref, rel.target_ref
        if predicate == "indicates":
            self._indicated[source].append(target)
        elif predicate == "attributed-to":
            self._attributed[source].append(target)
        elif predicate == "authored-by":
            self._holders[source].append((target, rel))
        elif predicate in _HAS:
            if source.startswith(_HOLDERS):
                self._holders[target].append((source, rel))
            elif predicate == "related-to" and target.startswith(_HOLDERS):
                self._holders[source].append((target, rel))

    def add_report(self, report: Report | Grouping) -> None:
        """Take in a report or grouping with all that it refers to."""
        for ref in report.object_refs:
            self._reports[ref].append(report)

    def add_seen(self, refs: Iterable[str], period: Period) -> None:
        """Take in that the objects ``refs`` were seen in ``period``, from a sighting or from observed data."""
        for ref in refs:
            self._seen[ref].append(period)

    def holders(self, ref: str) -> list[tuple[str, Relationship]]:
        """Return the ids of those who have the object, each with the relationship that says so."""
        return self._holders.get(ref, [])

    def reports(self, ref: str) -> list[Report | Grouping]:
        """Return the reports and groupings that refer to the object."""
        return self._reports.get(ref, [])

    def report_unit(self, ref: str) -> str:
        """Return the report that rows of the object are counted in, if it is exactly one: its address, else its id."""
        reports = self.reports(ref)
        if len(reports) != 1:
            return ""
        return next((each.url for each in reports[0].external_references if each.url), reports[0].id)

    def span(self, ref: str, further: Iterable[Period] = ()) -> tuple[str, str]:
        """Return the first and the last date of use that a sighting, observed data or ``further`` periods give."""
        periods = [*self._seen.get(ref, ()), *further]
        firsts = [period.first for period in periods if period.first]
        lasts = [period.last for period in periods if period.last]
        return min(firsts, default=UNKNOWN_DATE), max(lasts, default=UNKNOWN_DATE)

    def clusters(self, ref: str) -> frozenset[str]:
        """Return the names of the clusters that an indicator or observable is tied to; of more than one, any two.

        Where no relationship leads to a cluster, it is the subject of the reports that refer to the object.
        """
        tied = self._indicated.get(ref, []) + [holder for holder, _ in self.holders(ref)]
        found = frozenset[str]().union(*(self._clusters_behind(each) for each in tied))
        return found or frozenset[str]().union(*(self._subjects(report) for report in self.reports(ref)))

    def uses(self, ref: str) -> dict[str, list[Relationship]]:
        """Return, by name of cluster, the relationships that give it the object, or the infrastructure it is part of.

        Where each of several clusters has a relationship of its own, all of them are said to have used the value, each
        in its own time.
        """
        found: dict[str, list[Relationship]] = defaultdict(list)
        for holder, rel in self.holders(ref):
            if holder.startswith(ACTORS):
                found[self._name_of(holder)].append(rel)
            elif holder.startswith("infrastructure--"):
                for owner, owning in self.holders(holder):
                    if owner.startswith(ACTORS):
                        found[self._name_of(owner)].append(owning)
        return found

    def _subjects(self, report: Report | Grouping) -> frozenset[str]:
        names: set[str] = set()
        for ref in report.object_refs:
            if ref.startswith(ACTORS):
                names.add(self._name_of(ref))
            elif ref.startswith("incident--"):
                names.update(self._name_of(actor) for actor in self._attributed.get(ref, ()))
        return frozenset(names)

    def _clusters_behind(self, ref: str) -> frozenset[str]:
        known = self._behind.get(ref)
        if known is not None:
            return known
        names: set[str] = set()
        reached, waiting = {ref}, [ref]
        # Two names are as good as a thousand: the value is then tied to no single cluster.
        while waiting and len(names) < 2:
            current = waiting.pop()
            onward = self._onward(current)
            if current.startswith(ACTORS) or (current.startswith("campaign--") and not onward):
                names.add(self._name_of(current))
            else:
                waiting.extend(each for each in onward if each not in reached)
                reached.update(onward)
        self._behind[ref] = frozenset(names)
        return self._behind[ref]

    def _onward(self, ref: str) -> list[str]:
        if ref.startswith(("campaign--", "incident--")):
            return self._attributed.get(ref, [])
        return [holder for holder, _ in self._holders.get(ref, ())]
