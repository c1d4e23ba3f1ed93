"""What a report would change, told before it is added: the same figures as adding it and looking again."""

import tarfile

import numpy as np
import pytest

from conftest import shared
from consilience.app.adding import Told
from consilience.app.overlapping import find_overlaps
from consilience.app.settings import Settings
from consilience.app.use_cases import add_paths
from consilience.app.what_if import with_report
from consilience.errors import InputError, StoreError
from consilience.overlap.pairs import ALL_UNITS, OverlapSettings
from consilience.overlap.verdict import Verdict, verdict

SETTINGS = OverlapSettings(shown=1_000)
HEADER = "type,value,actor,first_seen,last_seen,source,reference,date\n"


def table(*rows):
    """Return a table of indicators; a row is: value actor [source [first_seen]]."""
    lines = []
    for row in rows:
        value, actor, source, first, *_ = [*row.split(), "", "", ""]
        kind = "ip" if value.replace(".", "").isdigit() else "domain"
        source = source or "Vendor"
        reference = f"https://{source.lower()}.example/{actor.lower()}"
        lines.append(f"{kind},{value},{actor},{first},{first},{source},{reference},2024-06-01\n")
    return HEADER + "".join(lines)


@pytest.fixture
def where(tmp_path, cache):
    return Settings(workspace=tmp_path / "workspace", cache=cache)


@pytest.fixture
def having(where, tmp_path):
    """Fill the workspace with rows; return a function that writes a report."""

    def fill(*rows):
        (tmp_path / "known.csv").write_text(table(*rows))
        add_paths(where, [tmp_path / "known.csv"])

        def report(*more, name="report.csv"):
            path = tmp_path / name
            path.write_text(table(*more))
            return path

        return report

    return fill


KNOWN = (
    "one.example Alpha",
    "one.example Beta",
    "two.example Alpha",
    "three.example Gamma",
    "91.200.12.7 Delta",
)


def figures(effect):
    """Return {(pair, unit): (shared before, shared after)} with clusters by their first letters."""
    return {
        (each.a[0] + each.b[0], each.after.unit): (each.before.observed if each.before else None, each.after.observed)
        for each in effect.touched
    }


TABLE = [
    ("a value that nobody has", ["new.example Alpha"], {}),
    ("a value that another has", ["three.example Alpha"], {("AG", ALL_UNITS): (None, 1)}),
    ("a second value of a pair", ["two.example Beta"], {("AB", ALL_UNITS): (1, 2)}),
    (
        "a third holder: the pair that had it keeps its count and loses weight",
        ["one.example Zeta"],
        {("AZ", ALL_UNITS): (None, 1), ("BZ", ALL_UNITS): (None, 1), ("AB", ALL_UNITS): (1, 1)},
    ),
    ("another address of the network", ["91.200.12.9 Alpha"], {("AD", "network"): (None, 1)}),
    ("only a better date", ["one.example Alpha Vendor 2024-05-01"], {("AB", ALL_UNITS): (1, 1)}),
]


@pytest.mark.parametrize(("report", "expected"), [each[1:] for each in TABLE], ids=[each[0] for each in TABLE])
def test_which_pairs_a_report_would_change(report, expected, having, where):
    effect = with_report(where, having(*KNOWN)(*report), SETTINGS)
    assert figures(effect) == expected
    assert (effect.rows, effect.rejects, effect.unnamed) == (1, (), 0)


def told_as_added(where, path):
    """Compare with what the workspace says before and after the report is really added."""
    effect = with_report(where, path, SETTINGS)
    before = {(each.a, each.b, each.unit): each for each in find_overlaps(where, settings=SETTINGS).pairs}
    add_paths(where, [path])
    after = {(each.a, each.b, each.unit): each for each in find_overlaps(where, settings=SETTINGS).pairs}
    for each in effect.touched:
        key = (each.a, each.b, each.after.unit)
        assert each.after == after.get(key, each.after)  # a pair that lost its last value has no row any more
        assert (key in after) == bool(each.after.observed)
        assert each.before == before.get(key)
    named = {(each.a, each.b) for each in effect.touched}
    for key in before.keys() | after.keys():
        if key[:2] not in named:
            assert of_itself(before[key]) == of_itself(after[key]), key
    return effect


def of_itself(pair):
    return pair.observed, pair.origins, pair.weight, pair.shared


def test_nothing_is_added_and_the_figures_are_those_after_adding(having, where):
    rng = np.random.default_rng(8)
    known = {f"v{value}.example C{cluster}" for value, cluster in rng.integers(0, 25, (150, 2))}
    report = {f"v{value}.example C{cluster}" for value, cluster in rng.integers(0, 28, (12, 2))}
    path = having(*sorted(known))(*sorted(report), "91.200.12.9 C1")
    effect = told_as_added(where, path)
    assert effect.touched
    assert effect.rows == len(report) + 1
    gains = [each.after.observed - (each.before.observed if each.before else 0) for each in effect.touched]
    assert gains == sorted(gains, reverse=True)


