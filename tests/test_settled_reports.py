"""Which documents of a workspace are settled, and a report compared with them."""

import pytest

from consilience.app.attributing import read_report
from consilience.app.reviewing import decide
from consilience.app.settings import Settings
from consilience.app.settled_reports import attribute_text, settled_documents
from consilience.app.use_cases import add_paths
from consilience.cli.attribute_text import show_text
from consilience.cli.output import Console
from consilience.errors import InputError, StoreError
from consilience.model.statement import Verdict
from consilience.store.workspace import open_workspace
from invented_reports import report

CLUSTERS = {"Turla": "Heron", "Gamaredon": "Lynx", "OilRig": "Otter"}
"""A cluster's name, and whose words it uses."""


def written(folder, name, text):
    path = folder / f"{name}.txt"
    path.write_text(text, encoding="utf-8")
    return path


def attributed(cluster, words):
    return f"Analysis of a malware campaign.\n\nESET attributes the attack to {cluster}.\n\nA list of words: {words}.\n"


@pytest.fixture
def where(tmp_path, cache):
    return Settings(workspace=tmp_path / "workspace", cache=cache)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "reports"
    made.mkdir()
    return made


def ask(where, path, filed=None):
    return attribute_text(where, read_report(where, path), filed=filed)


def settle(where, folder, each=6):
    for place, (name, words) in enumerate(CLUSTERS.items()):
        for number in range(each):
            written(folder, f"{name}-{number}", attributed(name, report(words, 100 * place + number)))
    add_paths(where, [folder])


SETTLED = [
    ("the document says so", "ESET attributes the attack to Turla.", "Turla"),
    ("it says so twice", "ESET attributes the attack to Turla. We attribute the attack to Turla.", "Turla"),
    ("it names two", "ESET attributes the attack to Turla. Microsoft attributes the attack to OilRig.", None),
    ("it denies", "ESET does not attribute the attack to Turla.", None),
    ("it suspects", "ESET suspects that Turla carried out the attack.", None),
    ("it only speaks of somebody", "The malware resembles what Turla used.", None),
    ("it names a state", "ESET attributes the attack to Russia.", None),
]


@pytest.mark.parametrize(("why", "text", "cluster"), SETTLED)
def test_which_documents_are_settled(where, folder, why, text, cluster):
    add_paths(where, [written(folder, "one", f"Analysis of a malware campaign.\n\n{text}\n")])
    with open_workspace(where.workspace) as store:
        found = settled_documents(store)
    assert list(found.values()) == ([cluster] if cluster else []), why


def test_an_analyst_settles_what_names_two_and_unsettles_what_names_one(where, folder):
    text = (
        "Analysis of a malware campaign.\n\nESET attributes the attack to {}. Microsoft attributes the attack to {}.\n"
    )
    add_paths(where, [written(folder, "two", text.format("Turla", "OilRig"))])
    with open_workspace(where.workspace) as store:
        ids = {each.object.name: each.id for each in store.statements(predicate="attributed-to")}
    steps = [
        # statement, verdict, settled under
        ("OilRig", Verdict.REJECT, ["Turla"]),
        ("OilRig", Verdict.ACCEPT, ["OilRig"]),
        ("OilRig", Verdict.REJECT, ["Turla"]),
        ("Turla", Verdict.REJECT, []),
    ]
    for name, verdict, expected in steps:
        decide(where, ids[name], verdict, "analyst", "2026-11-25", "")
        with open_workspace(where.workspace) as store:
            assert list(settled_documents(store).values()) == expected


def test_a_report_is_compared_without_its_names(where, folder, tmp_path):
    settle(where, folder)
    # The names point to another cluster than the words: they are told, and do not count.
    asked = written(tmp_path, "asked", f"OilRig and OilRig again, of Iran. {report('Lynx', 9_001)}")
    found = ask(where, asked)
    assert (found.settled, found.compared, found.clusters, found.same) == (18, 18, 3, ())
    assert found.ranking.candidates[0].cluster == "Gamaredon"
    assert not found.ranking.abstains
    assert found.names == (("oilrig", "actor", 2), ("iran", "country", 1))


def test_a_copy_of_a_settled_report_is_no_evidence(where, folder, tmp_path):
    settle(where, folder)
    text = (folder / "Turla-3.txt").read_text("utf-8")
    found = ask(where, written(tmp_path, "asked", text + "With a sentence of its own at the end.\n"))
    assert len(found.same) == 1
    assert found.compared == 17


def test_reports_that_are_filed_by_hand(where, folder, tmp_path):
    settle(where, folder, each=5)
    shelf = tmp_path / "shelf"
    for number in range(5):
        (shelf / "Sandworm").mkdir(parents=True, exist_ok=True)
        written(shelf / "Sandworm", str(number), f"A report without a name. {report('Stoat', 500 + number)}")
    asked = written(tmp_path, "asked", report("Stoat", 9_004))
    assert ask(where, asked).ranking.candidates[0].cluster != "Sandworm"
    found = ask(where, asked, filed=shelf)
    assert (found.compared, found.clusters, found.ranking.candidates[0].cluster) == (20, 4, "Sandworm")
    with pytest.raises(InputError, match=r"no folder"):
        ask(where, asked, filed=asked)
    (shelf / "Sandworm" / "empty.txt").write_bytes(b"")
    with pytest.raises(InputError, match=r"empty\.txt"):
        ask(where, asked, filed=shelf)


def test_with_too_few_settled_reports_nothing_is_said(where, folder, tmp_path):
    settle(where, folder, each=4)
    found = ask(where, written(tmp_path, "asked", report("Heron", 9_002)))
    assert (found.settled, found.compared, found.ranking.abstains) == (12, 0, True)
    assert found.ranking.reasons == ("no-profiles",)


def test_without_a_workspace_or_a_file(where, folder, tmp_path):
    asked = written(tmp_path, "asked", report("Heron", 9_003))
    with pytest.raises(StoreError):
        ask(where, asked)
    settle(where, folder, each=1)
    with pytest.raises(InputError):
        ask(where, tmp_path / "nowhere.txt")
    assert ask(where, asked).ranking.reasons == ("no-profiles",)


def test_what_is_printed(where, folder, tmp_path, capsys):
    settle(where, folder)
    console = Console(where, as_json=False)
    show_text(console, ask(where, written(tmp_path, "asked", f"By OilRig. {report('Lynx', 9_001)}")))
    text = " ".join(capsys.readouterr().out.split())
    assert "reads like reports on Gamaredon: it is very likely (80–95 %) that it is one." in text
    assert "of 18 settled reports here" in text
    assert "claims of its writer that were not counted: oilrig (1)." in text
    show_text(console, ask(where, written(tmp_path, "short", "turbine")))
    text = " ".join(capsys.readouterr().out.split())
    assert "The text does not say enough beside its names" in text
    assert "too few words of the text are known" in text
