"""DSSE: the published vector, another implementation in both directions, and envelopes that are none."""

from __future__ import annotations

import base64
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from consilience.errors import FormatError, InputError, LimitError
from consilience.exchange.dsse import Envelope, Signature, decode, encode, pre_authentication_encoding, sign
from consilience.exchange.signing_keys import PublicKey, make_key

KIND = "application/vnd.consilience.assessment+json"
KEY = make_key()

# secure-systems-lab/dsse, protocol.md, "Test Vectors": ECDSA over NIST P-256 and SHA-256, signature r and s.
VECTOR = (
    b'{"payload": "aGVsbG8gd29ybGQ=", "payloadType": "http://example.com/HelloWorld", "signatures": [{"sig": '
    b'"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}'
)
VECTOR_X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
VECTOR_Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820


def test_the_published_vector() -> None:
    envelope = decode(VECTOR)
    assert (envelope.payload, envelope.payload_type) == (b"hello world", "http://example.com/HelloWorld")
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    assert message == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    (signature,) = envelope.signatures
    r, s = (int.from_bytes(signature.sig[at : at + 32]) for at in (0, 32))
    published = ec.EllipticCurvePublicNumbers(VECTOR_X, VECTOR_Y, ec.SECP256R1()).public_key()
    published.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))  # raises where it is not


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("", b"", b"DSSEv1 0  0 "),
        ("a b", b"c d", b"DSSEv1 3 a b 3 c d"),
        ("é", "é".encode(), "DSSEv1 2 é 2 é".encode()),  # lengths count bytes
    ],
)
def test_pre_authentication_encoding(kind: str, payload: bytes, expected: bytes) -> None:
    assert pre_authentication_encoding(kind, payload) == expected


def other_key(key: PublicKey) -> SSlibKey:
    return SSlibKey(key.key_id, "ed25519", "ed25519", {"public": key.raw.hex()})


def test_securesystemslib_verifies_ours() -> None:
    written = encode(sign(b'{"a": 1}', KIND, [KEY]))
    theirs = OtherEnvelope.from_dict(json.loads(written))
    assert theirs.verify([other_key(KEY.public)], 1)
    theirs.payload += b" "
    with pytest.raises(VerificationError):
        theirs.verify([other_key(KEY.public)], 1)


def test_ours_verifies_securesystemslib() -> None:
    signer = CryptoSigner.generate_ed25519()
    theirs = OtherEnvelope(b'{"a": 1}', KIND, {})
    theirs.sign(signer)
    envelope = decode(json.dumps(theirs.to_dict()).encode())
    public = PublicKey(bytes.fromhex(signer.public_key.keyval["public"]))
    (signature,) = envelope.signatures
    assert public.made(signature.sig, pre_authentication_encoding(KIND, envelope.payload))
    assert not public.made(signature.sig, pre_authentication_encoding(KIND, b'{"a": 2}'))
    assert not public.made(signature.sig, pre_authentication_encoding(KIND + "x", envelope.payload))


@given(st.binary(max_size=200), st.text(min_size=1, max_size=40).filter(str.isprintable), st.integers(1, 3))
def test_an_envelope_survives_its_encoding(payload: bytes, kind: str, signers: int) -> None:
    envelope = sign(payload, kind, [make_key() for _ in range(signers)])
    assert decode(encode(envelope)) == envelope
    assert encode(decode(encode(envelope))) == encode(envelope)


@given(st.data())
def test_no_changed_byte_of_payload_type_or_signature_verifies(data: st.DataObject) -> None:
    envelope = sign(b'{"likelihood": 0.95}', KIND, [KEY])
    fields = {
        "payload": envelope.payload,
        "type": envelope.payload_type.encode(),
        "sig": envelope.signatures[0].sig,
    }
    name = data.draw(st.sampled_from(sorted(fields)))
    at = data.draw(st.integers(0, len(fields[name]) - 1))
    bit = data.draw(st.integers(0, 6))  # a type stays ASCII
    changed = bytearray(fields[name])
    changed[at] ^= 1 << bit
    fields[name] = bytes(changed)
    message = pre_authentication_encoding(fields["type"].decode(), fields["payload"])
    assert not KEY.public.made(fields["sig"], message)


