"""STIX patterns as text: what the grammar takes, where it stops, and that the OASIS parser says the same."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from consilience.errors import FormatError, InputError, LimitError
from consilience.formats.stix_pattern.parser import DEEPEST, LONGEST, parse
from consilience.formats.stix_pattern.syntax_tree import (
    AllOf,
    AnyOf,
    Comparison,
    Joined,
    Joining,
    ObjectPath,
    Observation,
    Operator,
    Qualified,
    Repeats,
    StartStop,
    Timestamp,
    Wildcard,
    Within,
    comparisons,
)
from consilience.formats.stix_pattern.well_formed import faults_of


def compare(path: str, operator: Operator, *constants: object, place: int = 1, negated: bool = False) -> Comparison:
    kind, _, name = path.partition(":")
    return Comparison(ObjectPath(kind, (name,)), operator, negated, constants, place)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        (".5", 0.5),
        ("-0.25", -0.25),
        ("true", True),
        ("false", False),
        (r"'it\'s \\ here'", r"it's \ here"),
        ("'two\nlines'", "two\nlines"),
        ("''", ""),
        ("h'ffD8'", b"\xff\xd8"),
        ("h''", b""),
        ("b'AQIDBA=='", b"\x01\x02\x03\x04"),
        ("t'2026-01-31T23:59:60.5Z'", Timestamp("2026-01-31T23:59:60.5Z")),
    ],
)
def test_constants(text, expected):
    (found,) = comparisons(parse(f"[x:y = {text}]").expression)
    assert found.constants == (expected,)
    assert type(found.constants[0]) is type(expected)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("file:name", ("name",)),
        ("file:hashes.'SHA-256'", ("hashes", "SHA-256")),
        ("file:'has.dot'", ("has.dot",)),
        (
            "file:extensions.'archive-ext'.contains_refs[*].name",
            ("extensions", "archive-ext", "contains_refs", Wildcard.EVERY, "name"),
        ),
        ("a:b[0][12].c", ("b", 0, 12, "c")),
        ("a:b[-1]", ("b", -1)),
        ("a : b . c", ("b", "c")),
    ],
)
def test_object_paths(text, steps):
    (found,) = comparisons(parse(f"[{text} = 1]").expression)
    assert found.path.steps == steps


A = compare("a:x", Operator.EQUAL, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:x = 1]", Observation(A)),
        ("[a:x NOT == 1]", Observation(compare("a:x", Operator.EQUAL, 1, negated=True))),
        ("[a:x <> 1]", Observation(compare("a:x", Operator.NOT_EQUAL, 1))),
        ("[a:x IN (1, 2)]", Observation(compare("a:x", Operator.IN, 1, 2))),
        ("[a:x IN ()]", Observation(compare("a:x", Operator.IN))),
        ("[EXISTS a:x]", Observation(compare("a:x", Operator.EXISTS))),
        ("[NOT EXISTS a:x]", Observation(compare("a:x", Operator.EXISTS, negated=True))),
        # AND binds more than OR
        (
            "[a:x = 1 OR a:y = 2 AND a:z = 3]",
            Observation(
                AnyOf(
                    (
                        A,
                        AllOf(
                            (compare("a:y", Operator.EQUAL, 2, place=12), compare("a:z", Operator.EQUAL, 3, place=24)),
                        ),
                    )
                )
            ),
        ),
        # a qualifier belongs to the one observation before it
        (
            "[a:x=1] AND [a:x=1] WITHIN 1.5 SECONDS",
            Joined(
                Joining.AND,
                (
                    Observation(A),
                    Qualified(Observation(compare("a:x", Operator.EQUAL, 1, place=13)), Within(1_500_000_000)),
                ),
            ),
        ),
        (
            "([a:x=1]) REPEATS 3 TIMES START t'2026-01-01T00:00:00Z' STOP t'2026-01-02T00:00:00Z'",
            Qualified(
                Qualified(Observation(compare("a:x", Operator.EQUAL, 1, place=2)), Repeats(3), grouped=True),
                StartStop(Timestamp("2026-01-01T00:00:00Z"), Timestamp("2026-01-02T00:00:00Z")),
                grouped=True,
            ),
        ),
        ("/* from */ [a:x = 1] // a feed", Observation(compare("a:x", Operator.EQUAL, 1, place=12))),
    ],
)
def test_the_tree(text, expected):
    assert parse(text).expression == expected


def test_followed_by_binds_least_then_or_then_and():
    tree = parse("[a:x=1] FOLLOWEDBY [a:x=1] OR [a:x=1] AND [a:x=1]").expression
    assert isinstance(tree, Joined)
    assert tree.operator is Joining.FOLLOWED_BY
    assert isinstance(tree.operands[1], Joined)
    assert tree.operands[1].operator is Joining.OR
    assert isinstance(tree.operands[1].operands[1], Joined)
    assert tree.operands[1].operands[1].operator is Joining.AND


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "line 1, column 1: '[' or '(' is needed, and the end stands there"),
        ("file:size = 1", "line 1, column 1: '[' or '(' is needed, and 'file' stands there"),
        ("[file:size = ]", "line 1, column 14: a constant is needed, and ']' stands there"),
        ("[file.size = 1]", "line 1, column 6: ':' is needed, and '.' stands there"),
        ("[a-b:c-d = 1]", "line 1, column 6: a property name; a name with a hyphen or a dot needs quotes is needed"),
        ("[a:b = 'x]", "line 1, column 8: a string or constant that is not closed or not well formed"),
        ("[a:b\n = 'x'\n AND ]", "line 3, column 6: an object type is needed, and ']' stands there"),
        ("[a:b > true]", "line 1, column 8: a constant is needed, and 'true' stands there"),
        ("[a:b LIKE 5]", "line 1, column 11: a string is needed, and '5' stands there"),
        ("[a:b = 1] WITHIN 0 SECONDS", "line 1, column 18: a number above 0 is needed, and '0' stands there"),
        ("[a:b = 1] REPEATS -1 TIMES", "line 1, column 19: a whole number above 0 is needed, and '-1' stands there"),
        ("[a:b = 1] within 5 SECONDS", "line 1, column 11: an observation operator, a qualifier or the end is needed"),
        ("[a:b = 1] START '2026-01-01T00:00:00Z' STOP '2027-01-01T00:00:00Z'", "line 1, column 17: a timestamp"),
        ("[a:b = 1 ; a:c = 1]", "line 1, column 10: ';' stands in no pattern here"),
    ],
)
def test_an_error_says_where_and_what(text, error):
    with pytest.raises(FormatError) as raised:
        parse(text)
    assert str(raised.value).startswith(error)


def test_patterns_of_stix_2_0_write_start_and_stop_as_strings():
    tree = parse("[a:b = 1] START '2026-01-01T00:00:00Z' STOP '2027-01-01T00:00:00Z'", version="2.0").expression
    assert tree == Qualified(
        Observation(compare("a:b", Operator.EQUAL, 1)),
        StartStop(Timestamp("2026-01-01T00:00:00Z"), Timestamp("2027-01-01T00:00:00Z")),
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000,
        "[" + "(" * 100_000,
        "(" * (DEEPEST + 1) + "[a:b=1]" + ")" * (DEEPEST + 1),
        "[a:b = 1]" + " REPEATS 2 TIMES" * 7,
        "[a:b = " + "9" * 5_000 + "]",
        "[a:b = 1] WITHIN " + "9" * 5_000 + " SECONDS",
        "[a:b = 1] REPEATS " + "9" * 5_000 + " TIMES",
        "[a:b[" + "9" * 5_000 + "] = 1]",
        "[a:b = '" + "x" * LONGEST + "']",
    ],
    ids=["round", "inside", "deep", "qualifiers", "number", "seconds", "times", "index", "long"],
)
def test_what_is_too_much_is_refused_fast(text):
    started = time.process_time()
    with pytest.raises(LimitError):
        parse(text)
    assert time.process_time() - started < 1.0


def test_a_thousand_alternatives_are_not_deep():
    text = "[" + " OR ".join(f"ipv4-addr:value = '192.0.2.{number}'" for number in range(1000)) + "]"
    assert len(comparisons(parse(text).expression)) == 1000
    assert len(comparisons(parse(" OR ".join(["[a:b = 1]"] * 1000)).expression)) == 1000


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[a:b = 1] WITHIN 5 SECONDS WITHIN 6 SECONDS", "two qualifiers of the kind Within stand on one observation"),
        ("[a:b = 1] REPEATS 5 TIMES WITHIN 6 SECONDS", ""),
        ("([a:b = 1] REPEATS 2 TIMES) REPEATS 3 TIMES", ""),
        ("[file:hashes.MD5 = 'f00']", "'f00' is not a MD5 hash: it has 32 hexadecimal digits"),
        (
            "[file:hashes.'SHA-256' IN ('" + "a" * 64 + "', 'b')]",
            "'b' is not a SHA-256 hash: it has 64 hexadecimal digits",
        ),
        ("[file:hashes.MD5 LIKE 'f00%']", ""),
        ("[file:hashes[*] = 'f00']", ""),
    ],
)
def test_rules_beyond_the_grammar(text, fault):
    assert faults_of(parse(text)) == ((fault,) if fault else ())


# The OASIS parser as the judge.

words = st.sampled_from(["a", "ipv4-addr", "file", "x_1", "name", "t", "h", "b", "AND", "IN", "true", "LAST", "x-"])
texts = st.text("ab'\\ %\n\u00e9\U0001f600]*/", max_size=5).map(
    lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
)
instants = st.sampled_from(["t'2026-02-30T00:00:60Z'", "t'2026-12-31T23:59:59.123456789Z'", "t'2026-13-01T00:00:00Z'"])
constants = st.one_of(
    st.integers(-20, 20).map(str),
    st.sampled_from(
        ["+1", ".5", "1.", "-.5", "007", "1e3", "true", "false", "h'0a'", "h'0'", "h''", "b'AQID'", "b'A'"]
    ),
    st.sampled_from(["b'AQI='", "b''", "null"]),
    texts,
    instants,
)
steps = st.sampled_from(["[*]", "[0]", "[-1]", "[+1]", ".a", ".'b-c'", ".b-c", ". x", ".5", "[a]"])
paths = st.builds(
    lambda kind, first, rest: f"{kind}:{first}{''.join(rest)}",
    words,
    st.one_of(words, texts),
    st.lists(steps, max_size=2),
)
operators = st.sampled_from(
    ["=", "==", "!=", "<>", "<", "<=", ">", ">=", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "=<", "LIKED"]
)
tests = st.one_of(
    st.builds(
        lambda path, negated, operator, constant: f"{path} {negated}{operator}{constant}",
        paths,
        st.sampled_from(["", "", "NOT "]),
        operators,
        st.one_of(constants, constants.map(lambda constant: " " + constant)),
    ),
    st.builds(lambda path, members: f"{path} IN({','.join(members)})", paths, st.lists(constants, max_size=3)),
    paths.map(lambda path: f"EXISTS {path}"),
)
expressions = st.recursive(
    tests,
    lambda inner: st.one_of(
        st.builds(lambda one, sign, other: f"{one} {sign} {other}", inner, st.sampled_from(["AND", "OR"]), inner),
        inner.map(lambda each: f"({each})"),
    ),
    max_leaves=4,
)
qualifiers = st.sampled_from(
    [
        *("", "", "", " WITHIN 5 SECONDS", " WITHIN .5 SECONDS", " REPEATS 2 TIMES", " REPEATS 1.5 TIMES"),
        *(" START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00.5Z'", "START t'2026-01-01T00:00:00Z'STOP"),
    ]
)
patterns = st.recursive(
    st.builds(lambda each, qualifier: f"[{each}]{qualifier}", expressions, qualifiers),
    lambda inner: st.one_of(
        st.builds(
            lambda one, sign, other: f"{one} {sign} {other}", inner, st.sampled_from(["AND", "OR", "FOLLOWEDBY"]), inner
        ),
        st.builds(lambda each, qualifier: f"({each}){qualifier}", inner, qualifiers),
    ),
    max_leaves=3,
)


@st.composite
def mutated_patterns(draw):
    text = draw(patterns)
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(text)))
        width = draw(st.integers(0, 3))
        text = text[:at] + draw(st.text("[]()'=:.*AND t\\-/0\n\u00a0", max_size=2)) + text[at + width :]
    return text


def oasis_accepts(text: str) -> bool:
    pattern = pytest.importorskip("stix2patterns.v21.pattern")
    try:
        pattern.Pattern(text)
    except pattern.ParseException:
        return False
    return True


def accepts(text: str) -> bool:
    try:
        parse(text)
    except InputError as error:
        # That REPEATS and WITHIN are above 0 is in the prose of the standard, not in the grammar.
        assume("above 0 is needed, and '0" not in error.reason)
        assume("above 0 is needed, and '+0" not in error.reason)
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(mutated_patterns())
def test_the_oasis_parser_takes_and_refuses_the_same(text):
    assert accepts(text) is oasis_accepts(text)


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_fail_otherwise_than_by_its_own_error(text):
    for each in (text, f"[{text}]", f"[a:b = {text}]", f"[a:b = 1] {text}"):
        with contextlib.suppress(InputError):
            assert parse(each).text == each
