"""RFC 3161: a real authority (``openssl ts``) stamps a signature, and keys are judged as of that time."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from consilience.app.settings import settings as run_settings
from consilience.app.trusting import new_own_key, own_key
from consilience.cli.output import Console
from consilience.cli.trust import trust as command
from consilience.errors import FormatError, InputError, LimitError
from consilience.exchange.dsse import Envelope, encode, sign
from consilience.exchange.signing_keys import make_key
from consilience.exchange.timestamp import LARGEST, stamp_request, stamped_at
from consilience.exchange.trust import ASSESSMENT, Outcome, Partner, Revocation, Trust, TrustedKey, verify
from consilience.model.dates import PartialDate

pytest.importorskip("rfc3161_client", reason="the extra `timestamp` is not installed")
pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

KEY = make_key()
CONFIG = """
[tsa]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256, sha512
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
"""


def certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    usage: x509.ObjectIdentifier | None,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=usage is None, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=True)
    return builder.sign(issuer_key, hashes.SHA256())


class Authority:
    """A time-stamping authority in a folder, with a root of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = certificate("Root", root_key, "Root", root_key, None)
        self.roots = root.public_bytes(Encoding.PEM)
        signer = certificate("Authority", key, "Root", root_key, ExtendedKeyUsageOID.TIME_STAMPING)
        (folder / "tsa.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIG)

    def stamp(self, request: bytes) -> bytes:
        (self._folder / "q.tsq").write_bytes(request)
        command = "openssl ts -reply -config tsa.cnf -section tsa -queryfile q.tsq -signer tsa.pem -inkey tsa.key"
        done = subprocess.run([*command.split(), "-out", "r.tsr"], cwd=self._folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr
        return (self._folder / "r.tsr").read_bytes()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "tsa")


def signed(payload: bytes = b"{}") -> Envelope:
    return sign(payload, ASSESSMENT, [KEY])


def test_a_stamp_says_when_the_signature_was_there(authority: Authority) -> None:
    (signature,) = signed().signatures
    at = stamped_at(authority.stamp(stamp_request(signature)), signature, authority.roots)
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)


def test_a_key_that_was_revoked_after_the_stamp_was_still_its_owners(authority: Authority) -> None:
    envelope = signed()
    at = stamped_at(authority.stamp(stamp_request(envelope.signatures[0])), envelope.signatures[0], authority.roots)
    tomorrow = PartialDate((at + timedelta(days=1)).strftime("%Y-%m-%d"))
    key = TrustedKey(public=KEY.public, revoked=Revocation(tomorrow, "stolen"))
    trust = Trust((Partner(identity="identity--a", name="A", keys=(key,)),))
    for moment, outcome in ((at, Outcome.VALID), (at + timedelta(days=2), Outcome.REVOKED)):
        assert verify(envelope, trust, moment).signatures[0].outcome is outcome


def test_stamps_that_prove_nothing(authority: Authority, tmp_path: Path) -> None:
    (signature,) = signed().signatures
    (other,) = signed(b"[]").signatures
    response = authority.stamp(stamp_request(signature))
    with pytest.raises(InputError, match="proves nothing"):
        stamped_at(response, other, authority.roots)
    with pytest.raises(InputError, match="proves nothing"):
        stamped_at(response, signature, Authority(tmp_path / "stranger").roots)
    changed = bytearray(response)
    changed[-5] ^= 1  # within the authority's signature
    with pytest.raises(InputError):
        stamped_at(bytes(changed), signature, authority.roots)


@pytest.mark.parametrize("response", [b"", b"\x30\x00", b"not DER", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_what_is_no_response_is_refused(authority: Authority, response: bytes) -> None:
    (signature,) = signed().signatures
    with pytest.raises(FormatError, match="no response"):
        stamped_at(response, signature, authority.roots)


def test_wrong_roots_and_sizes_are_refused(authority: Authority) -> None:
    (signature,) = signed().signatures
    with pytest.raises(FormatError, match="no certificate"):
        stamped_at(authority.stamp(stamp_request(signature)), signature, b"no PEM")
    with pytest.raises(LimitError):
        stamped_at(b"\0" * (LARGEST + 1), signature, authority.roots)


def test_a_changed_signature_needs_a_new_stamp(authority: Authority) -> None:
    envelope = signed()
    response = authority.stamp(stamp_request(envelope.signatures[0]))
    changed = msgspec.structs.replace(envelope.signatures[0], sig=envelope.signatures[0].sig[::-1])
    with pytest.raises(InputError):
        stamped_at(response, changed, authority.roots)


def test_the_command_stamps_and_says_what_is_proven(authority: Authority, tmp_path: Path) -> None:
    def run(*arguments: str | Path) -> tuple[int, str]:
        console = Console(run_settings(tmp_path / "workspace"), False)
        result = CliRunner().invoke(command, ["timestamp", *map(str, arguments)], obj=console, standalone_mode=False)
        assert result.exception is None, result.exception
        return int(result.return_value), result.output

    own = new_own_key(run_settings(tmp_path / "workspace"), "CERT A", "", "anna", datetime(2024, 1, 1, tzinfo=UTC), b"")
    _, key = own_key(run_settings(tmp_path / "workspace"), datetime(2024, 1, 2, tzinfo=UTC))
    envelope, request, response, roots = (tmp_path / name for name in ("e.json", "e.tsq", "e.tsr", "roots.pem"))
    envelope.write_bytes(encode(sign(b"{}", ASSESSMENT, [key])))
    roots.write_bytes(authority.roots)
    assert run(envelope, "--request", request)[0] == 0
    response.write_bytes(authority.stamp(request.read_bytes()))
    code, text = run(envelope, "--response", response, "--roots", roots)
    assert code == 0
    assert f"A key of {own.name} signed exactly these bytes" in text
