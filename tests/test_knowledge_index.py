"""The knowledge index on the data that pymispgalaxies really installs (1.1.1: MISP galaxy of 2025)."""

from __future__ import annotations

import http.server
import json
import lzma
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.errors import FormatError, KnowledgeError, UnknownNameError
from consilience.knowledge import attack
from consilience.knowledge.claims import code_of, make_claims
from consilience.knowledge.common_words import is_common
from consilience.knowledge.disagreements import contested
from consilience.knowledge.galaxies import GALAXIES, packaged_folder, read_cluster_file
from consilience.knowledge.gathering import gather
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.knowledge.names import loose_key, strict_key
from consilience.knowledge.update import newer_folder, update
from consilience.knowledge.values import Alias, KnownCluster
from consilience.model.statement import EntityType

SHARED = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def knowledge(cache):
    with open_knowledge(cache) as opened:
        yield opened


@pytest.fixture(scope="module")
def claims():
    return make_claims(gather(None))


def codes(report):
    return {each.code for each in report.disagreements}


# --- who: what an analyst gets for a name -------------------------------------------------------------------------

EVERYONE = {"qihoo360", "microsoft", "misp-galaxy", "mitre-attack"}
WHO = [
    # name                publishers that have a cluster of this name          what they differ in
    ("Salt Typhoon", {"misp-galaxy", "mitre-attack", "tidal"}, set()),
    ("Volt Typhoon", {"misp-galaxy", "mitre-attack"}, set()),
    ("APT28", EVERYONE, set()),
    ("Grizzly Steppe", {"misp-galaxy"}, {"name-on-several-clusters"}),
    ("Andariel", {"misp-galaxy", "mitre-attack"}, {"name-on-several-clusters", "publishers-differ"}),
    ("Mint Sandstorm", {"microsoft", "misp-galaxy", "mitre-attack"}, {"name-on-several-clusters"}),
    (
        "Cadet Blizzard",
        {"microsoft", "misp-galaxy", "mitre-attack"},
        {"name-on-several-clusters", "publishers-differ"},
    ),
    ("UNC2452", {"misp-galaxy", "mitre-attack"}, {"publishers-differ"}),
    ("Gamaredon", EVERYONE, {"generic-word-ignored"}),
    ("Lazarus", EVERYONE, {"generic-word-ignored"}),
    ("HomeLand Justice", {"misp-galaxy"}, set()),
    (
        "Carbanak",
        {"qihoo360", "misp-galaxy", "mitre-attack"},
        {"publishers-differ", "sponsor-differs", "name-is-software-too"},
    ),
    ("BlackEnergy", {"mitre-attack"}, {"generic-word-ignored", "name-is-software-too"}),
    ("X-Agent", set(), set()),
    ("Nobody Whom Anybody Knows", set(), set()),
]


@pytest.mark.parametrize(("name", "publishers", "differences"), WHO, ids=[row[0] for row in WHO])
def test_who_says_what_of_a_name(knowledge, name, publishers, differences):
    report = knowledge.who(name)
    assert {cluster.source for cluster in report.clusters} == publishers
    assert codes(report) == differences


@pytest.mark.parametrize("name", ["GAMAREDON GROUP", "gamaredon-group", " Gamaredon  Group ", "ＧamaredonGroup"])
def test_spelling_does_not_matter(knowledge, name):
    keys = [cluster.key for cluster in knowledge.clusters_named(name, loosely=False)]
    assert keys == ["misp-galaxy:1a77e156-76bc-43f5-bdd7-bd67f30fbbbb", "mitre-attack:G0047"]


def test_what_only_the_loose_key_finds_comes_last_and_is_marked(knowledge):
    report = knowledge.who("Gamaredon")
    exact = knowledge.clusters_named("Gamaredon", loosely=False)
    marks = {each.params["key"]: each.params["written"] for each in report.disagreements}
    assert report.clusters[: len(exact)] == exact
    assert {each.source for each in exact} == {"qihoo360", "microsoft"}
    assert {each.key: each.name for each in report.clusters[len(exact) :]} == marks


