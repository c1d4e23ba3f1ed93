"""What a sentence shows of each name in it, as words and classes of words on either side.

This is what the statistical reader weighs (``claim_model``). A feature is a short text; those made of classes of cues
and of letters of tokens are the same in every language, those of word stems (``w``) belong to one language.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import msgspec

from consilience.extract.cues import Cue, CueIndex, Item, items_of

SMALL: Final = frozenset(
    [
        "by",
        "to",
        "on",
        "of",
        "for",
        "from",
        "against",
        "with",
        "in",
        "into",
        "as",
        "over",
        "that",
        "be",
        "have",
        "and",
        "but",
        "because",
        "its",
        "say",
        "we",
    ]
)
"""Classes of small words: they count where they stand next to a name."""

_STEM: Final = 6
_WIDE: Final = 25
_NEAR: Final = 12
_NEXT_TO: Final = 3
_LETTERS: Final = "SHKGMTOVPUCDI"
_ACTORS: Final = frozenset(f"‹{letter}" for letter in "SHKGOVPUCI")
_BREAKS: Final = frozenset(",;:()–—")
_MANY: Final = 3


class Skeleton(msgspec.Struct, frozen=True):
    """A sentence as it is weighed: its items, its cues by place, and the classes of the sentences around it.

    ``spoken`` are item numbers inside the frame of a speaker, ``told`` those in the words that a frame governs.
    """

    items: tuple[Item, ...]
    cues: tuple[Cue, ...]
    around: frozenset[str]
    segment: tuple[int, ...]
    spoken: frozenset[int]
    told: frozenset[int]
    cyber: bool

    @property
    def candidates(self) -> list[int]:
        """Return the numbers of the items that are names, dates left out."""
        return [at for at, item in enumerate(self.items) if item.number >= 0 and item.text[1] in _LETTERS]


class Frame(NamedTuple):
    """Where a frame of a speaker stands and what it governs, in characters of the masked sentence."""

    start: int
    end: int
    frame_start: int
    frame_end: int


def skeleton(
    text: str, index: CueIndex, frames: Iterable[Frame], cyber: bool, before: str = "", after: str = ""
) -> Skeleton:
    """Return the skeleton of a masked sentence; ``before`` and ``after`` are the plain sentences around it."""
    items = tuple(items_of(text))
    segment, number = [], 0
    for item in items:
        number += item.text in _BREAKS
        segment.append(number)
    around = {"p" + cue.name for cue in index.find(items_of(before))} | {
        "n" + cue.name for cue in index.find(items_of(after))
    }
    spoken: set[int] = set()
    told: set[int] = set()
    for frame in frames:
        for at, item in enumerate(items):
            if frame.frame_start <= item.start < frame.frame_end:
                spoken.add(at)
            elif frame.start <= item.start < frame.end:
                told.add(at)
    return Skeleton(
        items, tuple(index.find(items)), frozenset(around), tuple(segment), frozenset(spoken), frozenset(told), cyber
    )


def of_name(sentence: Skeleton, at: int) -> set[str]:
    """Return the features of the name at item ``at``."""
    items, letter = sentence.items, sentence.items[at].text[1]
    found = {"l" + letter}
    left, right = items[max(0, at - _WIDE) : at], items[at + 1 : at + 1 + _WIDE]
    found |= _stems(left, right, letter)
    nearest: dict[tuple[str, str], int] = {}
    for cue in sentence.cues:
        side = "<" if cue.at < at else ">"
        distance = abs(at - cue.at)
        key = (side, cue.name)
        nearest[key] = min(distance, nearest.get(key, distance))
        if cue.name not in SMALL:
            found.add("S" + cue.name)
            if sentence.segment[cue.at] == sentence.segment[at]:
                found.add(f"g{side}{cue.name}")
                found.add(f"g{letter}{side}{cue.name}")
    for (side, name), distance in nearest.items():
        if name in SMALL and distance > _NEXT_TO:
            continue
        bucket = _bucket(distance)
        found.add(f"c{side}{name}")
        found.add(f"c{side}{name}{bucket}")
        found.add(f"c{letter}{side}{name}{min(bucket, 3)}")
    found |= _between(sentence, at, letter)
    found |= _order(nearest, letter)
    found |= _tokens(sentence, at, letter)
    found |= {"a" + each for each in sentence.around}
    found |= _places(sentence, at)
    return found


def of_sentence(sentence: Skeleton) -> set[str]:
    """Return the features of a sentence as a whole."""
    words = [item.text[:_STEM] for item in sentence.items]
    found = {"w" + word for word in words if len(word) > 1}
    found |= {f"w{first}_{second}" for first, second in itertools.pairwise(words)}
    content = [cue.name for cue in sentence.cues if cue.name not in SMALL]
    found |= {"S" + name for name in content}
    found |= {f"SS{first}_{second}" for first, second in itertools.pairwise(content)}
    letters = {item.text[1] for item in sentence.items if item.number >= 0}
    found |= {"l" + letter for letter in letters}
    found |= {f"l{letter}S{name}" for letter in letters for name in set(content)}
    found |= {"a" + each for each in sentence.around}
    found |= {f"n{min(len(sentence.candidates), _MANY)}", f"y{sentence.cyber}"}
    if not letters:
        found.add("l-")
    if sentence.items and sentence.items[-1].text == "?":
        found.add("q")
    return found


def of_pair(sentence: Skeleton, first: int, second: int) -> set[str]:
    """Return the features of two names, of which the one at item ``first`` stands before the other."""
    items = sentence.items
    letters = items[first].text[1] + items[second].text[1]
    found = {"L" + letters}
    for cue in sentence.cues:
        where = "<" if cue.at < first else ">" if cue.at > second else "="
        if cue.name in SMALL and where != "=":
            continue
        found.add(f"b{where}{cue.name}")
        found.add(f"b{letters}{where}{cue.name}")
    between = [item.text[:_STEM] for item in items[first + 1 : second]]
    found |= {"w=" + word for word in between[:_WIDE]}
    found |= {"w<" + item.text[:_STEM] for item in items[max(0, first - _NEAR) : first]}
    found |= {"w>" + item.text[:_STEM] for item in items[second + 1 : second + 1 + _NEAR]}
    inner = [item.text for item in items[first + 1 : second] if item.number >= 0]
    found |= {"i" + each for each in inner} | {f"d{_bucket(second - first)}", f"i{min(len(inner), _MANY)}"}
    found |= {"a" + each for each in sentence.around}
    return found


def _stems(left: Sequence[Item], right: Sequence[Item], letter: str) -> set[str]:
    before, after = [item.text[:_STEM] for item in left], [item.text[:_STEM] for item in right]
    found = {"w<" + word for word in before} | {"w>" + word for word in after}
    for side, words in (("<", before[::-1]), (">", after)):
        for place, word in enumerate(words[:_NEXT_TO]):
            found.add(f"w{side}{place}{word}")
        found |= {f"w{side}{words[k]}_{words[k + 1]}" for k in range(min(len(words) - 1, 8))}
        found |= {f"w{letter}{side}{word}" for word in words[:_NEAR]}
        if len(words) >= _NEXT_TO:
            found.add(f"w{side}{'_'.join(words[:_NEXT_TO])}")
    return found


def _between(sentence: Skeleton, at: int, letter: str) -> set[str]:
    """The nearest cue of each class with the number of actors that stand between it and the name."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for cue in sorted(sentence.cues, key=lambda each: abs(each.at - at)):
        side = "<" if cue.at < at else ">"
        if cue.name in SMALL or (side, cue.name) in seen:
            continue
        seen.add((side, cue.name))
        inner = range(cue.at + 1, at) if side == "<" else range(at + 1, cue.at)
        actors = sum(sentence.items[each].text in _ACTORS for each in inner)
        found |= {f"b{side}{cue.name}{min(actors, 2)}", f"b{letter}{side}{cue.name}{min(actors, 2)}"}
    return found


