"""``consilience verify``: what a package proves, and which change it tells of, from a folder that knows nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from conftest import ROOT
from consilience.app.opening_packages import open_package
from consilience.app.settings import settings
from consilience.app.use_cases import add_paths
from consilience.app.verifying import State, Verified, verify_file
from consilience.attribution.comparison import Cause
from consilience.cli.output import Console
from consilience.cli.verify import verify as verify_command
from consilience.errors import FormatError, InputError, LimitError
from consilience.exchange import dsse
from consilience.exchange.assessment_package import PAYLOAD_TYPE, AssessmentPackage, encode
from consilience.exchange.signing_keys import PrivateKey, make_key
from consilience.exchange.trust import ASSESSMENT, KEY_ROTATION, Partner, Revocation, TrustedKey
from consilience.exchange.trust_files import append_revocation, write_partner
from consilience.model.dates import PartialDate
from consilience.model.judgement import About, CaseJudgement, Ruling
from consilience.model.marking import Marking
from consilience.model.statement import statement_id
from shared_cases import ALBANIA, AUTHOR, SERVER, anybody, gathered_case, released_package

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
OURS = "identity--22222222-2222-4222-8222-222222222222"
BOTH = pytest.mark.parametrize("case", [ALBANIA, SERVER])

replace = msgspec.structs.replace


def package_of(case: str, to: str = "") -> AssessmentPackage:
    recipient = replace(anybody(Marking.GREEN), identity=to)
    return released_package(gathered_case(case), recipient).value


def written(package: AssessmentPackage) -> bytes:
    """Return a package as anybody could write it, past every gate."""
    return msgspec.json.encode(package, order="deterministic")


def verified(tmp_path: Path, data: bytes) -> Verified:
    """Check bytes from a folder without a workspace."""
    file = tmp_path / "sent.json"
    file.write_bytes(data)
    return verify_file(settings(tmp_path / "no-workspace"), file, NOW)


def states(found: Verified) -> dict[str, State]:
    return {check.point: check.state for check in found.checks}


def sentence(found: Verified, point: str) -> str:
    return next(check.sentence for check in found.checks if check.point == point)


@BOTH
def test_a_real_case_in_a_fresh_folder_is_equal_to_the_byte(case: str, tmp_path: Path) -> None:
    found = verified(tmp_path, encode(released_package(gathered_case(case), anybody(Marking.GREEN))))
    assert found.is_sound
    expected = {"statements": State.PROVEN, "method": State.PROVEN, "knowledge": State.PROVEN}
    expected |= {"signature": State.OPEN, "assessment": State.PROVEN}
    expected |= {"overlaps": State.PROVEN} if case == SERVER else {}
    assert states(found) == expected
    assert sentence(found, "assessment").endswith("equal to the byte.")
    assert found.comparison is not None
    assert found.comparison.is_same
    assert not (tmp_path / "no-workspace").exists()


# One change at a time: the check that fails, and what it names.


def one_statement(package: AssessmentPackage, edit: Callable[[Any], Any]) -> AssessmentPackage:
    """Return the package with one statement of an item changed."""
    counted = next(item.statements[0] for item in package.assessment.evidence if item.statements)
    statements = tuple(edit(each) if each.id == counted else each for each in package.material.statements)
    return replace(package, material=replace(package.material, statements=statements))


def a_weight(package: AssessmentPackage) -> AssessmentPackage:
    first = package.assessment.evidence[0]
    weights = {key: value + 3.0 for key, value in first.weights.items()}
    evidence = (replace(first, weights=weights), *package.assessment.evidence[1:])
    return replace(package, assessment=replace(package.assessment, evidence=evidence))


def a_judgement(package: AssessmentPackage) -> AssessmentPackage:
    made = CaseJudgement(
        about=About.ITEM,
        target=package.assessment.evidence[0].id,
        ruling=Ruling.REJECT,
        author="mallory",
        made=PartialDate("2026-01-01"),
    )
    return replace(package, material=replace(package.material, judgements=(made,)))


def a_setting(package: AssessmentPackage) -> AssessmentPackage:
    return replace(package, settings=replace(package.settings, min_odds=2.5))


def a_grade(package: AssessmentPackage) -> AssessmentPackage:
    used = next(row.source for row in package.assessment.sources if row.statements)
    sources = {**package.material.sources, used.id: replace(used, derives_from=(), basis="trust me")}
    return replace(package, material=replace(package.material, sources=sources))


def an_answer_of_knowledge(package: AssessmentPackage) -> AssessmentPackage:
    key = next(iter(package.knowledge.clusters))
    clusters = {**package.knowledge.clusters, key: replace(package.knowledge.clusters[key], name="Another")}
    return replace(package, knowledge=replace(package.knowledge, clusters=clusters))


def reversed_sense(statement: Any) -> Any:
    return replace(statement, credibility=1 + statement.credibility % 6, id="")


@pytest.mark.parametrize(
    ("change", "failed", "causes"),
    [
        (lambda p: one_statement(p, lambda s: replace(s, quote="other words")), {"statements", "assessment"}, ()),
        (lambda p: one_statement(p, reversed_sense), {"assessment"}, (Cause.DATA,)),
        (a_weight, {"assessment"}, ()),
        (a_judgement, {"assessment"}, (Cause.JUDGEMENTS,)),
        (a_setting, {"assessment"}, (Cause.SETTINGS,)),
        (a_grade, {"assessment"}, (Cause.SOURCES,)),
        (an_answer_of_knowledge, {"knowledge"}, None),
    ],
    ids=["a statement", "a statement and its id", "a weight", "a judgement", "a setting", "a grade", "knowledge"],
)
def test_one_change_is_found_and_named(
    change: Callable[[AssessmentPackage], AssessmentPackage],
    failed: set[str],
    causes: tuple[Cause, ...] | None,
    tmp_path: Path,
) -> None:
    honest = package_of(ALBANIA)
    found = verified(tmp_path, written(change(honest)))
    assert not found.is_sound
    assert {point for point, state in states(found).items() if state is State.FAILED} >= failed
    assert found.comparison is not None
    if causes is not None:
        assert found.comparison.causes == causes


@BOTH
def test_a_changed_weight_is_named_with_the_item_and_the_hypothesis_that_it_moves(case: str, tmp_path: Path) -> None:
    changed = a_weight(package_of(case))
    found = verified(tmp_path, written(changed))
    assert found.comparison is not None
    (item,) = found.comparison.items
    assert item.id == changed.assessment.evidence[0].id
    assert item.moves == -3.0
    assert item.id in sentence(found, "assessment")
    assert "does not follow from the data, knowledge, settings and judgements" in sentence(found, "assessment")


def test_another_method_proves_neither_the_figures_nor_their_opposite(tmp_path: Path) -> None:
    other = replace(a_weight(package_of(ALBANIA)), method="consilience-method/0")
    found = verified(tmp_path, written(other))
    assert (states(found)["method"], states(found)["assessment"]) == (State.OPEN, State.OPEN)
    assert "other figures may come of that alone" in sentence(found, "method")


def test_a_changed_statement_is_named_by_its_id(tmp_path: Path) -> None:
    changed = one_statement(package_of(ALBANIA), lambda each: replace(each, quote="other words"))
    (wrong,) = (each for each in changed.material.statements if each.quote == "other words")
    assert statement_id(wrong) != wrong.id
    assert wrong.id in sentence(verified(tmp_path, written(changed)), "statements")


def test_a_changed_setting_is_told_with_both_figures(tmp_path: Path) -> None:
    found = verified(tmp_path, written(a_setting(package_of(ALBANIA))))
    assert found.comparison is not None
    assert [(each.name, each.ours, each.theirs) for each in found.comparison.settings] == [("min_odds", 2.0, 2.5)]


def test_overlaps_that_the_rows_do_not_give_are_found(tmp_path: Path) -> None:
    package = package_of(SERVER)
    assert package.link is not None
    more = tuple(replace(each, weight=each.weight + 5.0) for each in package.link.overlaps)
    found = verified(tmp_path, written(replace(package, link=replace(package.link, overlaps=more))))
    assert states(found)["overlaps"] is State.FAILED


def test_statements_of_documents_that_are_not_listed_and_markings_above_the_release_are_found(tmp_path: Path) -> None:
    package = package_of(ALBANIA)
    documents = tuple(replace(each, marking=Marking.RED) for each in package.material.documents[1:])
    found = verified(tmp_path, written(replace(package, material=replace(package.material, documents=documents))))
    assert (states(found)["documents"], states(found)["markings"]) == (State.FAILED, State.FAILED)
    assert "Marked above TLP:GREEN" in sentence(found, "markings")


def test_what_this_centre_read_itself_is_compared_with_what_comes_back(tmp_path: Path) -> None:
    """A partner sends our own statements back, one of them changed and with a fitting id."""
    where = settings(tmp_path / "workspace")
    add_paths(where, [ROOT / "cases" / ALBANIA / "documents"])
    package = package_of(ALBANIA)
    prose = [each for each in package.material.statements if each.rule.startswith("misp") or "stix" in each.rule]
    assert prose
    changed = replace(prose[0], subject=replace(prose[0].subject, name="Somebody else"), id="")
    statements = tuple(changed if each == prose[0] else each for each in package.material.statements)
    file = tmp_path / "back.json"
    file.write_bytes(written(replace(package, material=replace(package.material, statements=statements))))
    found = verify_file(where, file, NOW)
    assert states(found)["readings"] is State.FAILED
    assert changed.id in sentence(found, "readings")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all lists, texts and numbers."""
    if isinstance(value, dict):
        return [path_ for key, each in value.items() for path_ in leaves(each, (*path, key))]
    if isinstance(value, list):
        return [path, *(path_ for place, each in enumerate(value) for path_ in leaves(each, (*path, place)))]
    return [path]


