"""The release gate: what is above a recipient's ceiling is in nothing that leaves, not even in a number."""

from __future__ import annotations

import json
import shutil
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import ROOT
from consilience.app.adding import source_by_id
from consilience.app.assessing import Gathered, assess_material
from consilience.app.settings import settings as places
from consilience.app.sharing import EXPORTERS, package_of, prepare, resting_on_withheld
from consilience.attribution.hypotheses import slug
from consilience.attribution.knowledge_excerpt import LookupRecord
from consilience.attribution.material import CaseMaterial
from consilience.errors import MarkingError
from consilience.exchange.assessment_package import AssessmentPackage, encode
from consilience.exchange.recipient import Part, Recipient
from consilience.exchange.release import HeldBack, Released, bound_by, may_leave, refuse_above, release
from consilience.exchange.tlp_banners import label_in
from consilience.formats.case_judgements import append_judgement
from consilience.knowledge.index import Knowledge, open_knowledge
from consilience.model.case import Case, Question
from consilience.model.dates import PartialDate
from consilience.model.document import Document
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.model.marking import STIX_ID, Marking
from consilience.model.source import Source
from consilience.model.statement import Entity, EntityType, Statement
from shared_cases import ALBANIA, SENDER, SERVER, anybody, gathered_case, released_package

CANARY = "Qanarijavogel"


@pytest.fixture(scope="module")
def known() -> Iterator[Knowledge]:
    with open_knowledge(places().cache) as knowledge:
        yield knowledge


# What may leave, decided on markings alone.


@pytest.mark.parametrize(
    ("marking", "ceiling", "leaves"),
    [
        ("TLP:CLEAR", "TLP:CLEAR", True),
        ("TLP:GREEN", "TLP:CLEAR", False),
        ("TLP:GREEN", "TLP:AMBER", True),
        ("TLP:AMBER", "TLP:AMBER", True),
        ("TLP:AMBER+STRICT", "TLP:AMBER", False),
        ("TLP:AMBER+STRICT", "TLP:AMBER+STRICT", True),
        ("TLP:RED", "TLP:AMBER+STRICT", False),
    ],
)
def test_what_is_not_above_the_ceiling_leaves(marking: str, ceiling: str, leaves: bool) -> None:
    assert may_leave(anybody(Marking(ceiling)), Marking(marking)) is leaves


def test_nobody_gets_a_ceiling_of_red() -> None:
    with pytest.raises(MarkingError, match="TLP:RED is for the persons in the room"):
        Recipient(name="CERT Example", ceiling=Marking.RED)


@pytest.mark.parametrize(
    ("case", "document", "own", "bound"),
    [
        ("TLP:CLEAR", "TLP:CLEAR", "TLP:GREEN", "TLP:GREEN"),
        ("TLP:CLEAR", "TLP:AMBER", "TLP:GREEN", "TLP:AMBER"),
        ("TLP:RED", "TLP:CLEAR", "TLP:CLEAR", "TLP:RED"),
        ("TLP:CLEAR", "", "TLP:CLEAR", "TLP:RED"),  # of a document that nobody knows
    ],
)
def test_the_most_restrictive_of_case_document_and_own_marking_binds(
    case: str, document: str, own: str, bound: str
) -> None:
    held = Document(sha256="0", name="d", format="text", size=1, marking=Marking(document)) if document else None
    asked = Case(id="c", title={}, question=Question.WHO, asks={}, marking=Marking(case))
    assert bound_by(asked, held, Marking(own)) == bound


def test_a_document_is_bound_by_the_strictest_statement_in_it() -> None:
    """Its digest covers that statement: who knows the rest of the file could check a guess of it."""
    material = gathered_case(ALBANIA).material
    first = material.statements[0]
    amber = msgspec.structs.replace(first, quote="another", marking=Marking.AMBER, id="")
    sent = release(
        msgspec.structs.replace(material, statements=(*material.statements, amber)), anybody(Marking.GREEN)
    ).released.value
    assert first.place.document not in msgspec.json.encode(sent).decode()


def test_only_the_gate_makes_released_values() -> None:
    with pytest.raises(TypeError, match="only the release gate releases"):
        Released("secret", anybody(), None, object())  # type: ignore[arg-type]


def test_every_exporter_takes_what_the_gate_has_released() -> None:
    for name, exporter in EXPORTERS.items():
        taken = typing.get_type_hints(exporter)
        assert taken.pop("return") is bytes, name
        assert list(taken.values()) == [Released[AssessmentPackage]], name


