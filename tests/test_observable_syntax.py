"""Normal forms of observables, as tables: what stands in a list, and what it is."""

from __future__ import annotations

import ipaddress
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consilience.knowledge.observable_syntax import classify, normalise, refang, refusal
from consilience.model.observable import ObservableType as T

REFANGED = [
    ("hxxp://evil[.]example/a", "http://evil.example/a"),
    ("hXXps[:]//evil(.)example", "https://evil.example"),
    ("hxxps[://]evil{.}example", "https://evil.example"),
    ("h**p://evil[dot]example", "http://evil.example"),
    ("meow://evil.example/x", "http://evil.example/x"),
    ("fxp://evil.example/x", "ftp://evil.example/x"),
    ("name[at]evil[.]example", "name@evil.example"),
    ("name (at) evil (dot) example", "name@evil.example"),
    ("1.2.3[.]4[:]443", "1.2.3.4:443"),
    ("evil．example", "evil.example"),
    ("evil。example", "evil.example"),
    ("ev\u200bil.exam\u00adple\ufeff", "evil.example"),
    ("evil\\.example", "evil.example"),
    ("evil.example", "evil.example"),
    ("hxxp is a word here", "hxxp is a word here"),
]


@pytest.mark.parametrize(("defanged", "plain"), REFANGED)
def test_refang(defanged, plain):
    assert refang(defanged) == plain