def test_a_report_makes_a_link_of_a_lead_at_the_false_discovery_rate_asked_for(where, tmp_path):
    """Two publishers' clusters among forty share one value; a report gives seven more, each from a page of its own."""

    def page(value, actor, source, number):
        use = "2024-05-01,2024-05-03"
        return f"domain,{value},{actor},{use},{source},https://{source.lower()}.example/{number},2024-06-01\n"

    rng = np.random.default_rng(2)
    crowd = [f"v{value}.example C{cluster}" for cluster in range(40) for value in rng.choice(600, 12, replace=False)]
    storm = [page(f"x{number}.example", "Storm", "Other", number) for number in range(8)]
    (tmp_path / "known.csv").write_text("".join([table(*crowd), *storm, page("x0.example", "C1", "Vendor", "first")]))
    add_paths(where, [tmp_path / "known.csv"])
    path = tmp_path / "report.csv"
    path.write_text("".join([HEADER, *(page(f"x{number}.example", "C1", "Vendor", number) for number in range(1, 8))]))
    (changed,) = with_report(where, path, SETTINGS).touched
    assert (changed.a, changed.b) == ("C1 (vendor)", "Storm (other)")
    assert (changed.before.observed, verdict(changed.before, SETTINGS)) == (1, Verdict.LEAD)
    assert (changed.after.observed, verdict(changed.after, SETTINGS)) == (8, Verdict.LINK)
    stricter = OverlapSettings(fdr=changed.after.q_value / 2)
    (same,) = with_report(where, path, stricter).touched
    assert same.after.q_value == changed.after.q_value
    assert verdict(same.after, stricter) != Verdict.LINK


def test_a_value_that_crosses_the_cut_is_taken_from_its_pairs(having, where):
    report = having("v.example A", "v.example B")("v.example C")
    effect = with_report(where, report, OverlapSettings(degree_cut=2))
    assert figures(effect) == {("AB", ALL_UNITS): (1, 0)}


def test_the_same_rows_in_another_document_change_nothing(having, where):
    rows = [f"v{number}.example {cluster}" for cluster in ("Alpha", "Beta") for number in range(6)]
    report = having(*rows)(*[f"{row} Vendor" for row in rows[:6]], name="again.csv")
    effect = with_report(where, report, SETTINGS)
    assert (effect.touched, effect.rows) == ((), 6)


def test_a_report_that_is_there_already_changes_nothing(having, where, tmp_path):
    having(*KNOWN)
    effect = with_report(where, tmp_path / "known.csv", SETTINGS)
    assert (effect.touched, effect.rejects) == ((), ("known.csv: already in the workspace",))


def test_what_cannot_be_taken_is_said(having, where, tmp_path):
    having(*KNOWN)
    path = tmp_path / "half.csv"
    path.write_text(table("three.example Alpha") + "ip,999.1.1.1,Alpha,,,,,\n" + "domain,lone.example,,,,,,\n")
    effect = with_report(where, path, SETTINGS)
    assert figures(effect) == {("AG", ALL_UNITS): (None, 1)}
    assert (effect.rows, effect.unnamed) == (1, 1)
    assert [reject.partition(":")[0] for reject in effect.rejects] == ["row 3"]


def test_what_is_told_of_the_file_counts_as_it_would_when_added(having, where, tmp_path):
    having(*KNOWN)
    path = tmp_path / "list.csv"
    path.write_text("type,value,actor\ndomain,two.example,Alpha\n")
    told = with_report(where, path, SETTINGS, Told(source="Blog"))
    assert [(each.a, each.b) for each in told.touched] == [("Alpha (Blog)", "Alpha (vendor)")]


def test_a_file_that_is_nothing_and_a_workspace_that_is_not_there(having, where, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(StoreError):
        with_report(where, tmp_path / "empty.csv", SETTINGS)
    having(*KNOWN)
    for name, reason in (("empty.csv", "empty.csv.*empty"), ("absent.csv", "absent.csv.*cannot be read")):
        with pytest.raises(InputError, match=reason):
            with_report(where, tmp_path / name, SETTINGS)


@pytest.mark.slow
def test_a_report_on_the_maltrail_lists(where, tmp_path):
    """Half of one group's list as a report on all others: told in advance as it then comes."""
    with tarfile.open(shared("maltrail", "maltrail-apt-2026-01-03.tar.xz")) as archive:
        archive.extractall(tmp_path / "lists", filter="data")
    (whole,) = (tmp_path / "lists").rglob("apt_kimsuky.txt")
    lines = whole.read_text().splitlines(keepends=True)
    report = tmp_path / whole.name
    report.write_text("".join(lines[-300:]))
    whole.write_text("".join(lines[:-300]))
    add_paths(where, [tmp_path / "lists"])
    effect = told_as_added(where, report)
    assert effect.touched
    assert effect.rows > 100
