"""Keys, trust files, what a signature proves, rotation and revocation; and the commands over them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from conftest import ROOT
from consilience.app.settings import settings as run_settings
from consilience.cli.output import Console
from consilience.cli.trust import trust as command
from consilience.errors import ConsilienceError, FormatError, InputError, StoreError
from consilience.exchange.dsse import Envelope, Signature, decode, encode, sign
from consilience.exchange.key_rotation import accept_rotation, make_rotation
from consilience.exchange.signing_keys import (
    PrivateKey,
    make_key,
    read_private_key,
    read_public_key,
    write_private_key,
)
from consilience.exchange.trust import (
    ASSESSMENT,
    MOST_TRIALS,
    Outcome,
    Partner,
    Revocation,
    Trust,
    TrustedKey,
    check_author,
    verify,
)
from consilience.exchange.trust_files import (
    append_key,
    append_revocation,
    parse_partner,
    read_partner,
    read_trust,
    write_partner,
)
from consilience.model.dates import PartialDate
from consilience.model.marking import Marking

A, B = "identity--aaaaaaaa-0000-4000-8000-000000000000", "identity--bbbbbbbb-0000-4000-8000-000000000000"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
KEY, OTHER, STRANGER = (PrivateKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(3))
OLD = TrustedKey(public=KEY.public, valid_from=PartialDate("2026-01"), valid_until=PartialDate("2026-12"))


def trusting(key: TrustedKey = OLD, **fields: object) -> Trust:
    partner = msgspec.structs.replace(Partner(identity=A, name="CERT A", keys=(key,)), **fields)
    return Trust((partner, Partner(identity=B, name="CERT B", keys=(TrustedKey(public=OTHER.public),))))


def revoked(since: str) -> TrustedKey:
    return msgspec.structs.replace(OLD, revoked=Revocation(PartialDate(since), "stolen"))


@pytest.mark.parametrize(
    ("trust", "outcome", "says"),
    [
        (trusting(), Outcome.VALID, "CERT A signed exactly these bytes"),
        (Trust(), Outcome.UNKNOWN_KEY, "nothing is proven"),
        (trusting(revoked("2026-11-26")), Outcome.REVOKED, "revoked since 2026-11-26 (stolen)"),
        (trusting(revoked("2026-11-27")), Outcome.VALID, "was valid at 2026-11-26T12:00:00Z"),
        (
            trusting(msgspec.structs.replace(OLD, valid_until=PartialDate("2026-11-25"))),
            Outcome.OUTSIDE_VALIDITY,
            "from 2026-01 to 2026-11-25",
        ),
        (
            trusting(msgspec.structs.replace(OLD, valid_until=PartialDate("2026-11-26"))),
            Outcome.VALID,  # the last day counts to its end
            "was valid",
        ),
        (
            trusting(msgspec.structs.replace(OLD, valid_from=PartialDate("2026-12"))),
            Outcome.OUTSIDE_VALIDITY,
            "from 2026-12",
        ),
        (trusting(may_sign=("application/other",)), Outcome.NOT_ALLOWED, "may not sign"),
        (trusting(msgspec.structs.replace(OLD, may_sign=("application/other",))), Outcome.NOT_ALLOWED, "may not"),
    ],
)
def test_what_a_signature_comes_to(trust: Trust, outcome: Outcome, says: str) -> None:
    verification = verify(sign(b"{}", ASSESSMENT, [KEY]), trust, NOW)
    (found,) = verification.signatures
    assert found.outcome is outcome
    assert says in found.sentence
    assert verification.is_valid == (outcome is Outcome.VALID)
    assert verification.signers == ((A,) if outcome is Outcome.VALID else ())
    assert found.identity == ("" if outcome is Outcome.UNKNOWN_KEY else A)


@pytest.mark.parametrize(
    "swapped",
    [
        {"payload": b'{"x": 1}'},
        {"payload_type": "application/vnd.consilience.key-rotation+json"},
        {"signatures": sign(b"another payload", ASSESSMENT, [KEY]).signatures},
        {"signatures": sign(b"{}", "application/other", [KEY]).signatures},
    ],
)
def test_a_signature_of_something_else_is_invalid(swapped: dict[str, object]) -> None:
    envelope = msgspec.structs.replace(sign(b"{}", ASSESSMENT, [KEY]), **swapped)
    (found,) = verify(envelope, trusting(), NOW).signatures
    assert found.outcome is Outcome.INVALID
    assert "not by that key over this payload and type" in found.sentence


@pytest.mark.parametrize("hint", ["", "made up", OTHER.public.key_id])
def test_a_key_id_decides_nothing(hint: str) -> None:
    envelope = sign(b"{}", ASSESSMENT, [KEY])
    relabelled = msgspec.structs.replace(envelope.signatures[0], keyid=hint)
    (found,) = verify(msgspec.structs.replace(envelope, signatures=(relabelled,)), trusting(), NOW).signatures
    assert (found.outcome, found.identity, found.key_id) == (Outcome.VALID, A, KEY.public.key_id)


def test_each_signature_is_told_of_and_one_key_twice_is_one_signer() -> None:
    envelope = sign(b"{}", ASSESSMENT, [STRANGER, KEY, KEY, OTHER])
    verification = verify(envelope, trusting(), NOW)
    outcomes = [each.outcome for each in verification.signatures]
    assert outcomes == [Outcome.UNKNOWN_KEY, Outcome.VALID, Outcome.VALID, Outcome.VALID]
    assert verification.signers == (A, B)


def test_keys_are_not_tried_without_end() -> None:
    """A signature that names no key is tried on few: each trial reads the whole payload."""
    many = tuple(TrustedKey(public=make_key().public) for _ in range(MOST_TRIALS))
    trust = Trust((Partner(identity=B, name="CERT B", keys=many), Partner(identity=A, name="CERT A", keys=(OLD,))))
    envelope = sign(b"{}", ASSESSMENT, [KEY])
    assert verify(envelope, trust, NOW).signers == (A,)  # a key that is named is always tried
    nameless = msgspec.structs.replace(envelope, signatures=(Signature(envelope.signatures[0].sig),))
    (found,) = verify(nameless, trust, NOW).signatures
    assert found.outcome is Outcome.UNKNOWN_KEY
    assert "none of the first 64 keys, and names none of the others" in found.sentence


def test_the_author_has_to_be_a_signer() -> None:
    by_b = verify(sign(b"{}", ASSESSMENT, [OTHER]), trusting(), NOW)
    check_author(by_b, B)
    with pytest.raises(InputError, match=r"names identity--aaaaaaaa.* as its author and is validly signed by CERT B"):
        check_author(by_b, A)
    with pytest.raises(InputError, match="has no valid signature"):
        check_author(verify(sign(b"{}", ASSESSMENT, [STRANGER]), trusting(), NOW), A)


# Keys in files


@pytest.mark.parametrize("passphrase", [b"", b"correct horse"])
def test_a_private_key_comes_back(tmp_path: Path, passphrase: bytes) -> None:
    path = tmp_path / "keys" / "a.pem"
    write_private_key(path, KEY, passphrase)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_private_key(path, passphrase).public == KEY.public
    assert (b"ENCRYPTED" in path.read_bytes()) == bool(passphrase)
    with pytest.raises(StoreError, match="is there already"):
        write_private_key(path, OTHER)
    assert read_private_key(path, passphrase).public == KEY.public


def test_private_keys_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pem"
    write_private_key(path, KEY, b"secret")
    for passphrase, reason in ((b"", "none was given"), (b"wrong", "does not open")):
        with pytest.raises(StoreError, match=reason):
            read_private_key(path, passphrase)
    for mode in (0o640, 0o604, 0o620, 0o602):
        path.chmod(mode)
        with pytest.raises(StoreError, match=f"mode {mode:04o}"):
            read_private_key(path, b"secret")
    path.chmod(0o600)
    (tmp_path / "link.pem").symlink_to(path)
    os.mkfifo(tmp_path / "pipe.pem", 0o600)
    for name in ("link.pem", "none.pem", "pipe.pem", "."):
        with pytest.raises(StoreError):
            read_private_key(tmp_path / name, b"secret")
    public = tmp_path / "public.pem"
    public.write_text(KEY.public.pem)
    public.chmod(0o600)
    with pytest.raises(FormatError, match="not a private key"):
        read_private_key(public)


def test_a_secret_is_not_shown() -> None:
    assert repr(KEY) == f"PrivateKey({KEY.public.key_id})"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_reads_our_keys_and_agrees_on_the_key_id(tmp_path: Path) -> None:
    private = tmp_path / "a.pem"
    write_private_key(private, KEY)
    public = subprocess.run(["openssl", "pkey", "-in", private, "-pubout"], capture_output=True, check=True).stdout
    assert read_public_key(public.decode()) == KEY.public
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, capture_output=True, check=True
    ).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256"], input=der, capture_output=True, check=True).stdout
    assert digest.split()[-1].decode() == KEY.public.key_id


RSA_PUBLIC = """-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAL3s5J8xKCMQx7hbOFHXcTxBUzHo5X5U
0Yp+YhD9zDi9T0c3uU8PBPwa4pZK8fXvPpzlpjQnE3SH7CTdPB4gu7sCAwEAAQ==
-----END PUBLIC KEY-----
"""


@pytest.mark.parametrize("pem", ["", "no key", RSA_PUBLIC, "-----BEGIN PUBLIC KEY-----\nÄ\n-----END PUBLIC KEY-----\n"])
def test_public_keys_that_are_refused(pem: str) -> None:
    with pytest.raises(FormatError, match="public key"):
        read_public_key(pem)


# Trust files

WHOLE = f"""
schema = "consilience-trust/1"
identity = "{A}"
name = "CERT A"
ceiling = "TLP:AMBER"
collections = ["assessments"]
may_sign = ["{ASSESSMENT}"]

