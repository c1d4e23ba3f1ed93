"""Sightings of any number, ranked without a workspace: from Parquet files to pairs, their values and their origins."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from consilience.app.sightings import NO_ORIGINS, UNIT, rank_sightings
from consilience.errors import ConsilienceError, FormatError, UnknownNameError
from consilience.overlap.pairs import OverlapSettings, is_linked
from consilience.overlap.verdict import Verdict, verdict

SETTINGS = OverlapSettings()


def sightings(*, reasons=True, seed=3):
    """Forty clusters with addresses of their own and common ones; red and blue share five that nobody else has."""
    rng = np.random.default_rng(seed)
    rows = [(f"c{c:02}", f"203.0.{v // 250}.{v % 250}", "feed", f"feed-{c}", "") for c in range(40)
            for v in rng.integers(0, 600, 40).tolist()]  # fmt: skip
    for n in range(5):
        rows.append(("red", f"198.51.100.{n}", "alpha", f"alpha-{n}", "2024-03-01"))
        rows.append(("blue", f"198.51.100.{n}", "beta", f"beta-{n}", "2024-03-02"))
    rows += [("red", "203.0.0.1", "alpha", "alpha-9", ""), ("blue", "203.0.0.2", "beta", "beta-9", "")]
    columns = dict(zip(("cluster", "observable", "source", "report", "first"), zip(*rows, strict=True), strict=True))
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    table = table.append_column("type", pa.array(["ipv4-addr"] * len(rows)))
    return table if reasons else table.select(["cluster", "observable"])


@pytest.fixture
def written(tmp_path):
    def write(table, name="sightings.parquet"):
        path = tmp_path / name
        pq.write_table(table, path)
        return str(path)

    return write


def test_the_planted_pair_is_first_a_link_and_explained_with_sources_and_dates(written):
    found = rank_sightings([written(sightings())], settings=SETTINGS, limit=5)
    assert (found.clusters, found.engine, found.unexplained) == (42, "embedded", "")
    assert found.rows == 40 * 40 + 12
    assert found.pairs_tested == 42 * 41 // 2
    first = found.pairs[0]
    assert ({first.a, first.b}, first.unit, first.observed) == ({"red", "blue"}, UNIT, 5)
    assert first.q_value <= 0.05
    assert first.origins == 5
    assert {each.value for each in first.shared} == {f"198.51.100.{n}" for n in range(5)}
    assert {each.type for each in first.shared} == {"ipv4-addr"}
    assert {(each.prevalence, each.gap_days) for each in first.shared} == {(2, 0.0)}
    assert set(first.shared[0].sources) == {"alpha", "beta"}
    assert is_linked(first, SETTINGS)
    assert found.significant == 1
    scores = [pair.score for pair in found.pairs]
    assert scores == sorted(scores, reverse=True)


def test_without_sources_the_same_pair_is_a_lead_and_the_answer_says_why(written):
    found = rank_sightings([written(sightings(reasons=False))], settings=SETTINGS, limit=5)
    first = found.pairs[0]
    assert found.unexplained == NO_ORIGINS
    assert (first.origins, first.shared_total, len(first.shared)) == (1, 5, 5)
    assert verdict(first, SETTINGS) is Verdict.LEAD


def test_a_report_that_repeats_another_makes_no_link_and_one_that_tells_more_of_its_own_does(written):
    """Beta's report on blue is alpha's list on red, later; then each has twenty values of its own as well."""
    table = sightings()
    whose = table["cluster"].to_pylist()
    report = ["the list" if c == "red" else "the relay" if c == "blue" else r
              for c, r in zip(whose, table["report"].to_pylist(), strict=True)]  # fmt: skip
    table = table.set_column(table.schema.get_field_index("report"), "report", pa.array(report))
    table = table.append_column("reported", pa.array(["2024-03-05" if c == "blue" else "2024-03-02" for c in whose]))
    relayed = rank_sightings([written(table)], settings=SETTINGS, limit=1).pairs[0]
    assert ({relayed.a, relayed.b}, relayed.origins, relayed.weight) == ({"red", "blue"}, 1, 0.0)
    assert verdict(relayed, SETTINGS) is Verdict.LEAD
    own = pa.table({name: [{"cluster": side, "observable": f"192.0.2.{n}{side}", "source": source, "report": told,
                            "first": "", "type": "domain-name", "reported": day}[name]
                           for side, source, told, day in (("red", "alpha", "the list", "2024-03-02"),
                                                           ("blue", "beta", "the relay", "2024-03-05"))
                           for n in range(20)] for name in table.column_names})  # fmt: skip
    apart = rank_sightings([written(pa.concat_tables([table, own]), "more.parquet")], settings=SETTINGS, limit=1)
    assert apart.pairs[0].weight > 0.0


def test_one_report_that_names_both_makes_no_link(written):
    table = sightings()
    same = pa.array(["one report"] * table.num_rows)
    table = table.set_column(table.schema.get_field_index("report"), "report", same)
    first = rank_sightings([written(table)], settings=SETTINGS, limit=1).pairs[0]
    assert {first.a, first.b} == {"red", "blue"}
    assert verdict(first, SETTINGS) is Verdict.LEAD


@pytest.mark.parametrize("engine", ["embedded", "duckdb"])
def test_every_engine_gives_the_same_answer(written, engine):
    if engine == "duckdb":
        pytest.importorskip("ibis", reason="needs the extra consilience[spark]")
    path = written(sightings())
    own, other = (rank_sightings([path], engine=each, settings=SETTINGS, limit=30) for each in ("", engine))
    assert own.pairs == other.pairs
    assert other.engine == engine
    assert (own.clusters, own.rows, own.sharing, own.significant) == (
        other.clusters,
        other.rows,
        other.sharing,
        other.significant,
    )


def test_several_files_and_a_folder_are_one_table(written, tmp_path):
    table = sightings()
    whole = rank_sightings([written(table, "whole.parquet")], settings=SETTINGS)
    folder = tmp_path / "parts"
    folder.mkdir()
    for n in range(3):
        pq.write_table(table.slice(n * 600, 600), folder / f"{n}.parquet")
    assert rank_sightings([str(folder)], settings=SETTINGS) == whole
    parts = [str(folder / f"{n}.parquet") for n in range(3)]
    assert rank_sightings(parts, settings=SETTINGS) == whole


def test_codes_instead_of_names(written):
    table = sightings(reasons=False)
    codes = {name: table[name].combine_chunks().dictionary_encode().indices for name in table.column_names}
    found = rank_sightings([written(pa.table(codes))], settings=SETTINGS, limit=1)
    first = found.pairs[0]
    assert ({first.a, first.b}, first.observed, len(first.shared)) == ({"40", "41"}, 5, 5)


def test_a_named_pair_comes_in_the_order_asked_for_even_at_chance_level(written):
    path = written(sightings())
    found = rank_sightings([path], settings=SETTINGS, pair=("red", "blue"))
    assert [(pair.a, pair.b, pair.observed) for pair in found.pairs] == [("red", "blue", 5)]
    listed = {(pair.a, pair.b) for pair in rank_sightings([path], settings=SETTINGS, limit=10_000).pairs}
    unlisted = next((a, b) for a in ("c00", "c01", "c02") for b in ("c03", "c04") if (a, b) not in listed)
    chance = rank_sightings([path], settings=SETTINGS, pair=(unlisted[1], unlisted[0])).pairs[0]
    assert (chance.a, chance.b) == (unlisted[1], unlisted[0])
    assert chance.observed == chance.shared_total > 0
    assert chance.p_value > 0.05
    assert verdict(chance, SETTINGS) is Verdict.CHANCE


def test_a_named_pair_that_shares_nothing(written):
    table = sightings().slice(1600)  # red and blue only, and what they do not share
    path = written(pa.concat_tables([table, table.slice(11, 1).set_column(0, "cluster", pa.array(["green"]))]))
    none = rank_sightings([path], settings=SETTINGS, pair=("red", "green")).pairs[0]
    assert (none.observed, none.p_value, none.q_value, none.shared) == (0, 1.0, 1.0, ())


@pytest.mark.parametrize(
    ("pair", "error", "words"),
    [
        (("red", "grey"), UnknownNameError, "no sighting belongs to a cluster 'grey'"),
        (("red", "red"), ValueError, "compared with itself"),
    ],
)
def test_a_wrong_pair_is_an_error(written, pair, error, words):
    with pytest.raises(error, match=words):
        rank_sightings([written(sightings())], settings=SETTINGS, pair=pair)


def test_what_is_no_table_of_sightings_is_an_error_that_names_the_file(written, tmp_path):
    text = tmp_path / "notes.parquet"
    text.write_text("no Parquet", "utf-8")
    with pytest.raises(FormatError, match=r"notes\.parquet"):
        rank_sightings([str(text)])
    with pytest.raises(FormatError, match=r"other\.parquet.*no column 'observable'"):
        rank_sightings([written(pa.table({"cluster": ["a"]}), "other.parquet")])
    with pytest.raises(ConsilienceError, match="no engine is called"):
        rank_sightings([written(sightings())], engine="nonsense")


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_table_and_a_single_sighting_have_no_pairs(written, rows):
    found = rank_sightings([written(sightings().slice(0, rows))], settings=SETTINGS)
    assert (found.pairs, found.clusters, found.rows, found.sharing, found.significant) == ((), rows, rows, 0, 0)


def test_rows_without_a_cluster_or_an_observable_say_nothing(written):
    table = sightings()
    holes = table.slice(1600, 2)
    for name in ("cluster", "observable"):
        empty = pa.nulls(2, pa.string())
        table = pa.concat_tables([table, holes.set_column(table.schema.get_field_index(name), name, empty)])
    found = rank_sightings([written(table)], settings=SETTINGS)
    assert found == rank_sightings([written(sightings(), "whole.parquet")], settings=SETTINGS)