def test_both_alphabets_of_base64_are_taken() -> None:
    payload = b"\xfb\xef\xbe\xff"
    standard, safe = (each(payload).decode() for each in (base64.b64encode, base64.urlsafe_b64encode))
    assert standard != safe
    for text in (standard, safe):
        assert decode(as_json(payload=text)).payload == payload


def as_json(**changes: object) -> bytes:
    return json.dumps({"payload": "", "payloadType": KIND, "signatures": [{"sig": "AAAA"}], **changes}).encode()


def test_what_is_not_known_is_passed_over_and_what_is_empty_may_be_left_out() -> None:
    read = decode(as_json(extra={"a": [1e300, 2]}, signatures=[{"sig": "AAAA", "cert": "x"}]))
    assert read == Envelope(b"", KIND, (Signature(b"\0\0\0"),))
    assert decode(b'{"payloadType":"t","signatures":[{"sig":"AAAA"}]}').payload == b""


@pytest.mark.parametrize(
    ("data", "place", "reason"),
    [
        (b"", "", "not JSON"),
        (b"[]", "", "not a JSON object"),
        (b'{"payload"', "", "not JSON"),
        (b'\xff{"payload":""}', "", "not JSON in UTF-8"),
        (as_json().decode().encode("utf-16"), "", "not JSON in UTF-8"),
        (as_json()[:-1] + b', "payload": "AAAA"}', "", "a key stands twice"),
        (as_json()[:-1] + b', "p\\u0061yload": "AAAA"}', "", "a key stands twice"),
        (as_json(x=0).replace(b'"x": 0', b'"x": {"y": 1, "y": 2}'), "", "a key stands twice"),
        (as_json(x=0).replace(b'"x": 0', b'"x": NaN'), "", "NaN is not JSON"),
        (as_json(payload=1), "payload", "not a text"),
        (as_json(payload="AA"), "payload", "not base64"),
        (as_json(payload="AAA=A"), "payload", "not base64"),
        (as_json(payload="AA AA"), "payload", "not base64"),
        (as_json(payload="ÄÄÄÄ"), "payload", "not base64"),
        (as_json(payload="-A/A"), "payload", "mixes the two alphabets"),
        (as_json(payloadType=""), "payloadType", "is empty"),
        (as_json(payloadType="a\nb"), "payloadType", "cannot be printed"),
        (as_json(payloadType="\ud800"), "payloadType", "cannot be printed"),
        (as_json(payloadType="a" * 2000), "payloadType", "too long"),
        (as_json(payloadType=None), "payloadType", "not a text"),
        (as_json(signatures=[]), "signatures", "not a list of signatures"),
        (as_json(signatures={"sig": "AAAA"}), "signatures", "not a list of signatures"),
        (as_json(signatures=["AAAA"]), "signatures/0", "not a signature"),
        (as_json(signatures=[{"keyid": "a"}]), "signatures/0/sig", "not a text"),
        (as_json(signatures=[{"sig": "AAAA", "keyid": 1}]), "signatures/0/keyid", "not a text"),
    ],
)
def test_what_is_no_envelope_is_refused_with_its_place(data: bytes, place: str, reason: str) -> None:
    with pytest.raises(FormatError) as raised:
        decode(data, file="x.json")
    assert (raised.value.file, raised.value.place) == ("x.json", place)
    assert reason in raised.value.reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (as_json(signatures=[{"sig": "AAAA"}] * 17), "17 signatures"),
        (as_json()[:-1] + b', "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "brackets"),
        (as_json(x=[{}] * 100_000), "brackets"),
    ],
)
def test_what_is_too_much_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(LimitError, match=reason):
        decode(data)


def test_what_is_too_large_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consilience.exchange.dsse.LARGEST", 100)
    with pytest.raises(LimitError, match="more than the limit of 100"):
        decode(b"{" * 101)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_envelope_or_an_input_error(data: bytes) -> None:
    try:
        decode(data)
    except InputError:
        return


def test_a_number_of_a_million_digits_costs_no_time() -> None:
    started = time.process_time()
    decode(as_json(x=0).replace(b'"x": 0', b'"x": ' + b"9" * 1_000_000))
    assert time.process_time() - started < 1.0


def test_20_megabytes_are_signed_and_verified_in_less_than_a_second() -> None:
    started = time.process_time()
    envelope = decode(encode(sign(b"x" * 20_000_000, KIND, [KEY])))
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    assert KEY.public.made(envelope.signatures[0].sig, message)
    assert time.process_time() - started < 1.0