def test_clusters_of_one_name_are_never_merged(knowledge):
    sandworm = knowledge.who("Sandworm Team").clusters
    assert len({each.key for each in sandworm}) == len(sandworm) == 4
    assert {alias.claimed_by for each in sandworm for alias in each.aliases} == EVERYONE


def test_a_disagreement_tells_its_particulars(knowledge):
    found = {each.code: each.params for each in knowledge.who("Andariel").disagreements}
    assert found["name-on-several-clusters"] == {
        "name": "Andariel",
        "publisher": "misp-galaxy",
        "clusters": "Silent Chollima; Lazarus Group",
        "keys": "misp-galaxy:245c8dde-ed42-4c49-b48b-634e3e21bdd7; misp-galaxy:68391641-859f-4a9a-9a1e-3e5cf71ec376",
    }
    assert found["publishers-differ"] == {
        "name": "Andariel",
        "publisher": "misp-galaxy",
        "cluster": "Lazarus Group",
        "key": "misp-galaxy:68391641-859f-4a9a-9a1e-3e5cf71ec376",
        "other_publisher": "mitre-attack",
        "counterpart": "Lazarus Group",
        "counterpart_key": "mitre-attack:G0032",
        "other_cluster": "Andariel",
        "other_key": "mitre-attack:G0138",
    }
    sponsors = {each.code: each.params for each in knowledge.who("Carbanak").disagreements}["sponsor-differs"]
    assert sponsors["claims"] == "RU: FIN7 (misp-galaxy); UA: Carbanak (qihoo360)"


def test_contested_names_of_the_whole_index(knowledge):
    found = knowledge.contested_names()
    several = {each.params["name"] for each in found if each.code == "name-on-several-clusters"}
    misp = [each for each in found if each.params["publisher"] == "misp-galaxy" and "keys" in each.params]
    assert {"Andariel", "Cadet Blizzard", "Grizzly Steppe", "Mint Sandstorm"} <= several
    assert len(misp) == 25
    assert {each.code for each in found} == {"name-on-several-clusters", "publishers-differ"}
    for each in found:
        keys = ";".join(value for field, value in each.params.items() if field.endswith(("key", "keys")))
        assert all(knowledge.cluster(key.strip()) for key in keys.split(";"))


def test_the_count_of_contested_misp_names_against_a_plain_count(claims):
    """The same 25 names, counted straight from the file: the keys may only join spellings, never lose a name."""
    values = json.loads((packaged_folder() / "threat-actor.json").read_bytes())["values"]
    bearers: dict[str, set[str]] = {}
    for entry in values:
        for name in (entry["value"], *(entry["meta"].get("synonyms", ()) if "meta" in entry else ())):
            bearers.setdefault(name.lower(), set()).add(entry["uuid"])
    plain = {name for name, uuids in bearers.items() if len(uuids) > 1}
    clusters = [each for each in claims.clusters if each.source == "misp-galaxy"]
    ours = {key for key, each in contested(clusters) if each.code == "name-on-several-clusters"}
    assert {strict_key(name) for name in plain} <= ours


# --- whose word a field is ----------------------------------------------------------------------------------------


def test_attack_gives_software_and_techniques(knowledge):
    gamaredon = knowledge.cluster("mitre-attack:G0047")
    assert gamaredon.name == "Gamaredon Group"
    assert "Pteranodon" in gamaredon.software
    assert {"T1566.001", "T1059.005"} <= set(gamaredon.techniques)
    assert "mitre-attack:G0047" in knowledge.technique_users("T1566.001")
    assert knowledge.technique_name("T1566.001") == "Spearphishing Attachment"
    assert "mitre-attack:G0047" in knowledge.software_named("Pteranodon")[-1].users


def test_a_relation_in_attack_s_file_can_be_the_word_of_misp_s_editors(knowledge):
    relations = knowledge.cluster("mitre-attack:G0047").relations
    assert [(each.predicate, each.claimed_by, each.term) for each in relations] == [
        ("similar", "misp-galaxy", "likely")
    ]
    revoked = knowledge.cluster("mitre-attack:G0118").relations
    assert [(each.predicate, each.target, each.claimed_by) for each in revoked] == [
        ("revoked-by", "mitre-attack:G0016", "mitre-attack")
    ]


