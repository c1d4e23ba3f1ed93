"""Known publishers: found by name and address, graded by a policy that the table states."""

from __future__ import annotations

import pytest

from consilience.knowledge import countries, sources
from consilience.knowledge.folding import fold
from consilience.model.source import Reliability, SourceKind

BY_NAME = [
    ("NCSC", "ncsc-uk"),
    ("UK National Cyber Security Centre", "ncsc-uk"),
    ("ANSSI", "anssi"),
    ("Agence nationale de la sécurité des systèmes d’information", "anssi"),
    ("agence nationale de la securite des systemes d'information", "anssi"),
    ("CERT-FR", "cert-fr"),
    ("CERTFR", "cert-fr"),
    ("OTAN", "nato"),
    ("the White House", "us-white-house"),
    ("la Maison-Blanche", "us-white-house"),
    ("Conseil de sécurité nationale de la Maison Blanche", "us-white-house"),
    ("Служба безпеки України", "ssu"),
    ("Auswärtiges Amt", "de-mfa"),
    ("ministère albanais de l'Europe et des Affaires étrangères", "al-mfa"),
    ("Quai d’Orsay", "fr-mfa"),
    ("NUKIB", "nukib"),
    ("U.S. Department of the Treasury", "us-treasury"),
    ("FireEye", "mandiant"),
    ("Gen Digital", "gendigital"),
    ("奇虎360", "qihoo360"),
    ("Palo Alto Networks Unit 42", "unit42"),
    ("HOMELAND JUSTICE", "homeland-justice"),
    ("cert-ua", "cert-ua"),
]


@pytest.mark.parametrize(("name", "identifier"), BY_NAME)
def test_a_source_is_found_by_any_of_its_names(name, identifier):
    found = sources.source_named(name)
    assert found is not None
    assert found.id == identifier


@pytest.mark.parametrize("name", ["", "the", "Foreign Ministry", "Ministry", "a vendor", "Gamaredon"])
def test_a_name_that_names_nobody_finds_nobody(name):
    assert sources.source_named(name) is None


BY_URL = [
    ("https://www.ncsc.gov.uk/news/uk-condemns", "ncsc-uk"),
    ("https://www.gov.uk/government/news/uk-condemns-iran", "uk-government"),
    ("https://www.gov.uk/government/organisations/foreign-commonwealth-development-office/about", "uk-fcdo"),
    ("https://cert.ssi.gouv.fr/cti/CERTFR-2025-CTI-006/", "cert-fr"),
    ("https://cyber.gouv.fr/x", "anssi"),
    ("https://cloud.google.com/blog/topics/threat-intelligence/apt44", "mandiant"),
    ("https://blog.google/threat-analysis-group/x", "google-tag"),
    ("https://www.gendigital.com/blog/insights/research/apt-cyber-alliances-2025", "gendigital"),
    ("https://unit42.paloaltonetworks.com/x", "unit42"),
    ("HTTPS://WWW.WELIVESECURITY.COM/en/x", "eset"),
    ("securelist.com", "kaspersky"),
    ("https://malpedia.caad.fkie.fraunhofer.de/actor/gamaredon", "malpedia"),
    ("https://www.politico.eu/article/x", "politico"),
    ("http://therecord.media./x", "therecord"),
]


@pytest.mark.parametrize(("url", "identifier"), BY_URL)
def test_an_address_tells_its_publisher(url, identifier):
    found = sources.source_for_url(url)
    assert found is not None
    assert found.id == identifier


SILENT = [
    "https://github.com/eset/malware-ioc",
    "https://t.me/abc",
    "https://cloud.google.com/storage",
    "https://microsoft.com.evil.example/x",
    "https://notmicrosoft.com/",
    "https://homelandjustice.ru/",
    "https://[bad",
    "",
    "file.txt",
]


@pytest.mark.parametrize("url", SILENT)
def test_an_address_that_does_not_tell_gives_none(url):
    assert sources.source_for_url(url) is None


def test_names_and_ids_are_unambiguous():
    owner: dict[str, str] = {}
    for known in sources.known_sources():
        assert known.source.id == known.source.id.lower()
        for name in (known.source.id, *known.all_names()):
            assert owner.setdefault(fold(name), known.source.id) == known.source.id, name
    assert len({known.source.id for known in sources.known_sources()}) == len(sources.known_sources()) >= 80


def test_the_policy_for_grades_holds_in_the_table():
    for known in sources.known_sources():
        source = known.source
        assert source.reliability is not Reliability.A, f"{source.id}: nobody is A by default"
        assert source.reliability is not Reliability.F, f"{source.id}: F is for those not in the table"
        assert source.basis.endswith(".")
        if source.kind is SourceKind.PERSONA:
            assert source.reliability is Reliability.E
        if source.kind is SourceKind.PRESS:
            assert source.reliability in (Reliability.C, Reliability.D, Reliability.E)
    grades = {known.source.id: known.source.reliability.value for known in sources.known_sources()}
    assert [grades[each] for each in ("anssi", "eset", "uk-fcdo", "reuters", "ir-mfa", "presstv")] == list("BBBCDE")


def test_only_public_bodies_speak_for_a_state():
    for known in sources.known_sources():
        if known.speaks_for:
            assert known.source.kind in (SourceKind.STATE, SourceKind.INTERNATIONAL)
            assert countries.country_name(known.speaks_for, "en"), known.source.id
        if known.source.kind is SourceKind.STATE:
            assert known.speaks_for == known.source.country
        if known.source.country:
            assert countries.country_name(known.source.country, "en"), known.source.id


def test_domains_lead_back_to_their_source():
    for known in sources.known_sources():
        for domain in known.domains:
            found = sources.source_for_url(f"https://{domain}/some/page")
            assert found is not None
            assert found.id == known.source.id, domain
