"""Wallets: the published examples are read, one changed letter is refused, whatever the currency."""

from __future__ import annotations

import pytest
import tldextract
from hypothesis import given
from hypothesis import strategies as st

from consilience.extract.observables import find_observables
from consilience.knowledge.keccak import keccak_256
from consilience.knowledge.public_suffixes import is_registrable, suffix_rules
from consilience.knowledge.technical_identifiers import is_onion
from consilience.knowledge.wallet_addresses import find_currency, wallet
from consilience.model.observable import ObservableType as T

# currency, address as written, normal form where it differs
ADDRESSES = [
    (T.BITCOIN, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", ""),
    (T.BITCOIN, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", ""),
    (T.BITCOIN, "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
    (T.BITCOIN, "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", ""),
    (T.BITCOIN_CASH, "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", ""),
    (T.BITCOIN_CASH, "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
     "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"),
    (T.ETHEREUM, "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"),
    (T.TRON, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", ""),
    (T.MONERO, "888tNkZrPN6JsEgekjMnABU4TBzc2Dt29EPAvkRxbANsAnjyPbb3iQ1YBRk1UXcdRsiKc9dhwMVgN5S9cQUiyoogDavup3H", ""),
    (T.MONERO, "44AFFq5kSiGBoZ4NMDwYtN18obc8AemS33DBLWs3H7otXft3XjrpDtQGv7SqSsaBYBb98uNbr2VBBEt7f2wfn3RVGQBEP3A", ""),
    (T.LITECOIN, "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1", ""),
    (T.LITECOIN, "ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea", ""),
    (T.DASH, "XpESxaUmonkq8RaLLp46Brx2K39ggQe226", ""),
    (T.DOGECOIN, "DH5yaieqoZN36fDVciNyRueRGvGLR3mr7L", ""),
    (T.RIPPLE, "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", ""),
    (T.CARDANO,
     "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x", ""),
    (T.CARDANO, "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw", ""),
    (T.TEZOS, "tz1VSUr8wwNhLAzempoch5d6hLRiTh8Cjcjb", ""),
    (T.TEZOS, "KT1PWx2mnDueood7fEmfbBDKx1D9BAnnXitn", ""),
    (T.ZCASH, "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya", ""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "written", "form"), ADDRESSES, ids=[f"{row[0]} {row[1][:9]}" for row in ADDRESSES])
def test_address_is_told_by_its_checksum(kind, written, form):
    assert find_currency(written) == (kind, form or written)
    (found,) = find_observables(f"The ransom went to {written}, then on.")
    assert (found.observable.type, found.observable.value, found.original) == (kind, form or written, written)


@pytest.mark.parametrize(("kind", "written"), [row[:2] for row in ADDRESSES], ids=[row[1][:9] for row in ADDRESSES])
def test_two_letters_that_changed_places_are_no_address(kind, written):
    place = next(i for i in range(len(written) // 2, len(written)) if written[i] != written[i + 1])
    wrong = written[:place] + written[place + 1] + written[place] + written[place + 2 :]
    with pytest.raises(ValueError, match=r"checksum|main net|bytes|one letter case"):
        wallet(kind, wrong)
    assert find_observables(f"The ransom went to {wrong}, then on.") == []


def test_solana_has_no_checksum_and_needs_its_name():
    address = "4Nd1mBQtrMJVYVfKf2PJy9NZUZdTAsp7D4xWLs4gDB4T"
    assert find_observables(f"The key {address} was used.") == []
    (found,) = find_observables(f"paid to the Solana wallet {address}")
    assert (found.observable.type, found.observable.value) == (T.SOLANA, address)


@pytest.mark.parametrize(
    ("data", "digest"),
    [
        # the empty message and "abc", of the Keccak team's known answers for c = 512
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    ],
)
def test_keccak(data, digest):
    assert keccak_256(data).hex() == digest


@given(st.binary(max_size=300))
def test_keccak_takes_every_length(data):
    assert len(keccak_256(data)) == 32


ONIONS = [
    ("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion", True),
    ("www.2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion", True),
    ("2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wdi.onion", False),
    ("facebookcorewwwi.onion", True),
    ("red.onion", False),
]


@pytest.mark.parametrize(("name", "expected"), ONIONS)
def test_onion_service_of_version_3_has_a_checksum(name, expected):
    assert is_onion(name) is expected
    assert bool(find_observables(f"It called http://{name}/x once.")) is expected


def test_public_suffixes_are_read_as_tldextract_reads_them():
    """Every rule of the list as a name, with one and two labels before it."""
    theirs = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
    rules = sorted(rule.lstrip("!").replace("*", "foo") for rule in suffix_rules())
    names = [name for rule in rules[::7] for name in (rule, f"a.{rule}", f"b.a.{rule}")]
    differ = [
        name for name in names if is_registrable(name) != bool((e := theirs.extract_str(name)).suffix and e.domain)
    ]
    assert len(names) > 4000
    assert differ == []


@pytest.mark.parametrize("name", ["", "com", "co.uk", "nothing", "a.nosuchending", ".com"])
def test_no_name_under_a_public_suffix(name):
    assert not is_registrable(name)