def test_a_revoked_cluster_takes_no_part_in_disagreements(knowledge):
    assert {each.key for each in knowledge.clusters_named("Dark Halo")} >= {"mitre-attack:G0118", "mitre-attack:G0016"}
    assert not [each for each in knowledge.contested_names() if "mitre-attack:G0118" in " ".join(each.params.values())]


def test_a_target_that_no_galaxy_holds_keeps_its_uuid(knowledge):
    names = {
        each.target_name for each in knowledge.cluster("misp-galaxy:f512de42-f76b-40d2-9923-59e7dbdfec35").relations
    }
    assert "b47250ec-2094-4d06-b658-11456e05fe89" in names
    assert "Sandworm Team" in names


def test_sponsors_keep_the_text_as_published(knowledge):
    (claim,) = knowledge.cluster("misp-galaxy:5b4ee3ea-eee3-4c8e-8323-85ae32658754").sponsors
    assert (claim.country, claim.sponsor, claim.confidence, claim.claimed_by) == (
        "RU",
        "Russian Federation",
        "50",
        "misp-galaxy",
    )


def test_tidal_repeating_attack_is_no_second_voice(knowledge):
    assert knowledge.cluster_count("tidal") == 115
    assert "tidal" not in {each.source for each in knowledge.clusters_named("APT28")}
    assert {each.source for each in knowledge.clusters_named("SCARLETEEL")} == {"misp-galaxy", "tidal"}


COUNTRY_WORDS = [
    ("RU", "RU"),
    ("Korea (Democratic People's Republic of)", "KP"),
    ("Korea (Republic of)", "KR"),
    ("Iran (Islamic Republic of)", "IR"),
    ("korea", "KP"),
    ("southKorea", "KR"),
    ("america", "US"),
    ("中国", "CN"),
    ("mideast", ""),
    ("Middle East", ""),
    ("Bank of America", ""),
    ("NATO", ""),
]


@pytest.mark.parametrize(("text", "code"), COUNTRY_WORDS)
def test_countries_of_the_galaxies(text, code):
    assert code_of(text) == code


def test_every_published_sponsor_has_a_country_or_is_known_to_name_none(claims):
    without = {claim.sponsor for cluster in claims.clusters for claim in cluster.sponsors if not claim.country}
    assert without == {"mideast", "southeast", "namerica"}


# --- names --------------------------------------------------------------------------------------------------------

