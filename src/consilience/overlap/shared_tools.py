"""Malware as a sign of the kind of link: who uses what, how many others do, and who started whose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from consilience.model.source import Source
from consilience.model.statement import Predicate, Statement
from consilience.overlap import link_rules
from consilience.overlap.belief import graded, origins, reliability
from consilience.overlap.pair_knowledge import KnownTool, Sides, fold
from consilience.overlap.signatures import SAID, SOFTWARE, Sign


class _Use(msgspec.Struct):
    """Who is said to use a tool: the sides, the names of all users, and on whose word."""

    name: str
    sides: set[str]
    users: set[str]
    said: list[Statement]


def launches(sides: Sides, statements: Sequence[Statement], tools: Sequence[KnownTool]) -> tuple[Statement, ...]:
    """Return the statements by which an implant of one side starts a tool that only the other side is known to use."""
    used = _uses(sides, statements)
    known = {fold(name): each for each in tools for name in each.names}
    found = []
    for statement in statements:
        thing = statement.object
        if str(statement.predicate) not in link_rules.LAUNCHES or thing is None or thing.type not in SOFTWARE:
            continue
        if statement.stance not in SAID:
            continue
        starter = statement.subject
        by = sides.of(starter.name) or _only_side(fold(starter.name), used, known)
        whose = _only_side(fold(thing.name), used, known)
        if by and whose and by != whose and _alone(fold(thing.name), used, known):
            found.append(statement)
    return tuple(found)


def _only_side(name: str, used: Mapping[str, _Use], known: Mapping[str, KnownTool]) -> str:
    sides = set(used[name].sides) if name in used else set()
    sides |= set(known[name].sides) if name in known else set()
    return next(iter(sides)) if len(sides) == 1 else ""


def _alone(name: str, used: Mapping[str, _Use], known: Mapping[str, KnownTool]) -> bool:
    """Return whether one cluster alone is known to use a tool, and it is not public."""
    others = len(used[name].users) if name in used else 0
    tool = known.get(name)
    return max(others, tool.users if tool else 0) <= 1 and not (tool and tool.public)


def _uses(sides: Sides, statements: Iterable[Statement]) -> dict[str, _Use]:
    """Return, by folded name, the software that clusters are said to use; both names of one side are one user."""
    used: dict[str, _Use] = {}
    for statement in statements:
        thing, user = statement.object, statement.subject
        if statement.predicate != Predicate.USES or thing is None or thing.type not in SOFTWARE:
            continue
        if statement.stance not in SAID or user.type in SOFTWARE:
            continue
        use = used.setdefault(fold(thing.name), _Use(thing.name, set(), set(), []))
        side = sides.of(user.name)
        use.users.add(side or fold(user.name))
        if side:
            use.sides.add(side)
            use.said.append(statement)
    return used


def tool_signs(
    sides: Sides, statements: Sequence[Statement], tools: Sequence[KnownTool], known: Mapping[str, Source]
) -> tuple[Sign, ...]:
    """Return at most one sign: the malware with the fewest users that both sides use and that is not public.

    One, not all: who shares one tool of a builder shares others, and a list of tools grows with attention.
    """
    used = _uses(sides, statements)
    by_name = {fold(name): each for each in tools for name in each.names}
    rows: list[tuple[int, str, tuple[str, ...], tuple[Statement, ...], float]] = []
    for each in tools:
        if each.sides == "ab" and not each.public:
            said = tuple(chain.from_iterable(used[fold(name)].said for name in each.names if fold(name) in used))
            sources = tuple(sorted({*each.sources, *(statement.source for statement in said)}))
            belief = max((graded(known.get(source)) for source in sources), default=graded(None))
            rows.append((each.users, each.name, sources, said, belief))
    for name, use in used.items():
        tool = by_name.get(name)
        if len(use.sides) == 2 and (tool is None or (tool.sides != "ab" and not tool.public)):
            users = max(len(use.users), tool.users if tool else 0)
            sources = tuple(sorted({statement.source for statement in use.said}))
            rows.append((users, use.name, sources, tuple(use.said), _weakest_side(sides, use.said, known)))
    rows = [row for row in rows if row[0] <= link_rules.FEW_USERS]
    if not rows:
        return ()
    users, name, sources, said, belief = min(rows, key=lambda row: row[:2])
    rule = link_rules.COMMON_BUILDER if users >= 3 else link_rules.EXCLUSIVE_TOOL
    params = {"a": sides.a, "b": sides.b, "value": name, "prevalence": str(max(users, 2)), "source": ", ".join(sources)}
    return (
        Sign(
            rule=rule,
            params=params,
            group="tools",
            sources=sources,
            statements=said,
            factors=(("reliability", belief),),
        ),
    )


def _weakest_side(sides: Sides, said: Sequence[Statement], known: Mapping[str, Source]) -> float:
    """Return the belief that both sides use a tool: that of the side for which the word is worse.

    Where an origin speaks itself, what its relays make of it does not count.
    """
    beliefs = []
    for side in ("a", "b"):
        of_side = [each for each in said if sides.of(each.subject.name) == side]
        first = [each for each in of_side if each.source in origins((each.source,), known)] or of_side
        beliefs.append(max((reliability(known, each) for each in first), default=0.0))
    return min(beliefs)