# The law: what is sent is what a centre would send that never had the things above the ceiling.


def hidden(text: str) -> str:
    return f"{CANARY} {text}" if text else text


def with_canaries(statement: Statement, marking: Marking, document: str) -> Statement:
    """Return a statement with the canary in every text that it has; its id is made of it."""
    thing = statement.object
    return msgspec.structs.replace(
        statement,
        subject=Entity(statement.subject.type, hidden(statement.subject.name), namer=CANARY),
        object=Entity(EntityType.CLUSTER, hidden(thing.name)) if thing else None,
        source=f"{CANARY}-source",
        via=f"{CANARY}-relay",
        quote=hidden(statement.quote or "words"),
        rule=CANARY,
        attributes=((CANARY, CANARY),),
        place=msgspec.structs.replace(statement.place, document=document, pointer=CANARY),
        marking=marking,
        id="",
    )


def planted(material: CaseMaterial, documents: set[int], statements: set[int], marking: Marking) -> CaseMaterial:
    """Return the material with further things above the ceiling: copies of documents, statements and rows, canaried.

    A source that may leave is made to repeat one that speaks in them alone, and an analyst has judged what they gave.
    """
    further, said, rows = [], [], []
    for number in sorted(documents):
        copied = material.documents[number % len(material.documents)]
        sha = f"{CANARY.lower()}{number:04}"
        further.append(
            msgspec.structs.replace(
                copied, sha256=sha, name=hidden(copied.name), title=CANARY, url=CANARY, source=CANARY, marking=marking
            )
        )
        own = [each for each in material.statements if each.place.document == copied.sha256]
        said += [with_canaries(each, Marking.CLEAR, sha) for each in own]  # bound by their document
        rows += [
            msgspec.structs.replace(row, document=sha, source=CANARY, cluster=hidden("cluster"), marking=marking)
            for row in material.rows
            if row.document == copied.sha256
        ]
    for number in sorted(statements):
        copied_statement = material.statements[number % len(material.statements)]
        said.append(with_canaries(copied_statement, marking, copied_statement.place.document))
    if not said:
        return material
    judged_ = tuple(
        CaseJudgement(
            about=About.HYPOTHESIS,
            target=target,
            ruling=ruling,
            author=CANARY,
            made=PartialDate("2026-01-01"),
            reason=CANARY,
        )
        # What the claim of a withheld statement is called as an explanation, and what nobody knows.
        for target in (slug(hidden("Iran")), CANARY)
        for ruling in (Ruling.REJECT, Ruling.WITHDRAW)
    )
    repeating = material.statements[0].source
    sources = {
        **material.sources,
        f"{CANARY}-source": Source(id=f"{CANARY}-source", name=CANARY, basis=CANARY),
        repeating: msgspec.structs.replace(
            material.sources[repeating],
            derives_from=(*material.sources[repeating].derives_from, f"{CANARY}-source"),
        ),
    }
    return msgspec.structs.replace(
        material,
        statements=(*material.statements, *said),
        documents=(*material.documents, *further),
        rows=(*material.rows, *rows),
        sources=sources,
        judgements=(*material.judgements, *judged_),
    )


def without_documents(material: CaseMaterial, shas: set[str]) -> CaseMaterial:
    """A centre that never had some documents, nor heard of who speaks in them alone.

    What holds something withheld is itself withheld: its digest is one of that too.
    """
    rest = msgspec.structs.replace(
        material,
        documents=tuple(each for each in material.documents if each.sha256 not in shas),
        statements=tuple(each for each in material.statements if each.place.document not in shas),
        rows=tuple(each for each in material.rows if each.document not in shas),
        techniques=tuple(each for each in material.techniques if each.document not in shas),
    )
    unheard = speaking(material) - speaking(rest)
    sources = {
        key: msgspec.structs.replace(each, derives_from=tuple(one for one in each.derives_from if one not in unheard))
        for key, each in material.sources.items()
        if key not in unheard
    }
    return msgspec.structs.replace(rest, sources=sources)


def speaking(material: CaseMaterial) -> set[str]:
    said = {source for each in material.statements for source in (each.source, each.via)}
    return said | {each.source for each in (*material.documents, *material.rows)}