@cache
def sent_json(case: str) -> tuple[bytes, list[tuple[Any, ...]]]:
    data = encode(released_package(gathered_case(case), anybody(Marking.GREEN)))
    looked_at = ("settings", "material", "knowledge", "link")
    return data, [path for path in leaves(json.loads(data)) if path[0] in looked_at and len(path) > 1]


REPLACEMENTS = st.one_of(
    st.sampled_from(["", "x", "9999-99-99", "\u202e", "TLP:RED", [], -1, 10**12, 1e308, -1e-308, None, True]), st.text()
)


@pytest.mark.slow
@BOTH
@hypothesis.settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_change_of_a_field_raises_anything_but_our_errors(case: str, data: st.DataObject, tmp_path: Path) -> None:
    """A partner's package is a stranger's input to the whole of the analysis."""
    written_, paths = sent_json(case)
    content = json.loads(written_)
    path = paths[data.draw(st.integers(0, len(paths) - 1), "path")]
    parent = content
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = data.draw(REPLACEMENTS, "instead")
    changed = msgspec.json.encode(content)
    try:
        found = verified(tmp_path, changed)
    except InputError:
        return
    assert "assessment" in states(found)


# Signatures.


class Centre:
    """A partner with its key, trusted in the workspace of the test."""

    def __init__(self, folder: Path, identity: str, name: str, **more: Any) -> None:
        self.key: PrivateKey = make_key()
        key = TrustedKey(public=self.key.public, valid_from=PartialDate("2026-01-01"), **more)
        self.partner = Partner(
            identity=identity,
            name=name,
            keys=(key,),
            own=identity == OURS,
            ceiling=Marking.GREEN,
            may_sign=(ASSESSMENT,),
        )
        self.file = write_partner(folder / "workspace" / "trust", self.partner)

    def signs(self, payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
        return dsse.encode(dsse.sign(payload, payload_type, [self.key]))


@pytest.fixture
def sender(tmp_path: Path) -> Centre:
    Centre(tmp_path, OURS, "CERT Here")
    return Centre(tmp_path, AUTHOR, "CERT Sender")


def check(tmp_path: Path, data: bytes, at: datetime = NOW) -> Verified:
    file = tmp_path / "sent.dsse.json"
    file.write_bytes(data)
    return verify_file(settings(tmp_path / "workspace"), file, at)


def test_a_signed_package_proves_who_made_it_and_for_whom(sender: Centre, tmp_path: Path) -> None:
    found = check(tmp_path, sender.signs(written(package_of(ALBANIA, OURS))))
    assert found.is_sound
    proven = {point for point, state in states(found).items() if state is State.PROVEN}
    assert proven >= {"signature", "author", "recipient", "assessment"}
    assert "A key of CERT Sender signed exactly these bytes" in sentence(found, "signature")


def test_a_bundle_that_claims_anothers_identity_is_told_of(sender: Centre, tmp_path: Path) -> None:
    mallory = Centre(tmp_path, "identity--33333333-3333-4333-8333-333333333333", "CERT Mallory")
    found = check(tmp_path, mallory.signs(written(package_of(ALBANIA, OURS))))
    assert states(found)["signature"] is State.PROVEN
    assert states(found)["author"] is State.FAILED
    assert f"names {AUTHOR} as its author and is validly signed by CERT Mallory" in sentence(found, "author")


def test_a_signature_swapped_from_another_package_does_not_hold(sender: Centre, tmp_path: Path) -> None:
    good = json.loads(sender.signs(written(package_of(ALBANIA, OURS))))
    other = json.loads(sender.signs(written(a_setting(package_of(ALBANIA, OURS)))))
    found = check(tmp_path, json.dumps({**other, "signatures": good["signatures"]}).encode())
    assert states(found)["signature"] is State.FAILED
    assert not found.is_sound


def test_a_package_that_was_released_to_another_centre_is_told_of(sender: Centre, tmp_path: Path) -> None:
    elsewhere = "identity--44444444-4444-4444-8444-444444444444"
    found = check(tmp_path, sender.signs(written(package_of(ALBANIA, elsewhere))))
    assert states(found)["recipient"] is State.FAILED
    assert "passed on or replayed" in sentence(found, "recipient")


def test_a_revoked_key_proves_nothing(tmp_path: Path) -> None:
    Centre(tmp_path, OURS, "CERT Here")
    stolen = Centre(tmp_path, AUTHOR, "CERT Sender", revoked=None)
    data = stolen.signs(written(package_of(ALBANIA, OURS)))
    append_revocation(stolen.file, stolen.key.public.key_id, Revocation(PartialDate("2026-11-25"), "stolen"))
    found = check(tmp_path, data)
    assert states(found)["signature"] is State.FAILED
    assert "revoked since 2026-11-25 (stolen)" in sentence(found, "signature")
    assert check(tmp_path, data, NOW - timedelta(days=2)).is_sound


def test_a_signature_over_another_type_of_payload_is_no_package(sender: Centre, tmp_path: Path) -> None:
    data = sender.signs(written(package_of(ALBANIA, OURS)), KEY_ROTATION)
    with pytest.raises(FormatError, match="the envelope holds application/vnd"):
        check(tmp_path, data)
    relabelled = {**json.loads(data), "payloadType": PAYLOAD_TYPE}
    assert states(check(tmp_path, json.dumps(relabelled).encode()))["signature"] is State.FAILED


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00\x01\x02",
        b'{"payloadType": 1}',
        b'{"payloadType":"' + PAYLOAD_TYPE.encode() + b'","payload":"e30=","payload":"e30=","signatures":[]}',
        b'{"payloadType":"' + PAYLOAD_TYPE.encode() + b'","payload":"!!","signatures":[{"sig":"AA=="}]}',
        b'{"schema":' + b"[" * 200_000,
    ],
)
def test_what_is_no_package_is_refused_with_its_file(data: bytes, tmp_path: Path) -> None:
    with pytest.raises((FormatError, LimitError)) as caught:
        check(tmp_path, data)
    assert caught.value.file.endswith("sent.dsse.json")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: No such file"):
        verify_file(settings(tmp_path / "workspace"), tmp_path / "none.json", NOW)