def _order(nearest: dict[tuple[str, str], int], letter: str) -> set[str]:
    """The classes that stand nearest on either side, with the small word next to the name."""
    found: set[str] = set()
    ends = []
    for side in "<>":
        close = sorted((distance, name) for (where, name), distance in nearest.items() if where == side)
        content = [name for _, name in close if name not in SMALL]
        small = next((name for distance, name in close if name in SMALL and distance <= _NEXT_TO - 1), "-")
        ends.append(content[0] if content else "-")
        found.add(f"m{letter}{side}{small}")
        for name in content[:3]:
            found |= {f"o{side}{name}", f"o{letter}{side}{name}", f"o{side}{name}{small}"}
        if len(content) > 1:
            found.add(f"o{side}{content[0]}_{content[1]}")
    found.add(f"x{ends[0]}_{ends[1]}")
    found.add(f"x{letter}{ends[0]}_{ends[1]}")
    return found


def _tokens(sentence: Skeleton, at: int, letter: str) -> set[str]:
    names = sentence.candidates
    place = names.index(at) if at in names else 0
    before = sentence.items[names[place - 1]].text[1] if place else "^"
    after = sentence.items[names[place + 1]].text[1] if place + 1 < len(names) else "$"
    states = sum(sentence.items[each].text[1] in "SHK" for each in names)
    same = [each for each in names[:place] if sentence.items[each].text[1] == letter]
    return {
        f"t<{before}",
        f"t>{after}",
        f"t{before}{letter}{after}",
        f"k{min(states, _MANY)}",
        f"k{letter}{min(len(same), _MANY)}",
    }


def _places(sentence: Skeleton, at: int) -> set[str]:
    found = {f"y{sentence.cyber}"}
    if at <= 1:
        found.add("z^")
    if at in sentence.spoken:
        found.add("zspoken")
    if at in sentence.told:
        found.add("ztold")
    if sentence.items[-1].text == "?":
        found.add("q")
    return found


def _bucket(distance: int) -> int:
    return next(bucket for bucket, most in enumerate((1, 3, 7, 14, 10_000)) if distance <= most)