def exported(found: Gathered, material: CaseMaterial, recipient: Recipient, known: Knowledge) -> dict[str, bytes]:
    """Return every form in which the material leaves, as ``prepare`` makes them."""
    own = assess_material(material, _record(known), found.link)
    seen = release(material, recipient).released.value
    differing = resting_on_withheld(own, assess_material(seen, _record(known), found.link), material.judgements)
    package = package_of(
        release(material, recipient, HeldBack(items=differing)).released, known, SENDER, found.link, found.lineage
    )
    return {form: exporter(package) for form, exporter in EXPORTERS.items()}


def _record(known: Knowledge) -> LookupRecord:
    return LookupRecord(known, source_by_id)


MARKINGS = st.sampled_from([Marking.GREEN, Marking.AMBER, Marking.AMBER_STRICT, Marking.RED])
SOME = st.sets(st.integers(0, 40), max_size=4)


@pytest.mark.slow
@pytest.mark.parametrize("case", [ALBANIA, SERVER])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(documents=SOME, statements=SOME, marking=MARKINGS, one_less=st.booleans())
def test_what_is_above_the_ceiling_is_in_no_byte_and_moves_no_number(
    case: str, known: Knowledge, documents: set[int], statements: set[int], marking: Marking, one_less: bool
) -> None:
    found = gathered_case(case)
    below = list(Marking)[marking.rank - 1] if one_less or marking is Marking.RED else Marking.CLEAR
    recipient = anybody(below)
    holding = {found.material.statements[n % len(found.material.statements)].place.document for n in statements}
    without = exported(found, without_documents(found.material, holding), recipient, known)
    sent = exported(found, planted(found.material, documents, statements, marking), recipient, known)
    for form, data in sent.items():
        assert CANARY.lower() not in data.decode("utf-8", "replace").lower(), form
        assert data == without[form], form


def test_the_canaries_would_be_found(known: Knowledge) -> None:
    """With a ceiling that lets them through, every form shows them: the search above can fail."""
    found = gathered_case(ALBANIA)
    sent = exported(found, planted(found.material, {0, 5}, {1}, Marking.GREEN), anybody(Marking.GREEN), known)
    for form in ("package", "json", "dossier"):
        assert CANARY in sent[form].decode(), form


# Judgements, sources, parts, case.


def judged(target: str, about: About = About.ITEM, ruling: Ruling = Ruling.REJECT) -> CaseJudgement:
    return CaseJudgement(
        about=about, target=target, ruling=ruling, author="mira", made=PartialDate("2026-01-02"), reason="seen this"
    )


def with_judgements(material: CaseMaterial, *judgements: CaseJudgement) -> CaseMaterial:
    return msgspec.structs.replace(material, judgements=judgements)


def test_a_judgement_leaves_without_its_reason_unless_reasons_are_released() -> None:
    material = with_judgements(gathered_case(ALBANIA).material, judged("iran-state", About.HYPOTHESIS))
    (bare,) = release(material, anybody()).released.value.judgements
    (full,) = release(
        material, Recipient(name="CERT Example", ceiling=Marking.GREEN, reasons=True)
    ).released.value.judgements
    assert (bare.author, bare.reason, full.reason) == ("mira", "", "seen this")


def test_a_judgement_on_an_item_that_rests_on_something_withheld_stays_at_home() -> None:
    material = with_judgements(gathered_case(ALBANIA).material, judged("claim-1"), judged("claim-2"))
    found = release(material, anybody(), HeldBack(items=frozenset({"claim-2"})))
    assert [each.target for each in found.released.value.judgements] == ["claim-1"]
    assert [(each.kind, each.id) for each in found.withheld] == [("judgement", "claim-2")]


def test_what_counts_for_an_item_is_not_only_its_weight(known: Knowledge) -> None:
    """A statement that repeats what another says moves nothing, and yet the judgement on the item has seen it."""
    found = gathered_case(ALBANIA)
    weights = found.assessment
    first = next(item for item in weights.evidence if item.statements)
    fewer = msgspec.structs.replace(
        weights,
        evidence=tuple(
            msgspec.structs.replace(item, statements=item.statements[1:]) if item.id == first.id else item
            for item in weights.evidence
        ),
    )
    assert resting_on_withheld(weights, fewer, ()) == {first.id}


