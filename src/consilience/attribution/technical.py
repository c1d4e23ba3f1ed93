"""What the incident's traces say: shared values, tools, techniques, victims, names.

Every item stands alone here: what items of one group share is taken out when they are weighed together. A hypothesis
without overlap gets no weight, for or against: P(shared | same) is at most 0.13 in the Maltrail measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from consilience.attribution.account import Account, item_id, number
from consilience.attribution.facts import IncidentObservable, KnownObservation, fold
from consilience.attribution.settings import WeighSettings
from consilience.attribution.view import FactView, checked, period_gap
from consilience.inference.weighing import decibans
from consilience.knowledge.evidence_weights import OTHER_UNIT, WEIGHTS
from consilience.model.assessment import EvidenceItem, Family, Quotation
from consilience.model.dates import PartialDate, Period
from consilience.model.source import Reliability
from consilience.model.statement import EntityType, Predicate, Stance, Statement

_NOT_SHARED: Final = frozenset({"attack-pattern", "technique", "software", "cve", "autonomous-system"})
"""Units that say how and through what, not whose: techniques and software are weighed by their own rules."""

_CHAINS: Final = {
    "shared-address": (Family.INFRASTRUCTURE, "infrastructure/address"),
    "shared-network": (Family.INFRASTRUCTURE, "infrastructure/address"),
    "shared-host": (Family.INFRASTRUCTURE, "infrastructure/name"),
    "shared-domain": (Family.INFRASTRUCTURE, "infrastructure/name"),
    "shared-path": (Family.INFRASTRUCTURE, "infrastructure/name"),
    "shared-hash": (Family.MALWARE, "malware/code"),
    OTHER_UNIT: (Family.MALWARE, "malware/artefact"),
}
"""Kind of item -> family and group (chain of dependent traces); rows of the table without a kind are artefacts."""

_SHARED_SOFTWARE: Final = 4
"""From this number of known users on, malware is taken as shared, sold or leaked: anybody may have it."""


def shared_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return one item for each technical value of the incident that a hypothesis is said to have used elsewhere."""
    held: dict[tuple[str, str], list[KnownObservation]] = {}
    for known in view.facts.known_observations:
        held.setdefault((known.unit, known.value), []).append(known)
    seen: dict[tuple[str, str], list[IncidentObservable]] = {}
    for each in view.facts.incident_observables:
        for unit in each.units:
            seen.setdefault(unit, []).append(each)
    units = sorted(unit for unit in seen.keys() & held.keys() if unit[0] not in _NOT_SHARED)
    items = (_shared(view, settings, unit, seen[unit], held[unit]) for unit in units)
    return tuple(each for each in items if each)


def _shared(
    view: FactView,
    settings: WeighSettings,
    unit: tuple[str, str],
    seen: list[IncidentObservable],
    held: list[KnownObservation],
) -> EvidenceItem | None:
    rows: dict[str, list[KnownObservation]] = {}
    for known in held:
        for hypothesis in view.named(known.cluster):
            rows.setdefault(hypothesis, []).append(known)
    if not rows:
        return None
    row = WEIGHTS.row_named(unit[0])
    kind = row if row in _CHAINS else OTHER_UNIT
    family, group = _CHAINS[kind]
    accounts = {each: _shared_account(view, settings, row, seen, rows[each]) for each in sorted(rows)}
    leader = _strongest(accounts)
    used = sorted(rows[leader], key=lambda known: (known.cluster, known.source, known.report, known.place))
    witnesses = sorted(seen, key=lambda each: (each.document, each.place, each.source))
    sources = {each.source for each in witnesses} | {each.source for each in used}
    return EvidenceItem(
        id=item_id(kind, *unit),
        family=family,
        kind=kind,
        params={
            "unit": unit[0],
            "value": unit[1],
            "seen-as": ", ".join(sorted({each.value for each in witnesses})),
            "names": ", ".join(sorted({known.cluster for known in used})),
            "prevalence": str(_prevalence(held)),
            "reports": str(len({known.report or known.document for known in used})),
            "listed": next((each.listed for each in witnesses if each.listed), ""),
        },
        group=group,
        speaks_for=leader,
        weights={each: account.total for each, account in accounts.items()},
        parts=accounts[leader].parts,
        plant_class=WEIGHTS.trace[row].plant_as,
        sources=tuple(sorted(sources - {""})),
        origins=view.origins_of(sources),
        statements=tuple(sorted({each.statement for each in witnesses if each.statement})),
        quotations=tuple(
            Quotation(
                text=one.value,
                lang="",
                source=one.source,
                document=one.document,
                place=one.place,
                statement=one.statement,
                url=view.url(one.document),
            )
            for one in witnesses
        ),
    )


