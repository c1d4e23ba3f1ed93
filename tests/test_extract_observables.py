"""Observables in prose: what is found, where it stands, and what is left alone."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consilience.extract.observables import ALL_TYPES, COMPARED, find_observables
from consilience.extract.plain_text import plain_text
from consilience.knowledge.wallet_addresses import WALLETS
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
    ("resolves evil-update[.com now", Kind.DOMAIN, "evil-update.com", "evil-update[.com"),
    ("resolves evil-update.]com now", Kind.DOMAIN, "evil-update.com", "evil-update.]com"),
    ("resolves evil-update{.}com now", Kind.DOMAIN, "evil-update.com", "evil-update{.}com"),
    ("resolves evil-update . com now", Kind.DOMAIN, "evil-update.com", "evil-update . com"),
    ("resolves evil-update dot com now", Kind.DOMAIN, "evil-update.com", "evil-update dot com"),
    ("resolves -evil-update[.]com now", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("servers ns1.*.evil-update[.]com now", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("resolves evil\u200b-up\u00addate.com now", Kind.DOMAIN, "evil-update.com", "evil\u200b-up\u00addate.com"),
    ("resolves ｅｖｉｌ－update．ｃｏｍ now", Kind.DOMAIN, "evil-update.com", "ｅｖｉｌ－update．ｃｏｍ"),
    ("域名：evil-update。com，服务器", Kind.DOMAIN, "evil-update.com", "evil-update。com"),
    ("样本连接evil-update[.]com和服务器。", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("样本连接服务器45.9.148.108并", Kind.IPV4, "45.9.148.108", "45.9.148.108"),
    ("악성코드는 evil-update[.]com에 접속했다", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("マルウェアはevil-update[.]comへ", Kind.DOMAIN, "evil-update.com", "evil-update[.]com"),
    ("访问http://evil-update.com/a查看", Kind.URL, "http://evil-update.com/a", "http://evil-update.com/a"),
    ("连接 例子.com 服务器", Kind.DOMAIN, "xn--fsqu00a.com", "例子.com"),
    ("resolves evil-update.\ncom to", Kind.DOMAIN, "evil-update.com", "evil-update.\ncom"),
    ("at 45 . 9 . 148 . 108 it", Kind.IPV4, "45.9.148.108", "45 . 9 . 148 . 108"),
    ("to [2a03:b0c0:2:d0::11f4:e001]:443.", Kind.HOST_PORT, "[2a03:b0c0:2:d0::11f4:e001]:443",
     "[2a03:b0c0:2:d0::11f4:e001]:443"),
    ("over 2a03[:]b0c0[:]2[:]d0::11f4 only", Kind.IPV6, "2a03:b0c0:2:d0::11f4", "2a03[:]b0c0[:]2[:]d0::11f4"),
    ("get http[:]//evil-update[.]com/x", Kind.URL, "http://evil-update.com/x", "http[:]//evil-update[.]com/x"),
    ("see http://evil-update.com/a/\nb.php?x=1 then", Kind.URL, "http://evil-update.com/a/b.php?x=1",
     "http://evil-update.com/a/\nb.php?x=1"),
    ("see http://evil-update.com/a/\nThe end", Kind.URL, "http://evil-update.com/a/", "http://evil-update.com/a/"),
    (f"hash {SHA256[:46]}\n  {SHA256[46:]} here", Kind.SHA256, SHA256, f"{SHA256[:46]}\n  {SHA256[46:]}"),
    (f"hash {SHA256[:46]}\r\n{SHA256[46:]} here", Kind.SHA256, SHA256, f"{SHA256[:46]}\r\n{SHA256[46:]}"),
    ("exploits cve2017-0144.", Kind.CVE, "CVE-2017-0144", "cve2017-0144"),
    ("PowerShell (t1059.001) ran", Kind.TECHNIQUE, "T1059.001", "t1059.001"),
    ("hosted in as64501, far away", Kind.ASN, "AS64501", "as64501"),
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


YARA = 'rule Evil_1 : apt {\n meta:\n  hash = "' + MD5 + '"\n strings:\n  $a = { 4D 5A }\n condition:\n  $a\n}'
SIGMA = "title: Evil run\nlogsource:\n  product: windows\ndetection:\n  x:\n    Image: 'x'\n  condition: x\nlevel: high"
JARM = "07d14d16d21d21d07c42d41d00041d24a458a375eef0c576d23a7bab9a9fb1"
FUZZY = "1536:yB+A8bMtMeRlbIzvDqZL4QzNxVDm+5gt+M2hDDDvNZ3YZ7sU:N8REZbIzvDqZL4QzNxVDm+5gt"
BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/58.0"
RUN = r"hkey_current_user\software\microsoft\windows\currentversion\run"

# What is found where it is asked for: (text, type, normal form, what stands in the text)
ASKED_FOR = [
    (f"JARM {JARM} was seen", Kind.JARM, JARM, JARM),
    (f"JA3 hash: {MD5}", Kind.JA3, MD5, MD5),
    (f"imphash {MD5}", Kind.IMPHASH, MD5, MD5),
    (f"ssdeep {FUZZY} and", Kind.SSDEEP, FUZZY, FUZZY),
    ("TLSH T1" + "A1B2C3D4E5" * 7, Kind.TLSH, "T1" + "A1B2C3D4E5" * 7, "T1" + "A1B2C3D4E5" * 7),
    ("APT28 (G0007) is back", Kind.ATTACK_OBJECT, "G0007", "G0007"),
    ("Mimikatz is S0002 in MITRE's list", Kind.ATTACK_OBJECT, "S0002", "S0002"),
    ("Telegram channel @evil_chan is", Kind.ACCOUNT, "telegram:evil_chan", "@evil_chan"),
    ("channel t.me/evil_chan is", Kind.ACCOUNT, "telegram:evil_chan", "t.me/evil_chan"),
    ("the @Evil_one Twitter account", Kind.ACCOUNT, "twitter:evil_one", "@Evil_one"),
    (r"sets HKCU\Software\Microsoft\Windows\CurrentVersion\Run.", Kind.REGISTRY_KEY, RUN,
     r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"),
    (r"in HKLM\SOFTWARE\Foo Bar\Run and then", Kind.REGISTRY_KEY, r"hkey_local_machine\software\foo bar\run",
     r"HKLM\SOFTWARE\Foo Bar\Run"),
    ("in HKLM\\SYSTEM\\\nCurrentControlSet\\X now", Kind.REGISTRY_KEY,
     r"hkey_local_machine\system\currentcontrolset\x", "HKLM\\SYSTEM\\\nCurrentControlSet\\X"),
    (r"as C:\Program Files\Foo\a.exe was run", Kind.FILE_PATH, r"C:\Program Files\Foo\a.exe",
     r"C:\Program Files\Foo\a.exe"),
    (r"as %APPDATA%\Foo\a.exe and", Kind.FILE_PATH, r"%APPDATA%\Foo\a.exe", r"%APPDATA%\Foo\a.exe"),
    (r"on \\server\share\a.exe and", Kind.FILE_PATH, r"\\server\share\a.exe", r"\\server\share\a.exe"),
    ("at /tmp/.x/evil.sh, then", Kind.FILE_PATH, "/tmp/.x/evil.sh", "/tmp/.x/evil.sh"),
    ("a file called invoice.pdf.exe ran", Kind.FILE_NAME, "invoice.pdf.exe", "invoice.pdf.exe"),
    ("Run setup.py now", Kind.FILE_NAME, "setup.py", "setup.py"),
    ('the mutex "AVIRA_2109" exists', Kind.MUTEX, "AVIRA_2109", "AVIRA_2109"),
    (r"creates Global\XYZ-12 first", Kind.MUTEX, r"Global\XYZ-12", r"Global\XYZ-12"),
    ("a mutex named woolger is", Kind.MUTEX, "woolger", "woolger"),
    (r"over \\.\pipe\ms32loc, and", Kind.PIPE, r"\\.\pipe\ms32loc", r"\\.\pipe\ms32loc"),
    ("a service named “Windows Help” runs", Kind.SERVICE, "Windows Help", "Windows Help"),
    ("ran sc create EvilSvc binPath= x", Kind.SERVICE, "EvilSvc", "EvilSvc"),
    ('schtasks /create /tn "My Task" /tr x', Kind.TASK, "My Task", "My Task"),
    ("la tâche planifiée « Mise à jour »", Kind.TASK, "Mise à jour", "Mise à jour"),
    (f"User-Agent: {BROWSER}", Kind.USER_AGENT, BROWSER, BROWSER),
    ("the user agent “curl/7.1” was", Kind.USER_AGENT, "curl/7.1", "curl/7.1"),
    ("serial number 0a:1b:2c:3d:4e:5f:60:71:82:93", Kind.CERTIFICATE, "0a1b2c3d4e5f60718293",
     "0a:1b:2c:3d:4e:5f:60:71:82:93"),
    (f"Here: {SIGMA}\n\nProse goes on.", Kind.SIGMA, "Evil run", SIGMA),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value", "original"), ASKED_FOR, ids=[case[1] for case in ASKED_FOR])
def test_every_type_is_found_where_it_is_asked_for(text, kind, value, original):
    (found,) = find_observables(text, types=frozenset({kind}))
    assert (found.observable.type, found.observable.value, found.original) == (kind, value, original)
    assert text[found.start : found.end] == original
    assert [(each.start, each.end) for each in find_observables(text, types=ALL_TYPES)] == [(found.start, found.end)]


def test_every_type_has_a_case_here_or_among_the_wallets():
    cases = {case[1] for case in [*FOUND, *ASKED_FOR]} | {Kind.YARA} | WALLETS
    assert set(Kind) == cases


def test_a_yara_rule_is_found_whole_and_so_is_what_stands_in_it():
    found = find_observables(f"We add:\n{YARA}\nand more", types=ALL_TYPES)
    assert [(each.observable.type, each.observable.value) for each in found] == [(Kind.YARA, "Evil_1"), (Kind.MD5, MD5)]
    assert found[0].original == YARA


NOT_FOUND_EVEN_WHEN_ASKED_FOR = [
    "He uses Node.js and ASP.NET at Booking.com.",
    "a service named by the vendor, and a mutex is created",
    "Mail me @ home, or ask @somebody there.",
    "GET /index.php?id=1 and/or wait",
    "the rule of law: { not yara }",
    "detection: none\ntitle: nothing",
    "the malware . it was new . the end",
    "sc created a file",
    "The serial killer, number 12.",
]


@pytest.mark.parametrize("text", NOT_FOUND_EVEN_WHEN_ASKED_FOR)
def test_prose_is_left_alone_by_every_pattern(text):
    assert find_observables(text, types=ALL_TYPES) == []


def test_names_of_files_are_kept_only_where_they_are_asked_for():
    text = r"It ran evil.exe from C:\Temp\evil.exe and called evil-update[.]com"
    assert [each.observable.value for each in find_observables(text)] == ["evil-update.com"]
    assert not COMPARED & {Kind.FILE_NAME, Kind.FILE_PATH}


LOOK_ALIKES = [("раураl.com", "paypal.com"), ("аррӏе.com", "apple.com"), ("пример.com", ""), ("müller.de", "")]


@pytest.mark.parametrize(("name", "resembles"), LOOK_ALIKES)
def test_look_alike_letters_are_shown(name, resembles):
    (found,) = find_observables(f"It resolved {name} twice.")
    assert found.resembles == resembles


def test_hashes_one_below_the_other_are_not_joined():
    column = "\n".join([MD5, MD5[::-1], SHA1, SHA256])
    assert [each.original for each in find_observables(column)] == column.split("\n")


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
    ("The victim's server 45.9.148.108 was wiped.", Role.VICTIM),
    ("Le site de la victime est ministere-x.gouv.al.", Role.VICTIM),
    ("It copies the legitimate domain google.com.", Role.BENIGN),
    ("It came from a compromised legitimate site, evil-update.com.", Role.INDICATOR),
    ("Not malicious:\n- update[.]com", Role.BENIGN),
    ("Not malicious:\n\nThe server\n- evil-update.com", Role.INDICATOR),
    ("This one (a false positive) is good-update.com.", Role.BENIGN),
    ("Contact us at cert@centre.fr", Role.REFERENCE),
    ("a benign-looking domain, evil-update[.]com", Role.INDICATOR),
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


@given(st.text(alphabet="ab1.:/@-[]() \n\r\u200b．ａ\\\\%htpx·é", max_size=200))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_places_that_hold_what_they_say(text):
    reached = 0
    for each in find_observables(text, types=ALL_TYPES - {Kind.YARA, Kind.SIGMA}):
        assert text[each.start : each.end] == each.original
        assert each.start >= reached
        reached = each.end


@given(st.text(alphabet="ab\u200b\u00ad\r\nＡ．", max_size=60), st.data())
def test_places_in_the_plain_text_lead_back_to_the_original(text, data):
    plain = plain_text(text)
    if plain.text:
        start = data.draw(st.integers(0, len(plain.text) - 1))
        end = data.draw(st.integers(start + 1, len(plain.text)))
        first, last = plain.original(start, end)
        assert plain_text(text[first:last]).text.rstrip("\r") == plain.text[start:end].rstrip("\r")


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
    "halves of hashes": ("abcdef12" * 5 + "\n") * 24_000,
    "block sizes": "3:" * 500_000,
    "YARA heads": "rule a{" * 140_000,
    "YARA conditions": "rule a{condition:" * 60_000,
    "Sigma detections": "detection:" * 100_000,
    "folders": "c:\\a\\" * 200_000,
    "blanks in a path": "c:\\" + "a b " * 250_000,
    "folders of Unix": "/tmp/" * 200_000,
    "keys": "hklm\\a b " * 110_000,
    "mutexes": "mutex " * 160_000,
    "services": "service named " * 71_000,
    "tasks": "schtasks " * 110_000,
    "user agents": "mozilla/5.0 (" * 77_000,
    "handles": " @abc" * 200_000,
    "names of files": "a.exe" * 200_000,
    "blanks round dots": "a . " * 250_000,
    "invisible": "a\u200b." * 333_000,
    "full stops of Chinese": "攻击。" * 333_000,
    "brackets at the end": "http://a.com/" + ")" * 1_000_000,
    "broken URLs": "http://a.com/a/\n" * 62_000,
    "serial numbers": "serial 12:" * 100_000,
    "victims": "victim " * 142_000 + "a.com",
    "backslashes": "\\" * 1_000_000,
}


@pytest.mark.parametrize("text", WORST.values(), ids=WORST)
def test_one_megabyte_of_the_worst_case_is_bounded(text):
    begin = time.process_time()
    find_observables(text, types=ALL_TYPES)
    assert time.process_time() - begin < 10


def test_prose_is_read_at_five_megabytes_a_second():
    """Best of three. Half of the goal that bench/reading measures: the machine of a test has other work to do."""
    plain = "The group (also known as Sofacy) sent e-mails to 12 ministries in May 2016, shortly before the vote. "
    text = (plain * 20 + "It called 45.9.148[.]108, i.e. a known server, and ran update.exe.\n") * 500
    seconds = []
    for _ in range(3):
        begin = time.process_time()
        found = find_observables(text, types=ALL_TYPES)
        seconds.append(time.process_time() - begin)
    assert len(found) == 1000
    assert len(text) / min(seconds) > 5_000_000