def test_a_part_can_be_left_out_and_the_rest_still_weighs(known: Knowledge) -> None:
    found = gathered_case(ALBANIA)
    recipient = Recipient(name="CERT Example", ceiling=Marking.GREEN, without=(Part.QUOTES, Part.TITLES))
    package = released_package(found, recipient).value
    assert [each.quote for each in package.material.statements if each.quote] == []
    assert [each for each in package.material.documents if each.title or each.url] == []
    assert package.assessment.leading == found.assessment.leading
    assert package.note.without == {
        "quotes": sum(bool(each.quote) for each in found.material.statements),
        "titles": len(found.material.documents),
    }
    quoted = [each.quote for each in found.material.statements if len(each.quote) > 25]
    for form, exporter in EXPORTERS.items():
        data = exporter(released_package(found, recipient)).decode()
        assert [words for words in quoted if words in data] == [], form
    assert [words for words in quoted if json.dumps(words, ensure_ascii=False)[1:-1] not in whole(found)] == []


def whole(found: Gathered) -> str:
    return encode(released_package(found, anybody())).decode()


def test_a_statement_without_its_words_has_another_id() -> None:
    """The old id is a digest of the words: who guesses them could check the guess."""
    found = gathered_case(ALBANIA)
    bare = release(found.material, Recipient(name="X", ceiling=Marking.GREEN, without=(Part.QUOTES,))).released.value
    kept = {each.id for each in bare.statements}
    assert not kept & {each.id for each in found.material.statements if each.quote}


def test_a_statement_does_not_name_a_withheld_one_that_it_supersedes() -> None:
    material = gathered_case(ALBANIA).material
    old = msgspec.structs.replace(material.statements[0], marking=Marking.RED, id="")
    new = msgspec.structs.replace(material.statements[1], supersedes=(old.id, material.statements[2].id), id="")
    given_ = msgspec.structs.replace(material, statements=(*material.statements[2:], old, new))
    sent = release(given_, anybody()).released.value
    assert [each.supersedes for each in sent.statements if each.supersedes] == [(material.statements[2].id,)]
    assert old.id not in msgspec.json.encode(sent).decode()
    assert new.id not in msgspec.json.encode(sent).decode()


def test_analysts_can_stay_unnamed_and_their_rulings_still_count() -> None:
    material = with_judgements(gathered_case(ALBANIA).material, judged("iran-state", About.HYPOTHESIS, Ruling.ACCEPT))
    recipient = Recipient(name="X", ceiling=Marking.GREEN, without=(Part.ANALYSTS,), reasons=True)
    (sent,) = release(material, recipient).released.value.judgements
    assert (sent.author, sent.reason, sent.ruling) == ("analyst 1", "", Ruling.ACCEPT)


def test_who_corrected_a_statement_stays_unnamed_too() -> None:
    material = gathered_case(ALBANIA).material
    first, *rest = material.statements
    corrected = msgspec.structs.replace(first, attributes=(("read-by", "en/x"), ("reviewer", "mira")), id="")
    recipient = Recipient(name="X", ceiling=Marking.GREEN, without=(Part.ANALYSTS,))
    sent = release(msgspec.structs.replace(material, statements=(corrected, *rest)), recipient).released.value
    assert [each.attributes for each in sent.statements if dict(each.attributes).get("read-by") == "en/x"] == [
        (("read-by", "en/x"),)
    ]
    assert corrected.id not in {each.id for each in sent.statements}


def test_a_case_above_the_ceiling_is_refused() -> None:
    material = gathered_case(ALBANIA).material
    amber = msgspec.structs.replace(material, case=msgspec.structs.replace(material.case, marking=Marking.AMBER))
    with pytest.raises(MarkingError, match=r"the case is marked TLP:AMBER, and CERT Example gets TLP:GREEN at most"):
        release(amber, anybody(Marking.GREEN))


def test_overlaps_that_were_counted_from_a_row_above_the_ceiling_are_refused() -> None:
    link = gathered_case(SERVER).link
    assert link is not None
    refuse_above(anybody(), link.rows)
    rows = (*link.rows[1:], msgspec.structs.replace(link.rows[0], marking=Marking.RED))
    with pytest.raises(MarkingError, match="marked TLP:RED"):
        refuse_above(anybody(), rows)