def _shared_account(
    view: FactView,
    settings: WeighSettings,
    row: str,
    seen: list[IncidentObservable],
    held: list[KnownObservation],
) -> Account:
    trace = WEIGHTS.trace[row]
    account = Account(trace.value, row=row)
    listed = next((each.listed for each in sorted(seen, key=lambda each: each.listed) if each.listed), "")
    if listed:
        account.move("listed", min(account.exact, trace.listed), list=listed)
    prevalence = _prevalence(held)
    account.move("prevalence", max(0.0, account.exact - decibans(prevalence)), clusters=str(prevalence))
    half_life = WEIGHTS.days(trace)
    if half_life:
        gap = _smallest_gap(view, seen, held)
        lost = decibans(2.0) * (1.0 if gap is None else gap / half_life)
        name = "dates-unknown" if gap is None else "decay"
        days = "" if gap is None else number(round(gap, 1))
        account.move(name, max(0.0, account.exact - lost), days=days, half_life=number(half_life))
    r = min(_most_reliable(view, (each.source for each in seen)), _most_reliable(view, (each.source for each in held)))
    account.believe(r, len(view.hypotheses))
    account.plant(trace.plant_as, settings)
    return account


def _prevalence(held: list[KnownObservation]) -> int:
    """Return the number of clusters that hold the value: as counted over the workspace, or at least those listed."""
    return max(1, *(known.prevalence for known in held))


def _smallest_gap(view: FactView, seen: list[IncidentObservable], held: list[KnownObservation]) -> float | None:
    """Return the smallest gap in days between the uses; a report's own date stands in for an unknown use."""
    incident = checked(view.facts.case.incident)
    gaps = []
    for one in seen:
        here = _period(one.first, one.last)
        for other in held:
            there = _period(other.first, other.last)
            there = there if there != Period() else _period(other.reported, "")
            gaps.append(period_gap(here if here != Period() else incident, there))
    known = [gap for gap in gaps if gap is not None]
    return min(known) if known else None


def _period(first: str, last: str) -> Period:
    return checked(Period(PartialDate(first), PartialDate(last)))


def _most_reliable(view: FactView, sources: Iterable[str]) -> float:
    return max((WEIGHTS.reliable(view.grade(each)) for each in sources), default=WEIGHTS.reliable(Reliability.F))


def _strongest(accounts: Mapping[str, Account]) -> str:
    return min(accounts, key=lambda each: (-accounts[each].total, each))


def _used(view: FactView, types: frozenset[EntityType]) -> dict[str, list[Statement]]:
    """Return, by folded name, the statements that say the incident used a thing of one of these types."""
    found: dict[str, list[Statement]] = {}
    for each in view.statements:
        said = each.predicate == Predicate.USES and each.stance in {Stance.AFFIRMS, Stance.SUSPECTS}
        if said and each.object and each.object.type in types and view.describes_incident(each):
            found.setdefault(fold(each.object.name), []).append(each)
    return found


_SOFTWARE: Final = frozenset({EntityType.MALWARE, EntityType.TOOL})