[[key]]
valid_from = "2026-11-01"
valid_until = "2027-11-01"
public = '''
{KEY.public.pem}'''

[[revocation]]
key = "{KEY.public.key_id}"
since = "2026-12-24T08:00:00Z"
reason = "the laptop was stolen"
"""


def test_a_trust_file_is_read() -> None:
    partner = parse_partner(WHOLE.encode(), "a.toml")
    assert (partner.identity, partner.name, partner.ceiling, partner.own) == (A, "CERT A", Marking.AMBER, False)
    assert (partner.collections, partner.may_sign) == (("assessments",), (ASSESSMENT,))
    (key,) = partner.keys
    assert (key.public, key.valid_until) == (KEY.public, "2027-11-01")
    assert key.revoked == Revocation(PartialDate("2026-12-24T08:00:00Z"), "the laptop was stolen")


@pytest.mark.parametrize(
    ("line", "instead", "place", "reason"),
    [
        ("schema = ", "schema = 'x' #", "schema", "'x'"),
        ("identity = ", "identity = 'CERT A' #", "identity", "not the id of a STIX identity"),
        ("name = ", "name = ' ' #", "name", "empty"),
        ("ceiling = ", "ceiling = 'PURPLE' #", "ceiling", "no TLP marking"),
        ("ceiling = ", "ceiling = 'TLP:RED' #", "ceiling", "released to no centre"),
        ("ceiling = ", "cieling = 'TLP:GREEN' #", "", "unknown field `cieling`"),
        ("valid_from = ", "valid_from = '2026-13' #", "key 1", "month"),
        ("valid_from = ", "valid_from = '2028' #", "key 1", "before it begins"),
        ("public = ", "public = 'x'\nrotated_from = ", "key 1", "not a public key"),
        ("key = ", "key = 'abc' #", "revocation 1", "no key of this partner"),
        ("since = ", "since = '' #", "revocation 1", "no date"),
        ("schema = ", "schema = \xff", "", "no trust file"),
        ("schema = ", "schema == ", "", "no trust file"),
    ],
)
def test_a_fault_in_a_trust_file_is_named(line: str, instead: str, place: str, reason: str) -> None:
    with pytest.raises(FormatError) as raised:
        parse_partner(WHOLE.replace(line, instead, 1).encode("latin-1"), "a.toml")
    assert (raised.value.file, raised.value.place) == ("a.toml", place)
    assert reason in raised.value.reason


def partner_with(*keys: TrustedKey, identity: str = A, name: str = 'CERT "A" \\ b') -> Partner:
    return Partner(identity=identity, name=name, keys=keys, ceiling=Marking.GREEN, collections=("a", "b"))


def test_a_written_trust_file_comes_back_and_is_only_added_to(tmp_path: Path) -> None:
    partner = partner_with(OLD)
    path = write_partner(tmp_path, partner)
    assert read_partner(path) == partner
    path.write_text("# spoken to them on 1 December\n" + path.read_text())
    append_key(path, TrustedKey(public=OTHER.public, rotated_from=KEY.public.key_id))
    append_revocation(path, KEY.public.key_id, Revocation(PartialDate("2026"), 'a "reason"'))
    append_revocation(path, KEY.public.key_id, Revocation(PartialDate("2027"), "later"))
    read = read_partner(path)
    assert [each.rotated_from for each in read.keys] == ["", KEY.public.key_id]
    assert read.keys[0].revoked == Revocation(PartialDate("2026"), 'a "reason"')  # the earlier one counts
    assert path.read_text().startswith("# spoken to them")
    with pytest.raises(StoreError, match="is there already"):
        write_partner(tmp_path, partner)


def test_what_would_spoil_a_trust_file_changes_nothing(tmp_path: Path) -> None:
    path = write_partner(tmp_path, partner_with(OLD))
    before = path.read_bytes()
    for key_id, reason in ((OTHER.public.key_id, "x"), (KEY.public.key_id, 'x"\n[[key]]\n')):
        with pytest.raises(FormatError):
            append_revocation(path, key_id, Revocation(PartialDate("2026"), reason))
    with pytest.raises(FormatError, match="is there already"):
        append_key(path, OLD)
    assert path.read_bytes() == before
    assert list(tmp_path.glob("*[!k]")) == [path]  # beside the lock


def test_one_broken_file_does_not_keep_the_others_from_being_trusted(tmp_path: Path) -> None:
    write_partner(tmp_path, partner_with(OLD, name="good"))
    (tmp_path / "bad.toml").write_text("schema = 1")
    open_to_all = write_partner(tmp_path, partner_with(TrustedKey(public=OTHER.public), identity=B, name="open"))
    open_to_all.chmod(0o666)
    trust = read_trust(tmp_path)
    assert [each.name for each in trust.partners] == ["good"]
    assert ["bad.toml" in flaw or "everybody can change" in flaw for flaw in trust.flaws] == [True, True]
    assert read_trust(tmp_path / "nothing") == Trust()


def test_a_key_or_an_identity_of_two_partners_is_trusted_in_neither(tmp_path: Path) -> None:
    write_partner(tmp_path, partner_with(OLD, name="one"))
    write_partner(tmp_path, partner_with(OLD, TrustedKey(public=OTHER.public), identity=B, name="two"))
    trust = read_trust(tmp_path)
    assert [len(each.keys) for each in trust.partners] == [0, 1]
    assert KEY.public.key_id in trust.flaws[0]
    write_partner(tmp_path, partner_with(identity=B, name="three"))
    assert [each.name for each in read_trust(tmp_path).partners] == ["one"]


def test_two_files_that_are_our_own_are_neither(tmp_path: Path) -> None:
    ours = msgspec.structs.replace(partner_with(OLD, name="ours"), own=True)
    write_partner(tmp_path, ours)
    found = read_trust(tmp_path).own
    assert found is not None
    assert found.identity == A
    write_partner(tmp_path, msgspec.structs.replace(partner_with(identity=B, name="also ours"), own=True))
    trust = read_trust(tmp_path)
    assert (trust.own, len(trust.partners)) == (None, 2)
    assert "this centre's own" in trust.flaws[0]


def test_a_name_that_two_partners_have_means_neither(tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_bytes(write_partner(tmp_path, partner_with(OLD, name="Cert")).read_bytes())
    (tmp_path / "cert.toml").unlink()
    write_partner(tmp_path, partner_with(TrustedKey(public=OTHER.public), identity=B, name="CERT"))
    trust = read_trust(tmp_path)
    assert trust.partner("cert") is None
    assert [trust.partner(each).identity for each in (A, B)] == [A, B]
    assert "2 trust files are of 'cert'" in trust.flaws[0]
    assert [len(each.keys) for each in trust.partners] == [1, 1]


# Rotation


def test_a_rotation_by_both_keys_is_followed() -> None:
    trust = trusting(msgspec.structs.replace(OLD, may_sign=(ASSESSMENT,)))
    partner, key = accept_rotation(make_rotation(A, KEY, STRANGER, PartialDate("2026-12")), trust, NOW)
    assert (partner.identity, key.public, key.valid_from) == (A, STRANGER.public, "2026-12")
    assert (key.may_sign, key.rotated_from) == ((ASSESSMENT,), KEY.public.key_id)


ROTATION = make_rotation(A, KEY, STRANGER, PartialDate("2026-12"))


@pytest.mark.parametrize(
    ("envelope", "trust", "reason"),
    [
        (ROTATION, Trust(), "nothing is proven"),
        (ROTATION, trusting(revoked("2026")), "revoked"),
        (make_rotation(B, KEY, STRANGER, PartialDate("2026")), trusting(), "names identity--bbbbbbbb"),
        (make_rotation(A, OTHER, STRANGER, PartialDate("2026")), trusting(), "names identity--aaaaaaaa"),
        (make_rotation(A, KEY, OTHER, PartialDate("2026")), trusting(), "in a trust file already"),
        (msgspec.structs.replace(ROTATION, signatures=ROTATION.signatures[:1]), trusting(), "may not hold it"),
        (msgspec.structs.replace(ROTATION, signatures=ROTATION.signatures[1:]), trusting(), "nothing is proven"),
        (msgspec.structs.replace(ROTATION, payload=ROTATION.payload + b" "), trusting(), "not by that key"),
        (sign(ROTATION.payload, ASSESSMENT, [KEY, STRANGER]), trusting(), f"is {ASSESSMENT}"),
        (sign(b"{}", ROTATION.payload_type, [KEY]), trusting(), "is no key rotation"),
    ],
)
def test_a_rotation_that_proves_too_little_is_refused(envelope: Envelope, trust: Trust, reason: str) -> None:
    with pytest.raises(InputError) as raised:
        accept_rotation(envelope, trust, NOW)
    assert reason in str(raised.value)


# The commands


def run(workspace: Path, *arguments: str, ok: bool = True) -> str:
    result = CliRunner().invoke(command, arguments, obj=Console(run_settings(workspace), False), standalone_mode=False)
    if ok:
        assert result.exception is None, result.exception
    else:
        assert isinstance(result.exception, ConsilienceError | click.ClickException), result
        return str(result.exception) or result.exception.format_message()
    return result.output


def listed(workspace: Path) -> dict[str, dict[str, object]]:
    return {each["name"]: each for each in json.loads(run(workspace, "list", "--json"))["partners"]}


def test_two_centres_exchange_keys_rotate_and_revoke(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    made = json.loads(run(theirs, "key", "new", "--name", "CERT B", "--json"))
    (tmp_path / "b.pem").write_text(made["public"])
    to_add = ("add", str(tmp_path / "b.pem"), "--identity", made["identity"], "--name", "CERT B")
    assert made["key_id"] in run(ours, *to_add, "--ceiling", "amber", "--collection", "assessments")
    assert (listed(ours)["CERT B"]["ceiling"], listed(ours)["CERT B"]["own"]) == ("TLP:AMBER", False)
    assert "is that of CERT B" in run(ours, *to_add, ok=False)

    run(theirs, "rotate", "--out", str(tmp_path / "rotation.json"))
    assert "nothing was done" in run(theirs, "rotate", "--out", str(tmp_path / "rotation.json"), ok=False)
    run(ours, "rotate", str(tmp_path / "rotation.json"))
    assert "already" in run(ours, "rotate", str(tmp_path / "rotation.json"), ok=False)  # replayed
    keys = listed(ours)["CERT B"]["keys"]
    assert [key["rotated_from"] for key in keys] == ["", made["key_id"]]

    said = run(ours, "revoke", made["key_id"][:12], "--since", "2026-11-01", "--reason", "stolen")
    assert f"it introduced key {keys[1]['key_id']}" in said
    assert listed(ours)["CERT B"]["keys"][0]["revoked"]["reason"] == "stolen"
    assert "no key has the id" in run(ours, "revoke", "0" * 12, "--reason", "x", ok=False)
    assert "stolen" in run(ours, "list")


def test_one_key_a_centre_and_the_next_by_rotation(tmp_path: Path) -> None:
    run(tmp_path, "key", "new", "--name", "CERT A")
    assert "makes the next" in run(tmp_path, "key", "new", "--name", "CERT A", ok=False)
    assert len(list((tmp_path / "keys").iterdir())) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "none.pem", "--identity", A, "--name", "x"),
        ("add", "none.pem", "--identity", A, "--name", "x", "--ceiling", "purple"),
        ("add", "none.pem", "--identity", A, "--name", "x", "--until", "2026-02-30"),
        ("rotate",),
        ("rotate", "none.json"),
        ("rotate", "none.json", "--out", "also.json"),
        ("rotate", "--out", "out.json"),  # there is no key to rotate
        ("key", "new", "--name", "a\nb"),
        ("key", "new", "--name", "a", "--identity", "me"),
    ],
)
def test_wrong_use_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "workspace", *arguments, ok=False)
    left = [each for each in tmp_path.rglob("*") if each.is_file() and each.parent.name != "audit"]
    assert left == []


def test_the_passphrase_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSILIENCE_KEY_PASSPHRASE", "correct horse")
    run(tmp_path, "key", "new", "--name", "CERT A")
    run(tmp_path, "rotate", "--out", str(tmp_path / "r.json"))
    assert all(b"ENCRYPTED" in each.read_bytes() for each in (tmp_path / "keys").iterdir())
    monkeypatch.delenv("CONSILIENCE_KEY_PASSPHRASE")
    assert "has a passphrase" in run(tmp_path, "rotate", "--out", str(tmp_path / "s.json"), ok=False)


def test_an_envelope_goes_through_a_file(tmp_path: Path) -> None:
    path = tmp_path / "e.json"
    path.write_bytes(encode(sign(b"{}", ASSESSMENT, [KEY])))
    assert verify(decode(path.read_bytes()), trusting(), NOW).signers == (A,)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_an_envelope_is_checked_as_the_page_says_without_this_program(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "signatures.md").read_text("utf-8")
    script = page.split("<!-- run: begin -->\n```sh\n")[1].split("```\n<!-- run: end -->")[0]
    (tmp_path / "partner.pem").write_text(KEY.public.pem)
    envelope = sign(b'{"a": 1}', ASSESSMENT, [KEY])
    for payload, code, said in ((envelope.payload, 0, "Successfully"), (b'{"a": 2}', 1, "Failure")):
        (tmp_path / "bundle.json").write_bytes(encode(msgspec.structs.replace(envelope, payload=payload)))
        ran = subprocess.run(["/bin/sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (ran.returncode, said in ran.stdout) == (code, True), ran


def test_the_trust_file_of_the_page_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "signatures.md").read_text("utf-8")
    shown = page.split("```toml\n")[1].split("```")[0]
    pem = "".join(KEY.public.pem.splitlines(keepends=True)[1:-1])
    filled = shown.replace("…\n", pem, 1).replace('key = "…"', f'key = "{KEY.public.key_id}"')
    (key,) = parse_partner(filled.encode(), "page").keys
    assert key.revoked is not None