def test_nobody_is_led_back_to_a_source_that_speaks_in_withheld_things_alone() -> None:
    """Also where the case itself describes that source: its name is for those who get its word."""
    material = gathered_case(ALBANIA).material
    agent = Source(id="agent-x", name="Agent X", derives_from=())
    relay = msgspec.structs.replace(material.sources["press-relay"], derives_from=("agent-x", "mandiant"))
    given_ = msgspec.structs.replace(
        material,
        case=msgspec.structs.replace(material.case, sources=(agent, relay)),
        sources={**material.sources, "agent-x": agent, "press-relay": relay},
    )
    found = release(given_, anybody(), HeldBack(sources=frozenset({"agent-x", "mandiant"})))
    assert found.released.value.sources["press-relay"].derives_from == ("mandiant",)  # which speaks in the open too
    assert "agent-x" not in msgspec.json.encode(found.released.value).decode()
    assert ("source", "agent-x") in {(each.kind, each.id) for each in found.withheld}


def test_paths_of_this_machine_do_not_leave() -> None:
    found = gathered_case(ALBANIA)
    assert found.material.case.documents
    assert release(found.material, anybody()).released.value.case.documents == ()


# From real files: a red report among the documents, read, gathered, weighed and exported as a user does it.

RED_REPORT = f"""Title: {CANARY} title
Source: mandiant
Date: 2022-08-05
Language: en
TLP: RED

{CANARY} Security attributes the attack on the Albanian government to {CANARY} Bear with high confidence. Mandiant
assesses with high confidence that Iran carried out the attack on the Albanian government. The malware ZEROCLEAR and
{CANARY}Wiper were used from 203.0.113.77 and {CANARY.lower()}.example.org.
"""


def red_bundle() -> str:
    """Return a bundle in which one object is TLP:RED, so that all of it is bound."""
    moment = {"spec_version": "2.1", "created": "2022-08-05T00:00:00.000Z", "modified": "2022-08-05T00:00:00.000Z"}
    red = {"object_marking_refs": [STIX_ID[Marking.RED]]}
    actor = "intrusion-set--22222222-2222-4222-8222-222222222222"
    tool = "malware--33333333-3333-4333-8333-333333333333"
    objects = [
        {"type": "intrusion-set", "id": actor, "name": f"{CANARY} Bear", "aliases": ["Gamaredon"], **moment},
        {"type": "malware", "id": tool, "name": f"{CANARY}Wiper", "is_family": True, **moment, **red},
        {
            "type": "relationship",
            "id": "relationship--44444444-4444-4444-8444-444444444444",
            "relationship_type": "uses",
            "source_ref": actor,
            "target_ref": tool,
            **moment,
        },
        {
            "type": "indicator",
            "id": "indicator--55555555-5555-4555-8555-555555555555",
            "pattern": "[ipv4-addr:value = '144.172.112.106']",
            "pattern_type": "stix",
            "valid_from": "2022-08-05T00:00:00Z",
            "name": CANARY,
            **moment,
        },
    ]
    return json.dumps({"type": "bundle", "id": "bundle--66666666-6666-4666-8666-666666666666", "objects": objects})


def case_copy(folder: Path, name: str, *documents: str) -> Path:
    copy = folder / name
    shutil.copytree(ROOT / "cases" / name, copy, ignore=shutil.ignore_patterns("assessment"))
    yaml = copy / "case.yaml"
    with yaml.open("a", encoding="utf-8") as file:
        for each in documents:
            file.write(f"  - {{path: documents/{each}, source: mandiant}}\n")
    return copy


def test_an_explanation_that_only_a_red_claim_gives_and_that_was_rejected_is_not_named(tmp_path: Path) -> None:
    folder = case_copy(tmp_path, ALBANIA, "red.csv")
    (folder / "documents" / "red.csv").write_text(
        "said,source,subject,subject_type,predicate,object,object_type,act,quote,lang,marking\n"
        "2022-08-05,mandiant,Cyberattack on the Albanian government,incident,attributed-to,"
        f"{CANARY} Bear,intrusion-set,assessment,it was {CANARY} Bear,en,TLP:RED\n",
        "utf-8",
    )
    text = (folder / "case.yaml").read_text("utf-8")
    begin, end = text.index("hypotheses:\n"), text.index("sources:\n")
    (folder / "case.yaml").write_text(text[:begin] + text[end:], "utf-8")
    where = places(tmp_path / "workspace")
    own = prepare(where, folder, anybody(), SENDER).own
    (red,) = (each.id for each in own.hypotheses if CANARY.lower() in each.id and not each.of)
    rejected = CaseJudgement(
        about=About.HYPOTHESIS, target=red, ruling=Ruling.REJECT, author="mira", made=PartialDate("2026-01-02")
    )
    append_judgement(folder, rejected)
    found = prepare(where, folder, anybody(), SENDER)
    assert red not in {each.id for each in found.own.hypotheses}
    assert CANARY.lower() not in encode(found.package).decode().lower()
    assert red in {each.id for each in found.withheld if each.kind == "judgement"}