def tool_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return one item for each piece of software used in the incident that a hypothesis is known to use.

    The fewer of the N known clusters use it, the more it says: 10·log10((N+1)/(users+1)), one user unseen.
    """
    facts = view.facts
    users = {fold(name): keys for name, keys in sorted(facts.software_users.items())}
    types = {fold(name): kind for name, kind in sorted(facts.software_types.items())}
    items = []
    for name, statements in sorted(_used(view, _SOFTWARE).items()):
        keys = set(users.get(name, ()))
        targets = _of_clusters(view, keys)
        if not targets:
            continue
        population = max(facts.cluster_population, len(keys))
        public = types.get(name) == EntityType.TOOL or any(
            each.object and each.object.type == EntityType.TOOL for each in statements
        )
        account = Account(
            decibans((population + 1) / (len(keys) + 1)), users=str(len(keys)), population=str(population)
        )
        if public:
            account.move("public-tool", min(account.exact, WEIGHTS.weight["tool-public"].value))
        account.believe(_reported_reliability(view, statements, _publishers(view, keys)), len(view.hypotheses))
        plant = "public" if public or len(keys) >= _SHARED_SOFTWARE else "non-public"
        account.plant(plant, settings)
        params = {
            "tool": statements[0].object.name if statements[0].object else name,
            "names": ", ".join(_cluster_names(view, keys, targets)),
            "users": str(len(keys)),
            "population": str(population),
            "public": "yes" if public else "no",
        }
        items.append(
            _reported(
                view,
                "tool",
                Family.MALWARE,
                "malware/code",
                params,
                statements,
                dict.fromkeys(targets, account),
                plant,
                _publishers(view, keys),
            )
        )
    return tuple(items)


def _reported_reliability(view: FactView, statements: Iterable[Statement], publishers: Iterable[str]) -> float:
    """Return r of a trace that two sides report: that the incident shows it, and that the clusters are known for it."""
    seen = max(view.reliability(each) * _firmness(each) for each in statements)
    return min(seen, _most_reliable(view, publishers))


def _firmness(statement: Statement) -> float:
    """Return how likely the source itself takes it to be that the thing was used."""
    if statement.likelihood is not None:
        return (statement.likelihood.low + statement.likelihood.high) / 2
    return WEIGHTS.claim.suspects if statement.stance == Stance.SUSPECTS else 1.0


def _of_clusters(view: FactView, keys: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({hypothesis for key in keys for hypothesis in view.named(key)}))


def _cluster_names(view: FactView, keys: Iterable[str], targets: tuple[str, ...]) -> list[str]:
    clusters = view.facts.clusters
    spoken = {key for key in keys if set(view.named(key)).intersection(targets)}
    return sorted({clusters[key].name if key in clusters else key for key in spoken})


def _publishers(view: FactView, keys: Iterable[str]) -> set[str]:
    """Return who publishes those of the clusters that speak for a hypothesis."""
    clusters = view.facts.clusters
    return {clusters[key].source for key in keys if key in clusters and view.named(key)}


def technique_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return one item for the incident's techniques together: cosine of rarity-weighted sets, times a small cap.

    Rarity of a technique is ln((N+1)/(users+1)). The part of a cluster's techniques that the incident lacks enters
    its norm at the mean rarity of the incident's. Adding techniques to software lowers accuracy, hence the cap.
    """
    used = _used(view, frozenset({EntityType.TECHNIQUE}))
    statements = {_technique_id(each): each for several in used.values() for each in several}
    users = {key.upper(): frozenset(keys) for key, keys in view.facts.technique_users.items()}
    population = max([view.facts.cluster_population, 1, *map(len, users.values())])
    rarity = {each: math.log((population + 1) / (len(users.get(each, ())) + 1)) for each in statements}
    if not rarity or not any(rarity.values()):
        return ()
    cosines: dict[str, float] = {}
    for key in sorted({key for each in rarity for key in users.get(each, ())}):
        for hypothesis in view.named(key):
            shared = [each for each in sorted(rarity) if key in users.get(each, ())]
            known = view.facts.clusters.get(key)
            size = max(len(known.techniques) if known else 0, len(shared))
            value = _cosine(rarity, shared, size)
            cosines[hypothesis] = max(value, cosines.get(hypothesis, 0.0))
    most = WEIGHTS.weight["technique-set"].value
    accounts = {each: Account(most * value, cosine=number(round(value, 4))) for each, value in sorted(cosines.items())}
    everything = [each for _, several in sorted(used.items()) for each in several]
    if not accounts:
        return ()
    keys = {key for each in rarity for key in users.get(each, ())}
    r = _reported_reliability(view, everything, _publishers(view, keys))
    for account in accounts.values():
        account.believe(r, len(view.hypotheses))
        account.plant("public", settings)
    leader = _strongest(accounts)
    params = {
        "techniques": str(len(rarity)),
        "shared": ", ".join(sorted(each for each in rarity if _of_clusters(view, users.get(each, ())))),
        "names": ", ".join(_cluster_names(view, keys, (leader,))),
    }
    return (
        _reported(
            view,
            "technique-set",
            Family.TRADECRAFT,
            "tradecraft/techniques",
            params,
            everything,
            accounts,
            "public",
            _publishers(view, keys),
        ),
    )