TOKENS = [
    # what stands in a list, its type, its normal form
    ("192.0.2.7", T.IPV4, "192.0.2.7"),
    ("2001:DB8:0:0::1", T.IPV6, "2001:db8::1"),
    ("::ffff:192.0.2.7", T.IPV6, "::ffff:192.0.2.7"),
    ("192.0.2.7/24", T.NETWORK, "192.0.2.0/24"),
    ("2001:db8::/32", T.NETWORK, "2001:db8::/32"),
    ("192.0.2.7:443", T.HOST_PORT, "192.0.2.7:443"),
    ("C2.Example.org:08443", T.HOST_PORT, "c2.example.org:8443"),
    ("[2001:DB8::1]:443", T.HOST_PORT, "[2001:db8::1]:443"),
    ("Evil.Example.ORG.", T.DOMAIN, "evil.example.org"),
    ("_dmarc.example.org", T.DOMAIN, "_dmarc.example.org"),
    ("пример.рф", T.DOMAIN, "xn--e1afmkfd.xn--p1ai"),
    ("archive.zip", T.DOMAIN, "archive.zip"),
    ("HTTP://Evil.Example.org:80/A/b?Q=1#F", T.URL, "http://evil.example.org:80/A/b?Q=1#F"),
    ("hxxp://192.0.2[.]7", T.URL, "http://192.0.2.7"),
    ("http://user:Pw@[2001:DB8::1]:8080/x", T.URL, "http://user:Pw@[2001:db8::1]:8080/x"),
    ("Name.X@Example.org", T.EMAIL, "name.x@example.org"),
    ("D41D8CD98F00B204E9800998ECF8427E", T.MD5, "d41d8cd98f00b204e9800998ecf8427e"),
    ("da39a3ee5e6b4b0d3255bfef95601890afd80709", T.SHA1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    ("A" * 64, T.SHA256, "a" * 64),
    ("b" * 128, T.SHA512, "b" * 128),
    ("cve-2017-0144", T.CVE, "CVE-2017-0144"),
    ("t1059.001", T.TECHNIQUE, "T1059.001"),
    ("as64500", T.ASN, "AS64500"),
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", T.BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", T.BITCOIN, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy"),
    # the examples of BIP 173 and BIP 350
    (
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        T.BITCOIN,
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    ),
    (
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        T.BITCOIN,
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ),
    (
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        T.ETHEREUM,
        "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
    ),
    ("Update.EXE", T.FILE_NAME, "Update.EXE"),
]


@pytest.mark.parametrize(("token", "kind", "form"), TOKENS)
def test_token_is_classified(token, kind, form):
    found = classify(token)
    assert found is not None
    assert (found.type, found.value) == (kind, form)
    assert refusal(token) == ""


NOT_OBSERVABLES = [
    # token, a part of the reason
    ("01.2.3.4", "leading zeros"),
    ("1.2.3.4.5", "IPv4"),
    ("256.1.1.1", "IPv4"),
    ("1.2.3.4:0", "port"),
    ("1.2.3.4:65536", "port"),
    ("1.2.3.4:22:443", "IPv6"),
    ("fe80::1%eth0", "zone"),
    ("1.2.3.4/33", "network"),
    ("-evil.example", "hyphen"),
    ("evil-.example", "hyphen"),
    ("a..example", "empty"),
    ("a" * 64 + ".example", "63"),
    ("evil.exa-mple", "top-level"),
    ("e!vil.example", "character"),
    (("a" * 60 + ".") * 5 + "org", "253"),
    ("http://", "scheme://host"),
    ("http://evil/x", "two labels"),
    ("http://a.example:99999/", "port"),
    ("http://a.example/ b", "white space"),
    ("a@b@", "name@domain"),
    (".a@example.org", "name@domain"),
    ("CVE-17-0144", "CVE-YYYY"),
    ("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "checksum"),
    ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum"),
    # invalid addresses of BIP 350: witness version 17, and version 16 with the checksum of version 0
    ("BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R", "segregated-witness"),
    ("BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL", "checksum"),
    ("hello", "no known type"),
    ("a" * 33, "no known type"),
    ("evil.example\0", "no known type"),
    ("", "no known type"),
]


@pytest.mark.parametrize(("token", "reason"), NOT_OBSERVABLES)
def test_token_is_refused_with_its_reason(token, reason):
    assert classify(token) is None
    assert reason in refusal(token)


NORMALISED = [
    (T.MUTEX, " Global\\abc ", "Global\\abc"),
    (T.FILE_NAME, "report.doc", "report.doc"),
    (T.CERTIFICATE, "AA:BB:CC:DD:EE", "aabbccddee"),
    (T.ASN, "64500", "AS64500"),
    (T.ASN, "ASN 064500", "AS64500"),
    (T.CVE, "CVE\u20112017\u20110144", "CVE-2017-0144"),
    (T.REGISTRY_KEY, "HKLM:\\SOFTWARE\\\\Foo", "hkey_local_machine\\software\\foo"),
    (T.REGISTRY_KEY, "HKEY_CURRENT_USER\\Run", "hkey_current_user\\run"),
    (T.SSDEEP, "96:Abc+/1:xYz", "96:Abc+/1:xYz"),
    (T.TLSH, "a1b2c3d4e5" * 7, "T1" + "A1B2C3D4E5" * 7),
    (T.ATTACK_OBJECT, "ta0001", "TA0001"),
    (T.ACCOUNT, "Telegram:@Evil_Chan", "telegram:evil_chan"),
]


@pytest.mark.parametrize(("kind", "value", "form"), NORMALISED)
def test_values_that_only_their_type_tells(kind, value, form):
    assert normalise(kind, value) == form


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        (T.MD5, "a" * 31, "32 hexadecimal"),
        (T.SHA256, "g" * 64, "64 hexadecimal"),
        (T.ASN, "AS0", "AS64500"),
        (T.ASN, "AS4294967296", "AS64500"),
        (T.DOMAIN, "   ", "empty"),
        (T.FILE_NAME, "a\0b", "NUL"),
        (T.FILE_NAME, "a\nb", "control"),
        (T.MUTEX, "a" * 1025, "1024"),
        (T.CERTIFICATE, "abc", "hexadecimal"),
        (T.ETHEREUM, "0x12", "40 hexadecimal"),
        (T.ETHEREUM, "0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "checksum"),
        (T.REGISTRY_KEY, "HKLM", "hive and a path"),
        (T.SSDEEP, "97:abc:def", "ssdeep"),
        (T.SSDEEP, "0:abc:def", "ssdeep"),
        (T.TLSH, "A1B2", "70 hexadecimal"),
        (T.ATTACK_OBJECT, "X0001", "TA0001"),
        (T.ACCOUNT, "evil_chan", "platform:name"),
        (T.DOMAIN, "é" * 300 + ".fr", "253"),
        (T.DOMAIN, "\ud800.fr", "IDNA"),
    ],
)
def test_wrong_values_raise_with_the_reason(kind, value, reason):
    with pytest.raises(ValueError, match=reason):
        normalise(kind, value)


@given(st.text(max_size=60) | st.text(alphabet=string.printable, max_size=60))
def test_normal_form_is_final(text):
    """A value that is in its normal form is not changed again, and no text makes the classifier fail."""
    found = classify(text)
    if found is not None:
        assert normalise(found.type, found.value) == found.value


@given(st.ip_addresses(v=4))
def test_ipv4_agrees_with_the_standard_library(address):
    assert classify(str(address)).value == str(address)


@given(st.ip_addresses(v=6))
def test_ipv6_in_any_spelling_is_one_value(address):
    forms = {normalise(T.IPV6, text) for text in (address.exploded, address.compressed, address.exploded.upper())}
    assert len(forms) == 1
    assert ipaddress.ip_address(forms.pop()) == address


@given(st.text(alphabet="0123456789.", max_size=20))
def test_dotted_numbers_are_addresses_exactly_as_ipaddress_says(text):
    try:
        expected = str(ipaddress.IPv4Address(text))
    except ValueError:
        expected = None
    found = classify(text)
    assert (found.value if found else None) == expected