@pytest.mark.slow
@pytest.mark.parametrize("case", [ALBANIA, SERVER])
def test_a_red_report_in_the_workspace_changes_no_byte_of_what_is_sent(case: str, tmp_path: Path) -> None:
    recipient = anybody()
    clean = prepare(places(tmp_path / "clean"), ROOT / "cases" / case, recipient, SENDER)
    folder = case_copy(tmp_path, case, "red.txt", "red.json")
    (folder / "documents" / "red.txt").write_text(RED_REPORT, "utf-8")
    (folder / "documents" / "red.json").write_text(red_bundle(), "utf-8")
    marked = prepare(places(tmp_path / "marked"), folder, recipient, SENDER)
    assert CANARY in msgspec.json.encode(marked.own).decode()  # at home it counts
    assert {each.kind for each in marked.withheld} >= {"document", "statement"}
    for form, exporter in EXPORTERS.items():
        data = exporter(marked.package)
        assert CANARY.lower() not in data.decode().lower(), form
        assert data == exporter(clean.package), form


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("TLP:RED", "TLP:RED"),
        ("Page 3 of 9 | TLP: AMBER+STRICT | do not copy", "TLP:AMBER+STRICT"),
        ("TLP:GREEN on page 1 and TLP-AMBER on page 2", "TLP:AMBER"),
        ("TLP:WHITE", "TLP:CLEAR"),
        ("The protocol (TLP) has red, amber and green.", "TLP:CLEAR"),
        ("XTLP:RED and TLP:REDUCED", "TLP:CLEAR"),
        ("", "TLP:CLEAR"),
    ],
)
def test_the_strictest_label_in_a_text_counts(text: str, label: str) -> None:
    assert label_in(text) == label


def test_a_report_that_says_red_on_its_page_is_held_back_though_nobody_marked_it(tmp_path: Path) -> None:
    folder = case_copy(tmp_path, ALBANIA, "page.txt")
    text = RED_REPORT.replace("TLP: RED\n", "") + "\nTLP:RED\n"
    (folder / "documents" / "page.txt").write_text(text, "utf-8")
    where = places(tmp_path / "workspace")
    found = prepare(where, folder, anybody(), SENDER)
    reasons = {(each.id, each.reason, each.marking) for each in found.withheld if each.kind == "document"}
    assert reasons == {("page.txt", "is above the ceiling, as its text or something in it says", Marking.RED)}
    assert CANARY not in encode(found.package).decode()
    by_marking = prepare(where, folder, anybody(), SENDER, by_text=False)
    assert CANARY in encode(by_marking.package).decode()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows.csv", "type,value,cluster,marking\ndomain-name,{canary}.example.net,HomeLand Justice,TLP:RED\n"),
        ("list.txt", "# TLP:RED\n{canary}.example.net\n203.0.113.78\n"),
    ],
)
def test_a_list_with_a_label_in_a_cell_or_a_comment_is_held_back(name: str, text: str, tmp_path: Path) -> None:
    folder = case_copy(tmp_path, ALBANIA, name)
    (folder / "documents" / name).write_text(text.format(canary=CANARY.lower()), "utf-8")
    found = prepare(places(tmp_path / "workspace"), folder, anybody(), SENDER)
    assert CANARY.lower() not in encode(found.package).decode()
    assert (name, Marking.RED) in {(each.id, each.marking) for each in found.withheld if each.kind == "document"}


def test_a_case_of_which_no_document_may_leave_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    (folder / "documents").mkdir(parents=True)
    (folder / "documents" / "red.txt").write_text(RED_REPORT, "utf-8")
    (folder / "case.yaml").write_text(
        "title: {en: A case}\nquestion: who\nasks: {en: Who}\ndocuments:\n  - {path: documents/red.txt}\n", "utf-8"
    )
    with pytest.raises(MarkingError, match="none of the case's documents may go to CERT Example"):
        prepare(places(tmp_path / "workspace"), folder, anybody(), SENDER)