def _technique_id(statement: Statement) -> str:
    entity = statement.object
    return (entity.id or entity.name).upper() if entity else ""


def _cosine(rarity: Mapping[str, float], shared: list[str], size: int) -> float:
    squares = {each: value**2 for each, value in rarity.items()}
    here = math.fsum(squares.values())
    common = math.fsum(squares[each] for each in shared)
    there = common + (size - len(shared)) * here / len(squares)
    return common / math.sqrt(here * there) if common else 0.0


def victim_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return weak items for victims' countries and sectors that a hypothesis's clusters are said to aim at."""
    case = view.facts.case
    items = []
    for kind, wanted, aims in (
        ("victim-country", sorted({code.upper() for code in case.countries}), "target_countries"),
        ("victim-sector", sorted(set(case.sectors)), "target_sectors"),
    ):
        for value in wanted:
            keys = {
                key
                for key, cluster in view.facts.clusters.items()
                if fold(value) in {fold(each) for each in getattr(cluster, aims)}
            }
            targets = _of_clusters(view, keys)
            if targets:
                account = Account(WEIGHTS.weight[kind].value, row=kind)
                account.plant("public", settings)
                params = {"value": value, "names": ", ".join(_cluster_names(view, keys, targets))}
                items.append(
                    _reported(
                        view,
                        kind,
                        Family.VICTIMS,
                        "victims",
                        params,
                        [],
                        dict.fromkeys(targets, account),
                        "public",
                        _publishers(view, keys),
                    )
                )
    return tuple(items)


def name_items(view: FactView, settings: WeighSettings) -> tuple[EvidenceItem, ...]:
    """Return one item of next to no weight for each hypothesis that texts merely name: naming is not claiming."""
    named: dict[str, list[Statement]] = {}
    for each in view.statements:
        if each.predicate == Predicate.MENTIONS and each.object:
            for hypothesis in view.named(each.object.name):
                named.setdefault(hypothesis, []).append(each)
    items = []
    for hypothesis, statements in sorted(named.items()):
        account = Account(WEIGHTS.weight["name"].value, row="name")
        account.plant("persona", settings)
        names = {each.object.name for each in statements if each.object}
        params = {"names": ", ".join(sorted(names)), "statements": str(len(statements))}
        items.append(
            _reported(
                view,
                "name",
                Family.CLAIMS,
                "claims/mentions",
                params,
                statements,
                {hypothesis: account},
                "persona",
                set(),
            )
        )
    return tuple(items)


def _reported(
    view: FactView,
    kind: str,
    family: Family,
    group: str,
    params: dict[str, str],
    statements: list[Statement],
    accounts: Mapping[str, Account],
    plant: str,
    publishers: set[str],
) -> EvidenceItem:
    leader = _strongest(accounts)
    voices = {each for one in statements for each in (one.source, one.via) if each}
    witnesses = {each.source for each in statements}
    return EvidenceItem(
        id=item_id(kind, *(value for name, value in params.items() if name in {"tool", "value", "shared", "names"})),
        family=family,
        kind=kind,
        params={name: value for name, value in params.items() if value},
        group=group,
        speaks_for=leader,
        weights={each: account.total for each, account in accounts.items()},
        parts=accounts[leader].parts,
        plant_class=plant,
        sources=tuple(sorted(voices | publishers)),
        origins=view.origins_of(witnesses | publishers),
        statements=tuple(sorted({each.id for each in statements})),
        quotations=tuple(view.quotation(each) for each in sorted(statements, key=lambda each: each.id)),
    )
