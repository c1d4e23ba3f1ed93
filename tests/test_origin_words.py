"""The tables behind origins: forms of citing, numbers as they are written, boilerplate, addresses."""

from __future__ import annotations

import pytest

from consilience.extract.citations import address_key
from consilience.extract.origin_words import cites, find_numbers, is_boilerplate, persons_quoted

CITING = [
    ("en", "According to a joint report published by {}, the servers were rented.", True),
    ("en", "The campaign was first reported by {}.", True),
    ("en", "{} assesses that the group is active.", True),
    ("en", "Citing {}, the paper wrote of two groups.", True),
    ("en", "It follows the statement by {} of last week.", True),
    ("en", "An advisory released by {} lists the hashes.", True),
    ("en", "It was a test, said {}.", True),
    ("en", "{} customers were hit.", False),
    ("en", "The attack on {} was noticed late.", False),
    ("fr", "Selon un rapport de {}, les serveurs étaient loués.", True),
    ("fr", "D'après {}, deux groupes sont en cause.", True),
    ("fr", "La campagne a été révélée par {}.", True),
    ("fr", "{} a annoncé des mesures.", True),
    ("fr", "Les Alliés prennent acte des déclarations de {}.", True),
    ("fr", "Citant {}, le journal évoque deux groupes.", True),
    ("fr", "C'était un test, a déclaré {}.", True),
    ("fr", "Les clients de {} ont été touchés.", False),
    ("de", "Laut {} waren zwei Gruppen beteiligt.", True),
    ("de", "Nach Angaben der {} waren zwei Gruppen beteiligt.", True),
    ("de", "Kunden von {} waren betroffen.", False),
    ("ru", "По данным {}, замешаны две группы.", True),
    ("ru", "Согласно отчёту {}, замешаны две группы.", True),
    ("ru", "Пострадали клиенты {}.", False),
    ("uk", "За даними {}, причетні дві групи.", True),
    ("uk", "Постраждали клієнти {}.", False),
    ("es", "Según un informe de {}, participaron dos grupos.", True),
    ("es", "Los clientes de {} fueron atacados.", False),
]


@pytest.mark.parametrize(("lang", "sentence", "expected"), CITING)
def test_citing(lang: str, sentence: str, expected: bool) -> None:
    start = sentence.index("{}")
    text = sentence.format("Acme Labs")
    assert cites(text, start, start + len("Acme Labs"), lang) is expected


NUMBERS = [
    ("en", "3,400 files", ["3400"]),
    ("fr", "3 400 fichiers", ["3400"]),
    ("fr", "3\u202f400 fichiers", ["3400"]),
    ("en", "1.5 million dollars and twelve banks", ["1500000", "12"]),
    ("fr", "620 millions de dollars, trois banques", ["620000000", "3"]),
    ("en", "AA22-264a, v1.2, 10.0.0.1, APT28 and CVE-2021-34527", []),
    ("ru", "140 городов", ["140"]),
]


@pytest.mark.parametrize(("lang", "text", "expected"), NUMBERS)
def test_numbers(lang: str, text: str, expected: list[str]) -> None:
    assert [each.value for each in find_numbers(text, lang)] == expected


def test_persons_and_boilerplate() -> None:
    assert persons_quoted("So it is, Anna Petrova told the press.", "en") == {"Anna Petrova"}
    assert persons_quoted("« Oui », a déclaré Jean Dupont.", "fr") == {"Jean Dupont"}
    assert persons_quoted("The port of New York was closed.", "en") == frozenset()
    assert is_boilerplate("Copyright. All Rights Reserved.", "en")
    assert is_boilerplate("Tous droits réservés.", "fr")
    assert not is_boilerplate("On 14 February 2024 Copper Heron broke into the port authority of Varna.", "en")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://www.example.org/a/", "http://example.org/a"),
        ("https://example.org/a#x", "https://example.org/a"),
        ("https://example.org/a?p=1.", "https://example.org/a?p=1"),
    ],
)
def test_addresses_that_are_one(one: str, other: str) -> None:
    assert address_key(one) == address_key(other) != ""
