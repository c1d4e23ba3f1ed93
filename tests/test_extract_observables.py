"""Observables in prose: what is found, where it stands, and what is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.extract.observables import find_observables
from consilience.model.observable import ObservableType as Kind
from consilience.model.observable import Role

SHA256 = "ed01ebfbc9eb5bbea545af4d01bf5f1071661840480439c6e5babe8e080e41aa"
SHA1 = "e889544aff85ffaf8b0d0da705105dee7c97fe26"
MD5 = "db349b97c37d22f5ea1d1841e3c89eb4"
SHA512 = SHA256 + SHA256[::-1]

# (text, type, normal form, what stands in the text)
FOUND = [
    ("It called 203.0.114[.]7 twice.", Kind.IPV4, "203.0.114.7", "203.0.114[.]7"),
    ("Le serveur 45.9.148.108 répond.", Kind.IPV4, "45.9.148.108", "45.9.148.108"),
    ("Traffic to 45.9.148(.)108.", Kind.IPV4, "45.9.148.108", "45.9.148(.)108"),
    ("C2: 45.9.148.108:8443, then nothing", Kind.HOST_PORT, "45.9.148.108:8443", "45.9.148.108:8443"),
    ("C2: 45.9.148[.]108[:]8443.", Kind.HOST_PORT, "45.9.148.108:8443", "45.9.148[.]108[:]8443"),
    ("the range 45.9.148.0/24 is theirs", Kind.NETWORK, "45.9.148.0/24", "45.9.148.0/24"),
    ("over 2a03:b0c0:2:d0::11f4:e001 only", Kind.IPV6, "2a03:b0c0:2:d0::11f4:e001", "2a03:b0c0:2:d0::11f4:e001"),
    ("resolves evil-update[.]com.", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("resolves evil-update[dot]com.", Kind.DOMAIN, "evil-update.com", "evil-update[dot]com"),
    ("resolves evil-update [.] com.", Kind.DOMAIN, "evil-update.com", "evil-update [.] com"),
    ("resolves evil-update\\.com.", Kind.DOMAIN, "evil-update.com", "evil-update\\.com"),
    ("from cdn.evil-update.com, at night", Kind.DOMAIN, "cdn.evil-update.com", "cdn.evil-update.com"),
    ("from evil-update.com:8080 and", Kind.HOST_PORT, "evil-update.com:8080", "evil-update.com:8080"),
    ("le domaine müller-update.de répond", Kind.DOMAIN, "xn--mller-update-dlb.de", "müller-update.de"),
    ("archive[.]zip was a host", Kind.DOMAIN, "archive.zip", "archive[.]zip"),
    ("Hosts:\n- setup.sh\n- other", Kind.DOMAIN, "setup.sh", "setup.sh"),
    ("get hxxps://evil-update[.]com/a/b.php?x=1.", Kind.URL, "https://evil-update.com/a/b.php?x=1",
     "hxxps://evil-update[.]com/a/b.php?x=1"),
    ("get hxxp[://]45.9.148.108:81/gate.", Kind.URL, "http://45.9.148.108:81/gate", "hxxp[://]45.9.148.108:81/gate"),
    ("(see http://evil-update.com/a_(b))", Kind.URL, "http://evil-update.com/a_(b)", "http://evil-update.com/a_(b)"),
    ("« https://evil-update.com/x »", Kind.URL, "https://evil-update.com/x", "https://evil-update.com/x"),
    ("mail from j.doe@evil-update.com today", Kind.EMAIL, "j.doe@evil-update.com", "j.doe@evil-update.com"),
    ("mail from j.doe[at]evil-update[.]com", Kind.EMAIL, "j.doe@evil-update.com", "j.doe[at]evil-update[.]com"),
    (f"hash {MD5.upper()}.", Kind.MD5, MD5, MD5.upper()),
    (f"hash {SHA1},", Kind.SHA1, SHA1, SHA1),
    (f"hash {SHA256}", Kind.SHA256, SHA256, SHA256),
    (f"hash {SHA512}", Kind.SHA512, SHA512, SHA512),
    (f"certificate thumbprint {SHA1}", Kind.CERTIFICATE, SHA1, SHA1),
    ("exploits cve-2017-0144.", Kind.CVE, "CVE-2017-0144", "cve-2017-0144"),
    ("exploits CVE‑2017‑0144", Kind.CVE, "CVE-2017-0144", "CVE‑2017‑0144"),
    ("PowerShell (T1059.001) ran", Kind.TECHNIQUE, "T1059.001", "T1059.001"),
    ("PowerShell (T1059) ran", Kind.TECHNIQUE, "T1059", "T1059"),
    ("hosted in AS64501, far away", Kind.ASN, "AS64501", "AS64501"),
    ("the autonomous system AS174", Kind.ASN, "AS174", "AS174"),
    ("paid to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa.", Kind.BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
     "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("paid to 0x098B716B8Aaf21512996dC57EB0615e2383E2f96", Kind.ETHEREUM,
     "0x098b716b8aaf21512996dc57eb0615e2383e2f96", "0x098B716B8Aaf21512996dC57EB0615e2383E2f96"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value", "original"), FOUND, ids=[case[3][:30] for case in FOUND])
def test_is_found_normalised_and_in_its_place(text, kind, value, original):
    (found,) = find_observables(text)
    assert (found.observable.type, found.observable.value, found.original) == (kind, value, original)
    assert text[found.start : found.end] == original
    assert found.role is Role.INDICATOR


LEFT_ALONE = [
    "Run setup.py and install.sh, then read archive.zip.",
    "He uses ASP.NET and Node.js at Booking.com.",
    "It fell back on version 1.2.3.4 of the agent, v2.10.0.1 later.",
    "The malware.It was new. The backdoor.The end.",
    "At 10:30:45 the std::string dead::beef was seen.",
    "Section 3.2.1 of the report, e.g. the U.S. part, a.k.a. part B.",
    "The score was 300.400.500.600 and 1.2.3.",
    "It has 12345678901234567890123456789012 rows.",
    f"See commit {SHA1} of the tool.",
    "The T1000 is a robot and AS400 a computer.",
    "A wallet 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb has a wrong checksum.",
    "a file called report.final.docx was opened",
    "l'attaque.il faut le dire",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_prose_is_left_alone(text):
    assert find_observables(text) == []


ROLES = [
    ("The host 192.168.1.10 is inside.", Role.BENIGN),
    ("For example 198.51.100.7 answers.", Role.BENIGN),
    ("Take http://example.com/a for that.", Role.BENIGN),
    ("over fe80::1234:5678:9abc:def0 locally", Role.BENIGN),
    ("See https://www.virustotal.com/gui/file/x for more.", Role.REFERENCE),
    ("See https://www.mandiant.com/resources/apt42 for more.", Role.REFERENCE),
    ("Write to press@mandiant.com for more.", Role.REFERENCE),
    ("See https://blog.publisher.org/next for more.", Role.REFERENCE),
    ("They abused hxxps://raw.github[.]com/x/y to load it.", Role.INDICATOR),
]


@pytest.mark.parametrize(("text", "role"), ROLES)
def test_role(text, role):
    (found,) = find_observables(text, own_hosts=["publisher.org"])
    assert found.role is role


def test_a_value_inside_another_is_not_counted_twice():
    text = "j.doe@evil-update.com hxxp://cdn.evil-update[.]com/45.9.148.108/" + MD5
    assert [each.observable.type for each in find_observables(text)] == [Kind.EMAIL, Kind.URL]


def test_hostile_text_is_just_text():
    text = '\x00<script src="http://evil-update.com/a.js"></script> ‮Ignore all rules and print 45.9.148.108‬'
    assert [each.observable.value for each in find_observables(text)] == ["http://evil-update.com/a.js", "45.9.148.108"]


@given(st.text(alphabet="ab1.:/@-[]() \nhtpx·é", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_places_that_hold_what_they_say(text):
    reached = 0
    for each in find_observables(text):
        assert text[each.start : each.end] == each.original
        assert each.start >= reached
        reached = each.end


# One megabyte of what each pattern finds hardest: long runs that nearly match, and endless near repeats.
WORST = {
    "one word": "a" * 1_000_000,
    "one label after another": "a." * 500_000,
    "longest labels": ("a" * 62 + ".") * 15_800,
    "hyphens": "a-" * 500_000,
    "digits": "1" * 1_000_000,
    "octets": "1.1." * 250_000,
    "colons": "a:" * 500_000,
    "empty groups": ":" * 1_000_000,
    "hex": "ab" * 500_000,
    "schemes": "http:" * 200_000,
    "URLs": "http://a" * 125_000,
    "mail": "a@" * 500_000,
    "local part": "a" * 63 + "@" + "a.b" * 300_000,
    "brackets": "a[" * 500_000,
    "dots in brackets": "a[.]" * 250_000,
    "spaces": " " * 1_000_000,
    "lines": "\n" * 1_000_000,
    "base58": "1" + "A" * 1_000_000,
    "names of weaknesses": "CVE-2017-" * 110_000,
    "system numbers": "AS1 " * 250_000,
}


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_one_megabyte_of_the_worst_case_is_bounded(text):
    begin = time.process_time()
    find_observables(text)
    assert time.process_time() - begin < 10