def test_a_bare_package_may_end_with_a_line_break() -> None:
    data = written(package_of(ALBANIA))
    assert open_package(data + b"\n", "x").package == open_package(data, "x").package


# The command.


def run(arguments: list[str], workspace: Path, capsys: pytest.CaptureFixture[str], as_json: bool = False) -> Any:
    code = verify_command.main(arguments, obj=Console(settings(workspace), as_json), standalone_mode=False)
    out = capsys.readouterr().out
    return code, json.loads(out) if as_json else out


def test_the_command_says_what_is_proven_and_what_is_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    file = tmp_path / "sent.json"
    file.write_bytes(written(package_of(ALBANIA)))
    code, out = run([str(file)], tmp_path / "none", capsys)
    assert code == 0
    assert "✓ assessment  Weighed again from what came along, the assessment is equal to the byte." in out
    assert "nothing is wrong with it; not proven: signature" in out
    file.write_bytes(written(a_weight(package_of(ALBANIA))))
    code, out = run([str(file)], tmp_path / "none", capsys)
    assert code == 1
    assert "✗ assessment" in out
    assert "it is not to be relied on" in out
    assert package_of(ALBANIA).assessment.evidence[0].id in out


def test_the_command_gives_all_of_it_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sent.json"
    file.write_bytes(written(a_setting(package_of(ALBANIA))))
    code, out = run([str(file)], tmp_path / "none", capsys, as_json=True)
    assert (code, out["schema"], out["sound"]) == (1, "consilience-verify/1", False)
    assert out["comparison"]["causes"] == ["settings"]
    assert {each["point"] for each in out["checks"]} >= {"statements", "assessment", "knowledge"}