SAME = [
    ("Cozy Bear", "CozyBear"),
    ("APT 28", "apt-28"),
    ("LAPSUS$", "Lapsus"),
    ("Ｓnake", "SNAKE"),
    ("TEMP.Zagros", "temp zagros"),
]
LOOSE = [
    ("Gamaredon Group", "Gamaredon"),
    ("The Shadow Brokers", "Shadow Brokers"),
    ("BlackEnergy (Group)", "BlackEnergy"),
    ("Sandworm Team", "Sandworm"),
    ("Play Ransomware Group", "play"),
]
APART = [
    ("APT1", "APT10"),
    ("Group 72", "Group 74"),
    ("Cozy Bear", "Cozy Bears"),
    ("Winnti Umbrella", "Winnti"),
    ("$$$", "!!!"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_name(one, other):
    assert strict_key(one) == strict_key(other)


@pytest.mark.parametrize(("one", "other"), LOOSE)
def test_same_name_without_generic_words(one, other):
    assert strict_key(one) != strict_key(other)
    assert loose_key(one) == loose_key(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_other_name(one, other):
    assert strict_key(one) != strict_key(other)
    assert loose_key(one) != loose_key(other)


def test_a_name_of_generic_words_only_stays_itself():
    assert loose_key("Team") == "team"
    assert loose_key("APT Group") == "aptgroup"


@given(st.text(min_size=1))
def test_a_key_is_its_own_key(name):
    assert strict_key(strict_key(name)) == strict_key(name)


@given(
    st.lists(st.sampled_from(["Cozy", "Bear", "28", "Ünit", "沙虫"]), min_size=1),
    st.sampled_from(["", " ", "-", "_", "."]),
)
def test_what_stands_between_words_does_not_matter(words, between):
    assert strict_key(between.join(words)) == strict_key(" ".join(words).upper())


COMMON = [
    "Snake",
    "Wizard",
    "Will",
    "Carbon",
    "Play",
    "Hive",
    "Empire",
    "Havoc",
    "Royal",
    "Russian",
    "May",
    "777",
    "RTM",
    "Dragon",
]
DISTINCT = ["Gamaredon", "APT28", "Fancy Bear", "Salt Typhoon", "Sandworm", "LockBit", "Group 72", "海莲花", "Mimikatz"]


@pytest.mark.parametrize(("name", "common"), [(name, True) for name in COMMON] + [(name, False) for name in DISTINCT])
def test_which_names_need_context(name, common):
    assert is_common(name) is common


def test_the_gazetteer_holds_every_name_and_loads_fast(knowledge):
    took = []
    for _ in range(3):  # the best of three: a pause of the garbage collector is not the loading
        began = time.process_time()
        gazetteer = knowledge.gazetteer()
        took.append(time.process_time() - began)
    assert min(took) < 0.1
    found = {(each.name, each.key): each for each in gazetteer}
    assert len(found) == len(gazetteer) > 10_000
    assert found["Gamaredon Group", "mitre-attack:G0047"].type is EntityType.CLUSTER
    assert found["Mimikatz", "mitre-attack:S0002"].type is EntityType.TOOL
    assert found["Snake", "malpedia:547deef9-67c3-483e-933d-171ee8b6b918"].common
    for each in gazetteer[::97]:
        known = knowledge.cluster(each.key) if each.type is EntityType.CLUSTER else knowledge.software(each.key)
        assert known.source == each.key.partition(":")[0]


# --- disagreements, on clusters made up for the purpose -----------------------------------------------------------


def made(key, *names):
    source = key.partition(":")[0]
    return KnownCluster(key=key, name=names[0], source=source, aliases=tuple(Alias(name, source) for name in names[1:]))


DISAGREEMENTS = [
    ("one cluster each, all names shared", ["a:1 Bear Cat", "b:1 Bear Cat"], set()),
    ("a name on two clusters of one publisher", ["a:1 Bear Cat", "a:2 Dog Cat"], {("cat", "name-on-several-clusters")}),
    ("a name at the counterpart's neighbour", ["a:1 Bear Cat", "b:1 Bear", "b:2 Cat"], {("cat", "publishers-differ")}),
    (
        "main names decide against longer lists",
        ["a:1 Bear Cat Elk", "b:1 Bear", "b:2 Cat Elk"],
        {("cat", "publishers-differ"), ("elk", "publishers-differ")},
    ),
    ("a name that the other does not know", ["a:1 Bear Cat", "b:1 Bear", "b:2 Dog"], set()),
    ("no name in common", ["a:1 Bear", "b:1 Cat"], set()),
]


@pytest.mark.parametrize(
    ("clusters", "expected"), [row[1:] for row in DISAGREEMENTS], ids=[row[0] for row in DISAGREEMENTS]
)
def test_where_publishers_differ(clusters, expected):
    found = contested([made(*text.split()) for text in clusters])
    assert {(key, each.code) for key, each in found} == expected


@given(st.permutations(["a:1 Bear Cat Elk", "a:2 Dog Elk", "b:1 Bear Dog", "b:2 Cat", "c:1 Elk Bear", "c:2 Dog"]))
def test_the_order_of_clusters_does_not_matter(clusters):
    ordered = contested([made(*text.split()) for text in sorted(clusters)])
    assert contested([made(*text.split()) for text in clusters]) == ordered
    assert ordered


# --- the index file -----------------------------------------------------------------------------------------------

ASK = """
import sys
from pathlib import Path
from consilience.knowledge.index import open_knowledge
knowledge = open_knowledge(Path(sys.argv[1]))
print(len(knowledge.who("Lazarus").clusters), knowledge.version)
loaded = {"numpy", "pyarrow", "duckdb", "pymispgalaxies", "consilience.knowledge.claims"} & set(sys.modules)
print("loaded", *sorted(loaded))
"""


def ask(cache):
    return subprocess.Popen([sys.executable, "-c", ASK, str(cache)], stdout=subprocess.PIPE, text=True)


def test_a_warm_question_is_a_short_process_and_loads_nothing_heavy(knowledge, cache):
    took = []
    for _ in range(3):
        began = time.perf_counter()
        answer = ask(cache).communicate()[0].splitlines()
        took.append(time.perf_counter() - began)
        assert answer == [f"4 {knowledge.version}", "loaded"]
    assert min(took) < 1.0


def test_first_runs_at_once_and_after_a_killed_one(tmp_path, knowledge):
    killed = ask(tmp_path)
    while killed.poll() is None and not list(tmp_path.glob(".building-*")):
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not list(tmp_path.glob("knowledge-*"))
    (left_over,) = tmp_path.glob(".building-*")
    os.utime(left_over, (0, 0))

    answers = [process.communicate()[0].splitlines()[0] for process in [ask(tmp_path) for _ in range(2)]]
    assert answers == [f"4 {knowledge.version}"] * 2
    assert [path.suffix for path in tmp_path.iterdir()] == [".sqlite"]


def test_an_index_made_elsewhere_is_the_same(knowledge, tmp_path):
    package, _, index = knowledge.version.partition("+index.")
    assert package == "pymispgalaxies 1.1.1"
    assert len(index) == 16
    of_another_process = tmp_path / ".building-now.sqlite"
    of_another_process.touch()
    with open_knowledge(tmp_path) as elsewhere:
        assert of_another_process.exists()
        assert elsewhere.version == knowledge.version
        assert elsewhere.gazetteer() == knowledge.gazetteer()
        assert elsewhere.contested_names() == knowledge.contested_names()


def test_an_unknown_key_is_an_error_and_an_unknown_name_is_not(knowledge):
    with pytest.raises(UnknownNameError, match="G9999"):
        knowledge.cluster("mitre-attack:G9999")
    with pytest.raises(UnknownNameError, match="T9999"):
        knowledge.technique_name("T9999")
    assert knowledge.clusters_named("x' OR 1=1 --") == ()
    assert knowledge.who("").clusters == ()


@pytest.mark.parametrize("damage", [b"", b"not a database, but long enough to be taken for one" * 100])
def test_a_damaged_index_says_what_to_do(cache, knowledge, tmp_path, damage):
    (index,) = cache.glob("knowledge-*.sqlite")
    (tmp_path / index.name).write_bytes(damage)
    with pytest.raises(KnowledgeError, match="delete it") as raised:
        open_knowledge(tmp_path)
    assert raised.value.file.endswith(index.name)


def test_a_cache_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(KnowledgeError, match="cannot be made"):
        open_knowledge(tmp_path / "file" / "cache")


def test_every_galaxy_that_is_read_is_installed():
    missing = [galaxy.filename for galaxy in GALAXIES if not (packaged_folder() / galaxy.filename).is_file()]
    assert missing == []
    for galaxy in GALAXIES:
        assert (
            read_cluster_file((packaged_folder() / galaxy.filename).read_bytes(), galaxy.filename).type == galaxy.type
        )


# --- newer copies -------------------------------------------------------------------------------------------------

NEWER = {
    "name": "Threat Actor",
    "type": "threat-actor",
    "version": 999,
    "values": [
        {
            "value": "Tin Otter",
            "uuid": "00000000-0000-4000-8000-000000000001",
            "meta": {
                "synonyms": ["UNC0000", "Made-up Marten"],
                "name-attribution": ["UNC0000:Mandiant", "Made-up Marten:Proofpoint, Inc."],
                "country": "FR",
                "attribution-confidence": 50,
            },
        }
    ],
}


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name.replace('_', '-')}.json").write_text(text)
    return folder


def open_newer(cache: Path) -> Knowledge:
    return open_knowledge(cache, newer_folder(cache))


def test_a_newer_copy_goes_before_the_packaged_one(tmp_path, knowledge):
    cache = tmp_path / "cache"
    report = update(write(tmp_path / "copy", anything=NEWER, sector={"type": "sector", "values": []}), cache)
    assert (report.kept, report.rejected, report.ignored) == (("threat-actor.json",), (), ("sector.json",))
    with open_newer(cache) as newer:
        assert newer.version != knowledge.version
        assert newer.cluster_count("misp-galaxy") == 1
        assert newer.cluster_count("mitre-attack") == knowledge.cluster_count("mitre-attack")
        (otter,) = newer.clusters_named("Tin Otter")
        assert otter.aliases == (Alias("UNC0000", "vendor:mandiant"), Alias("Made-up Marten", "vendor:proofpoint-inc"))
        assert otter.sponsors[0].confidence == "50"


BROKEN = [
    ("not JSON", "{", "$", "truncated"),
    ("no galaxy", {"type": "threat-actor"}, "$", "missing required field"),
    ("a name that is a number", {"type": "tool", "values": [{"value": 3}]}, "$.values[0].value", "Expected `str`"),
    ("no entries", {"type": "tool", "values": []}, "$.values", "no entries"),
    ("a bundle without groups", {"type": "bundle", "objects": []}, "$.objects", "no ATT&CK group"),
]


@pytest.mark.parametrize(("content", "place", "reason"), [row[1:] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_copy_is_rejected_with_file_place_and_reason(tmp_path, content, place, reason):
    cache = tmp_path / "cache"
    folder = write(tmp_path / "copy", broken=content)
    with pytest.raises(KnowledgeError, match=reason):
        update(folder, cache)
    assert not newer_folder(cache).exists()
    report = update(write(folder, good=NEWER), cache)
    assert report.kept == ("threat-actor.json",)
    assert [each.file for each in report.rejected] == ["broken.json"]
    assert reason in report.rejected[0].reason
    if place != "$":
        assert report.rejected[0].place == place


def test_copies_that_make_no_index_together_change_nothing(tmp_path):
    cache = tmp_path / "cache"
    update(write(tmp_path / "good", a=NEWER), cache)
    before = {path.name: path.read_bytes() for path in newer_folder(cache).iterdir()}
    twice = {**NEWER, "values": NEWER["values"] * 2}
    with pytest.raises(KnowledgeError, match="two entries have the same id"):
        update(write(tmp_path / "bad", a=twice), cache)
    assert {path.name: path.read_bytes() for path in newer_folder(cache).iterdir()} == before


def test_a_folder_without_anything_to_take(tmp_path):
    with pytest.raises(KnowledgeError, match="no file that the index reads"):
        update(tmp_path, tmp_path / "cache")
    with pytest.raises(KnowledgeError, match="No such file"):
        update(tmp_path / "absent.json", tmp_path / "cache")
    with pytest.raises(KnowledgeError, match="neither a folder nor"):
        update("ftp://127.0.0.1/threat-actor.json", tmp_path / "cache")


class _Server(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "ftp://127.0.0.1/threat-actor.json")
            self.end_headers()
        else:
            super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    folder = write(tmp_path / "served", threat_actor=NEWER, rat="{")

    def handler(*arguments):
        return _Server(*arguments, directory=str(folder))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()
        thread.join()


def test_one_file_from_a_url(server, tmp_path):
    report = update(f"{server}/threat-actor.json", tmp_path / "cache", timeout=5)
    assert (report.kept, report.rejected) == (("threat-actor.json",), ())


def test_the_files_under_a_url(server, tmp_path):
    report = update(server + "/", tmp_path / "cache", timeout=5)
    assert report.kept == ("threat-actor.json",)
    reasons = {each.file.rpartition("/")[2]: each.reason for each in report.rejected}
    assert len(reasons) == len(GALAXIES) - 1
    assert "truncated" in reasons["rat.json"]
    assert "404" in reasons["malpedia.json"]


def test_a_url_cannot_turn_to_another_scheme(server, tmp_path):
    with pytest.raises(KnowledgeError, match="another scheme"):
        update(server + "/elsewhere.json", tmp_path / "cache", timeout=5)


def test_a_file_url(tmp_path):
    folder = write(tmp_path / "a copy", a=NEWER)
    assert update(folder.as_uri(), tmp_path / "cache").kept == ("threat-actor.json",)


# --- ATT&CK bundles -----------------------------------------------------------------------------------------------


def stix(type_, number, name, attack_id, **more):
    id_ = f"{type_}--00000000-0000-4000-8000-{number:012}"
    return {
        "type": type_,
        "id": id_,
        "name": name,
        "external_references": [{"source_name": "mitre-attack", "external_id": attack_id}],
        **more,
    }


def relation(one, kind, other, **more):
    return {
        "type": "relationship",
        "relationship_type": kind,
        "source_ref": one["id"],
        "target_ref": other["id"],
        **more,
    }


GROUP = stix("intrusion-set", 1, "Tin Otter", "G9001", aliases=["Tin Otter", "UNC0000"])
OLD = stix("intrusion-set", 2, "UNC0000", "G9000", revoked=True)
GONE = stix("intrusion-set", 3, "Gone", "G9002", x_mitre_deprecated=True)
MALWARE = stix("malware", 4, "OTTERDOOR", "S9001", x_mitre_aliases=["OTTERDOOR", "Otter Door"])
TECHNIQUE = stix("attack-pattern", 5, "Phishing", "T9001")
UNUSED = stix("attack-pattern", 6, "Unused", "T9002")
BUNDLE = {
    "type": "bundle",
    "objects": [
        *(GROUP, OLD, GONE, MALWARE, TECHNIQUE, UNUSED, GROUP),
        relation(GROUP, "uses", MALWARE),
        relation(GROUP, "uses", TECHNIQUE),
        relation(GROUP, "uses", UNUSED, revoked=True),
        relation(OLD, "revoked-by", GROUP),
        {"type": "identity", "id": "identity--1", "name": "MITRE"},
    ],
}


def test_a_bundle_takes_the_place_of_the_attack_galaxies(tmp_path, knowledge):
    cache = tmp_path / "cache"
    assert update(write(tmp_path / "copy", enterprise=BUNDLE), cache).kept == ("attack-enterprise.json",)
    with open_newer(cache) as newer:
        assert newer.cluster_count("mitre-attack") == 2
        assert newer.cluster_count("misp-galaxy") == knowledge.cluster_count("misp-galaxy")
        otter = newer.cluster("mitre-attack:G9001")
        assert (otter.name, otter.software, otter.techniques) == ("Tin Otter", ("OTTERDOOR",), ("T9001",))
        assert otter.aliases == (Alias("UNC0000", "mitre-attack"),)
        assert newer.software_named("otter door")[0].users == ("mitre-attack:G9001",)
        assert newer.cluster("mitre-attack:G9000").relations[0].target == "mitre-attack:G9001"
        assert codes(newer.who("UNC0000")) == set()


def test_a_bundle_with_a_wrong_field_names_its_place():
    broken = {"type": "bundle", "objects": [{**GROUP, "aliases": "one"}]}
    with pytest.raises(FormatError) as raised:
        attack.read_bundle(json.dumps(broken).encode(), "b.json")
    assert (raised.value.file, raised.value.place) == ("b.json", "$.objects[0].aliases")


@pytest.mark.slow
def test_the_real_bundle_agrees_with_the_galaxy():
    """ATT&CK 18.1 (enterprise) from STIX against the packaged galaxy: uuids, ids, names and names of groups agree."""
    packed = SHARED / "attack" / "enterprise-attack-18.1.json.xz"
    if not packed.is_file():
        pytest.skip("the ATT&CK bundle of the shared data is not here")
    bundle = attack.read_bundle(lzma.decompress(packed.read_bytes()), "enterprise-attack.json")
    groups = {each.uuid: each for each in attack.entries([bundle])["mitre-intrusion-set"]}
    packaged = {each.uuid: each for each in gather(None).entries["mitre-intrusion-set"]}
    both = groups.keys() & packaged.keys()
    assert (len(groups), len(packaged), len(both)) == (178, 183, 172)
    assert {uuid for uuid in both if groups[uuid].meta.external_id != packaged[uuid].meta.external_id} == set()
    same_name = [uuid for uuid in both if groups[uuid].value == packaged[uuid].value]
    assert len(same_name) > 0.95 * len(both)
    for uuid in same_name:
        assert {each.dest for each in groups[uuid].related if each.kind == "uses"} or groups[uuid].revoked
