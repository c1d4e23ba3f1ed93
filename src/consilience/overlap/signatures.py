"""Signs of the kind of link between two clusters: what is looked for, and the quantities behind it.

A sign is found in three places. A source states it: an attribute of a statement on the two
(``link_rules.SIGN_STATED``), or the words of its quotation (``link_cues.SIGN_CUES``). It follows from several
statements and from what is known of malware: who uses it, who started it (``shared_tools``). Or it is measured on what
the two share: when, by whom first, whether it had been published. What a sign says of each kind stands in
``link_rules``; how far it is believed is worked out in ``link_items``.

Quantities, with d_v the clusters that hold a value v, and n_ab the shared values that a used before b:

- exclusivity x_v = 1 / d_v, here doubled so that two holders give 1 (:func:`exclusivity`);
- direction D = (n_ab - n_ba) / (n_ab + n_ba) (:func:`direction`);
- publicness: 1 where v was published under one side before the other used it (``ReportedArtefact``);
- simultaneity: no gap between uses that are dated to the day on both sides;
- possession of keys: stated or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from consilience.model.assessment import PairOverlap, SharedObservable
from consilience.model.source import Source
from consilience.model.statement import EntityType, Predicate, Stance, Statement
from consilience.overlap import link_rules
from consilience.overlap.belief import graded, reliability, together
from consilience.overlap.link_cues import signs_in
from consilience.overlap.link_rules import LinkRule
from consilience.overlap.pair_knowledge import PairKnowledge, ReportedArtefact, Sides, fold

LEAST_ORDERED: Final = 6
"""Shared values of known order from which on an order is read: 6 of 6 on one side come up in 3 % by a fair coin."""

BOTH_WAYS: Final = 1.0 / 3.0
"""Up to this \\|D\\| the two took turns."""

SOFTWARE: Final = frozenset({EntityType.MALWARE, EntityType.TOOL})

SAID: Final = frozenset({Stance.AFFIRMS, Stance.SUSPECTS})
_NETWORK: Final = "network"
_DAY: Final = len("2025-01-01")


class Sign(msgspec.Struct, frozen=True, kw_only=True):
    """A sign that was found: its rule, what fills its sentence, on whose word, and the factors of belief in it."""

    rule: LinkRule
    params: dict[str, str]
    group: str
    sources: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    factors: tuple[tuple[str, float], ...] = ()


def exclusivity(holders: int) -> float:
    """Return 2 / d for a value that d clusters hold, 1 for two holders or fewer."""
    return min(1.0, 2.0 / max(holders, 1))


def direction(first_a: int, first_b: int) -> float:
    """Return D in [-1, 1]: 1 where ``a`` was always first, -1 where ``b`` was; 0 where nothing is known."""
    known = first_a + first_b
    return (first_a - first_b) / known if known else 0.0


def denies(statement: Statement) -> bool:
    """Return whether the source denies the claim, or has looked and found nothing."""
    return statement.stance in {Stance.DENIES, Stance.NO_EVIDENCE}


def common_suppliers(sides: Sides, statements: Iterable[Statement]) -> frozenset[str]:
    """Return the third parties that are said to supply both clusters, by whichever sources."""
    supplied: dict[str, set[str]] = {}
    for statement in statements:
        if statement.predicate != Predicate.SUPPLIES or statement.object is None or denies(statement):
            continue
        side = sides.of(statement.object.name)
        if side and not sides.of(statement.subject.name):
            supplied.setdefault(fold(statement.subject.name), set()).add(side)
    return frozenset(name for name, both in supplied.items() if len(both) == 2)


def stated_signs(statement: Statement) -> tuple[LinkRule, ...]:
    """Return the signs that a statement on the two reports as seen: by its attributes, and in its quotation.

    None for what is only declined or sought. A denial may report a sign as well ("they were not aware").
    """
    if statement.stance not in SAID | {Stance.DENIES}:
        return ()
    attributed = (link_rules.SIGN_STATED.get(each) for each in statement.attributes)
    found = (*(rule for rule in attributed if rule is not None), *signs_in(statement.quote))
    return tuple({rule.code: rule for rule in found}.values())


def difference_signs(sides: Sides, statements: Sequence[Statement], known: Mapping[str, Source]) -> tuple[Sign, ...]:
    """Compare what is said of the victims, and of the tools, of each side; say something only where none is in both."""
    rows = (
        (link_rules.VICTIMS_DIFFER, Predicate.TARGETS, frozenset(EntityType), "victims"),
        (link_rules.TOOLS_DIFFER, Predicate.USES, SOFTWARE, "tools"),
    )
    signs = []
    for rule, predicate, types, word in rows:
        said = [
            statement
            for statement in statements
            if statement.predicate == predicate
            and statement.stance == Stance.AFFIRMS
            and statement.object is not None
            and statement.object.type in types
            and sides.of(statement.subject.name)
        ]
        named: dict[str, dict[str, str]] = {"a": {}, "b": {}}
        for statement in said:
            if statement.object is not None:
                thing = statement.object
                named[sides.of(statement.subject.name)][fold(thing.id or thing.name)] = thing.name
        if not named["a"] or not named["b"] or named["a"].keys() & named["b"].keys():
            continue
        params = {"a": sides.a, "b": sides.b} | {
            f"{word}_{side}": ", ".join(sorted(set(names.values()))) for side, names in named.items()
        }
        belief = min(reliability(known, statement) for statement in said)
        signs.append(
            Sign(
                rule=rule,
                params=params,
                group=word,
                sources=tuple(sorted({statement.source for statement in said})),
                statements=tuple(said),
                factors=(("reliability", belief),),
            )
        )
    return tuple(signs)


def knowledge_signs(sides: Sides, knowledge: PairKnowledge, known: Mapping[str, Source]) -> tuple[Sign, ...]:
    """Return the signs of names that a publisher has on one cluster, and of reports on which both clusters rest."""
    signs = [
        Sign(
            rule=link_rules.NAME_ON_BOTH,
            params={"a": sides.a, "b": sides.b, "value": name.cluster, "source": name.source},
            group="names",
            sources=(name.source,),
            factors=(("reliability", graded(known.get(name.source))),),
        )
        for name in knowledge.names
    ]
    rarest = min(knowledge.reports, key=lambda each: (each.holders, each.report), default=None)
    if rarest is not None:
        signs.append(
            Sign(
                rule=link_rules.REPORT_ON_BOTH,
                params={
                    "a": sides.a,
                    "b": sides.b,
                    "value": rarest.report,
                    "prevalence": str(rarest.holders),
                    "source": ", ".join(rarest.sources),
                },
                group="reports",
                sources=rarest.sources,
                factors=(
                    ("reliability", together(rarest.sources, known)),
                    ("prevalence", exclusivity(rarest.holders)),
                ),
            )
        )
    return tuple(signs)


def artefact_signs(sides: Sides, artefacts: Iterable[ReportedArtefact]) -> tuple[Sign, ...]:
    """Return what public lists have under one side only, and what was public before the second side used it."""
    signs = []
    for artefact in artefacts:
        params = {"a": sides.a, "b": sides.b, "value": artefact.value, "type": artefact.type}
        under = {side for name in artefact.listed_under if (side := sides.of(name))}
        if len(under) == 1:
            on_list = {"under": sides.named(next(iter(under))), "lists": artefact.lists}
            signs.append(
                Sign(rule=link_rules.ONE_SIDE_ONLY, params=params | on_list, group=f"artefact:{artefact.value}")
            )
        if artefact.published:
            dates = {"published": artefact.published, "used": artefact.used}
            signs.append(Sign(rule=link_rules.PUBLISHED_BEFORE_USE, params=params | dates, group="published"))
    return tuple(signs)


def time_signs(sides: Sides, overlaps: Iterable[PairOverlap], known: Mapping[str, Source]) -> tuple[Sign, ...]:
    """Return what the dates of shared values say: used at the same time, one way or both ways.

    Networks do not count (a neighbour is no tenant), nor what stands on a list of shared infrastructure, nor dates that
    are not known to the day or that are those of a report and not of a use.
    """
    values: dict[tuple[str, str], tuple[SharedObservable, bool]] = {}
    for pair in overlaps:
        for each in pair.shared:
            dated = min(len(each.first_a), len(each.first_b)) >= _DAY and not _doubtful(each)
            if dated and each.type != _NETWORK and not each.discount:
                values.setdefault((each.type, each.value), (each, sides.of(pair.a) == "b"))
    signs = []
    at_once = [each for each, _ in values.values() if each.gap_days == 0.0 and each.prevalence == 2]
    if at_once:
        best = min(at_once, key=lambda each: (-together(each.sources, known), each.type, each.value))
        params = {"value": best.value, "type": best.type, "observed": str(len(at_once))}
        signs.append(_seen(link_rules.SIMULTANEOUS, sides, params, at_once, known))
    ordered = [(each, turned) for each, turned in values.values() if each.first_a[:_DAY] != each.first_b[:_DAY]]
    first_a = sum((each.first_a < each.first_b) != turned for each, turned in ordered)
    turn = direction(first_a, len(ordered) - first_a)
    if len(ordered) >= LEAST_ORDERED and (abs(turn) == 1.0 or abs(turn) <= BOTH_WAYS):
        params = {
            "observed": str(len(ordered)),
            "subject": sides.a if turn > 0 else sides.b,
            "object": sides.b if turn > 0 else sides.a,
        }
        rule = link_rules.ONE_WAY if abs(turn) == 1.0 else link_rules.TWO_WAY
        signs.append(_seen(rule, sides, params, [each for each, _ in ordered], known))
    return tuple(signs)


def _doubtful(each: SharedObservable) -> bool:
    return any(not flag.startswith("open") for flag in each.dates)


def _seen(
    rule: LinkRule,
    sides: Sides,
    params: dict[str, str],
    values: Iterable[SharedObservable],
    known: Mapping[str, Source],
) -> Sign:
    sources = tuple(sorted({source for each in values for source in each.sources}))
    return Sign(
        rule=rule,
        params={"a": sides.a, "b": sides.b, **params},
        group=f"dates:{sides.a}|{sides.b}",
        sources=sources,
        factors=(("reliability", together(sources, known)),),
    )
