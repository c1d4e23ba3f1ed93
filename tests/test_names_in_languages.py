"""Names and dates in ten languages: invented sentences, read as published on Thursday 16 July 2026."""

from __future__ import annotations

import pytest

from consilience.extract.dates import find_dates
from consilience.extract.lexicon import build_lexicon
from consilience.extract.name_context import LANGUAGES
from consilience.extract.names import find_names
from consilience.knowledge.sources import known_sources
from consilience.knowledge.values import GazetteerName
from consilience.model.dates import PartialDate
from consilience.model.statement import EntityType

PUBLISHED = PartialDate("2026-07-16")
CLUSTERS = ("Lazarus Group", "Kimsuky", "Sandworm", "Fancy Bear", "Gamaredon", "Turla", "APT28", "Volt Typhoon")
MORE_CLUSTERS = (
    "Equation Group",
    "Charming Kitten",
    "MuddyWater",
    "Predatory Sparrow",
    "海莲花",
    "Andariel",
    "Lazarus",
)
LEXICON = build_lexicon(
    (
        *(GazetteerName(name, EntityType.CLUSTER, name, False) for name in (*CLUSTERS, *MORE_CLUSTERS)),
        *(GazetteerName(name, EntityType.MALWARE, name, False) for name in ("Stuxnet", "NotPetya", "WannaCry")),
        GazetteerName("Pegasus", EntityType.MALWARE, "Pegasus", True),
        GazetteerName("Snake", EntityType.MALWARE, "Snake", True),
        GazetteerName("Play", EntityType.CLUSTER, "Play", True),
        GazetteerName("Agent", EntityType.MALWARE, "Agent", True),
    ),
    known_sources(),
)

# language: (text, names as "words=key" with "!" before a town that is no state, dates as "first" or "first/last")
CASES = {
    "en": [
        ("Moscow accused the NCSC on Thursday.", ["Moscow=RU", "NCSC=ncsc-uk"], ["2026-07-16"]),
        ("The GRU works in Moscow and Tehran denies it.", ["GRU=RU", "!Moscow=RU", "Tehran=IR"], []),
        ("Between 3 and 7 July 2026 APT 28 was active.", ["APT 28=APT28"], ["2026-07-03/2026-07-07"]),
        ("In the third quarter of 2025, Volt-Typhoon hit ports.", ["Volt-Typhoon=Volt Typhoon"], ["2025-07/2025-09"]),
        ("They play chess; the Play ransomware does not.", ["Play=Play"], []),
        ("The Nationwide Cyber Safety Heart said so yesterday.", ["Nationwide Cyber Safety Heart=ncsc-uk"],
         ["2026-07-15"]),
        ("The Budapest Convention was discussed two weeks ago in Budapest.", ["!Budapest=HU"],
         ["2026-06-29/2026-07-05"]),
        ("A backdoor dubbed Bluemoth appeared in early June 2026; Bluemoth is new.", ["Bluemoth=", "Bluemoth="],
         ["2026-06-01/2026-06-10"]),
        ("An agent of change, an Agent of none.", [], []),
        ("Mustang is a car; Gamaredon/Turla are not, and Lazarus\nGroup wraps.",
         ["Gamaredon=Gamaredon", "Turla=Turla", "Lazarus\nGroup=Lazarus Group"], []),
    ],
    "fr": [
        ("Moscou a nié hier toute attaque.", ["Moscou=RU"], ["2026-07-15"]),
        ("L’attaque est attribuée à Téhéran, dit l’ANSSI.", ["Téhéran=IR", "ANSSI=anssi"], []),
        ("L’ambassade rouvre à Téhéran.", ["!Téhéran=IR"], []),
        ("Du 3 au 7 juillet 2026, Sandworm a frappé.", ["Sandworm=Sandworm"], ["2026-07-03/2026-07-07"]),
        ("Il y a deux semaines, des pirates iraniens", ["iraniens=IR"], ["2026-06-29/2026-07-05"]),
        ("La Convention de Budapest date de 2001.", [], ["2001"]),
        ("Au printemps 2024 puis début mars 2025", [], ["2024-03/2024-05", "2025-03-01/2025-03-10"]),
        ("Le serpent dort ; le logiciel malveillant Snake aussi.", ["Snake=Snake"], []),
        ("La porte dérobée baptisée Lilas, vue le 15/07/2022.", ["Lilas="], ["2022-07-15"]),
        ("mardi dernier, le deuxième semestre 2025", [], ["2026-07-14", "2025-07/2025-12"]),
    ],
    "de": [
        ("Moskau weist die Vorwürfe des BSI zurück.", ["Moskau=RU", "BSI=bsi"], []),
        ("Die russische Botschaft in Berlin schwieg am Mittwoch.", ["russische=RU", "!Berlin=DE"], ["2026-07-15"]),
        ("Das Bundesamt für Verfassungsschutz warnte am 14. Juli 2026 vor Fancy Bear.",
         ["Bundesamt für Verfassungsschutz=bfv", "Fancy Bear=Fancy Bear"], ["2026-07-14"]),
        ("Vergangene Woche traf es die Deutsche Bank.", [], ["2026-07-06/2026-07-12"]),
        ("Nordkoreanische Hacker, so der BND, seit Anfang März 2025", ["Nordkoreanische=KP", "BND=DE"],
         ["2025-03-01/2025-03-10"]),
        ("Zwischen dem 3. und 7. Juli 2026 ruhte Turla.", ["Turla=Turla"], ["2026-07-03/2026-07-07"]),
        ("Das Auswärtige Amt bestellte den iranischen Botschafter ein.",
         ["Auswärtige Amt=de-mfa", "iranischen=IR"], []),
        ("Islands Polizei sah am 15.07.2022 Irans Gruppe MuddyWater.",
         ["Islands=IS", "Irans=IR", "MuddyWater=MuddyWater"], ["2022-07-15"]),
        ("Im dritten Quartal 2025 und im Sommer 2024", [], ["2025-07/2025-09", "2024-06/2024-08"]),
    ],
    "es": [
        ("Moscú niega el ataque del pasado martes.", ["Moscú=RU"], ["2026-07-14"]),
        ("El CNI señaló ayer a piratas norcoreanos.", ["CNI=ES", "norcoreanos=KP"], ["2026-07-15"]),
        ("El grupo iraní MuddyWater actuó entre el 3 y el 7 de julio de 2026.",
         ["iraní=IR", "MuddyWater=MuddyWater"], ["2026-07-03/2026-07-07"]),
        ("La Reunión empezó en Madrid hace dos semanas.", ["!Madrid=ES"], ["2026-06-29/2026-07-05"]),
        ("La Casa Blanca y la OTAN condenan a Pekín.", ["Casa Blanca=us-white-house", "OTAN=nato", "Pekín=CN"], []),
        ("A principios de marzo de 2025 cayó el INCIBE.", ["INCIBE=ES"], ["2025-03-01/2025-03-10"]),
        ("El tercer trimestre de 2025, según EE. UU.", ["EE. UU.=US"], ["2025-07/2025-09"]),
        ("El CCN-CERT lo vio el 14 de julio de 2026.", ["CCN-CERT=ccn-cert"], ["2026-07-14"]),
        ("la guardia de la esquina y el verano de 2024", [], ["2024-06/2024-08"]),
    ],
    "ru": [
        ("Москва отвергла обвинения в четверг.", ["Москва=RU"], ["2026-07-16"]),
        ("В Москве говорят, что ГРУ ни при чём.", ["!Москве=RU", "ГРУ=RU"], []),
        ("Иранские хакеры атаковали Албанию 15 июля 2022 года.", ["Иранские=IR", "Албанию=AL"], ["2022-07-15"]),
        ("Федеральной службой безопасности вчера названа группа Лазарус.",
         ["Федеральной службой безопасности=RU", "Лазарус=Lazarus Group"], ["2026-07-15"]),
        ("С 3 по 7 июля 2026 года", [], ["2026-07-03/2026-07-07"]),
        ("СБУ и Госспецсвязи две недели назад сообщили о Гамаредоне.",
         ["СБУ=ssu", "Госспецсвязи=ssscip", "Гамаредоне=Gamaredon"], ["2026-06-29/2026-07-05"]),
        ("Того требуют Минские соглашения.", [], []),
        ("Белый дом и Пентагон обвинили Пхеньян; АНБ молчит.",
         ["Белый дом=us-white-house", "Пентагон=us-dod", "Пхеньян=KP", "АНБ=nsa"], []),
        ("В начале марта 2025 года и в третьем квартале 2025 года", [], ["2025-03-01/2025-03-10", "2025-07/2025-09"]),
    ],
    "uk": [
        ("Москва заперечує атаку, повідомила СБУ в середу.", ["Москва=RU", "СБУ=ssu"], ["2026-07-15"]),
        ("ДССЗЗІ минулого тижня виявила російських хакерів.", ["ДССЗЗІ=ssscip", "російських=RU"],
         ["2026-07-06/2026-07-12"]),
        ("У Києві 14 липня 2026 року говорили про Sandworm.", ["!Києві=UA", "Sandworm=Sandworm"], ["2026-07-14"]),
        ("Північна Корея і Білорусь", ["Північна Корея=KP", "Білорусь=BY"], []),
        ("ГРУ використало НотПетя у червні 2017 року.", ["ГРУ=RU", "НотПетя=NotPetya"], ["2017-06"]),
        ("З 3 по 7 липня 2026 року", [], ["2026-07-03/2026-07-07"]),
        ("Два тижні тому НКЦК попередив про Гамаредон.",
         ["НКЦК=UA", "Гамаредон=Gamaredon"], ["2026-06-29/2026-07-05"]),
        ("Малі підприємства, того не знають; Будапештська конвенція діє.", [], []),
        ("Торік НАТО та Євросоюз засудили Іран.", ["НАТО=nato", "Євросоюз=EU", "Іран=IR"], ["2025"]),
    ],
    "fa": [
        ("تهران دیروز اتهام آلبانی را رد کرد.", ["تهران=IR", "آلبانی=AL"], ["2026-07-15"]),
        ("در تهران گروه گنجشک درنده مسئولیت را پذیرفت.", ["!تهران=IR", "گنجشک درنده=Predatory Sparrow"], []),
        ("وزارت اطلاعات و سپاه پاسداران", ["وزارت اطلاعات=IR", "سپاه پاسداران=IR"], []),
        ("حمله در ۲۴ تیر ۱۴۰۱ روی داد.", [], ["2022-07-15"]),
        ("در ۱۵ ژوئیه ۲۰۲۲ هکرهای روسی", ["روسی=RU"], ["2022-07-15"]),
        ("هفته گذشته ویروس استاکس‌نت", ["استاکس‌نت=Stuxnet"], ["2026-07-06/2026-07-12"]),
        ("وزارت خزانه‌داری آمریکا و ناتو ایران را محکوم کردند.",
         ["وزارت خزانه‌داری آمریکا=us-treasury", "ناتو=nato", "ایران=IR"], []),
        ("جاسوس‌افزار پگاسوس و شرکت ایست", ["پگاسوس=Pegasus", "ایست=eset"], []),
        ("پلیس فرمان ایست داد.", [], []),
        ("بازار مالی می‌گوید دو هفته پیش چنین نبود", [], ["2026-06-29/2026-07-05"]),
        ("مركز ملی فضای مجازي در خرداد ۱۴۰۲", ["مركز ملی فضای مجازي=IR"], ["2023-05-22/2023-06-21"]),
    ],
    "ko": [
        ("북한의 정찰총국이 배후라고 국정원은 어제 밝혔다.", ["북한=KP", "정찰총국=KP", "국정원=nis-korea"],
         ["2026-07-15"]),
        ("평양은 부인했다.", ["평양=KP"], []),
        ("서울에서 회의가 열렸다.", ["!서울=KR"], []),
        ("2022년 7월 15일 라자루스가 공격했다.", ["라자루스=Lazarus Group"], ["2022-07-15"]),
        ("해킹이란 무엇인가, 수단을 가리지 않는다", [], []),
        ("이란의 해커들이 지난주 목요일 침투했다.", ["이란=IR"], ["2026-07-09"]),
        ("Kimsuky가 2025년 3분기에 활동했다.", ["Kimsuky=Kimsuky"], ["2025-07/2025-09"]),
        ("공격을 저지했다고 한국인터넷진흥원은 3월 초 발표했다.", ["한국인터넷진흥원=krcert"],
         ["2026-03-01/2026-03-10"]),
        ("7월 3일부터 7일까지, 2026년 7월 3일부터 7일까지", [], ["2026-07-03", "2026-07-03/2026-07-07"]),
    ],
    "zh": [
        ("北京昨天否认了指控。", ["北京=CN"], ["2026-07-15"]),
        ("会议在北京举行。", ["!北京=CN"], []),
        ("国家安全部称APT28组织于2022年7月15日攻击了乌克兰。", ["国家安全部=CN", "APT28=APT28", "乌克兰=UA"],
         ["2022-07-15"]),
        ("发展中国家和人工智能", [], []),
        ("朝鲜拉撒路组织上周四窃取了加密货币。", ["朝鲜=KP", "拉撒路组织=Lazarus Group"], ["2026-07-09"]),
        ("德黑兰和莫斯科", ["德黑兰=IR", "莫斯科=RU"], []),
        ("2025年第三季度，海莲花活动频繁。", ["海莲花=海莲花"], ["2025-07/2025-09"]),
        ("美国国家安全局两周前入侵，外交部说。", ["美国国家安全局=nsa", "外交部=cn-mfa"], ["2026-06-29/2026-07-05"]),
        ("2026年7月3日至7日，白宫沉默；去年也是。", ["白宫=us-white-house"], ["2026-07-03/2026-07-07", "2025"]),
        ("上海地区的其中方案", [], []),
    ],
    "sq": [
        ("Teherani mohoi dje sulmin.", ["Teherani=IR"], ["2026-07-15"]),
        ("AKSHI dhe AKSK njoftuan të enjten.", ["AKSHI=AL", "AKSK=akcesk"], ["2026-07-16"]),
        ("Në Tiranë u mbyll ambasada e Iranit.", ["!Tiranë=AL", "Iranit=IR"], []),
        ("Hakerët iranianë sulmuan Shqipërinë më 15 korrik 2022.", ["iranianë=IR", "Shqipërinë=AL"], ["2022-07-15"]),
        ("Qeveria shqiptare fajësoi Rusinë dy javë më parë.", ["Qeveria shqiptare=al-government", "Rusinë=RU"],
         ["2026-06-29/2026-07-05"]),
        ("Mali është i lartë.", [], []),
        ("Në fillim të marsit 2025 NATO-ja dhe Kosova", ["NATO-ja=nato", "Kosova=XK"], ["2025-03-01/2025-03-10"]),
        ("Javën e kaluar grupi Lazarus", ["Lazarus=Lazarus"], ["2026-07-06/2026-07-12"]),
        ("Nga 3 deri më 7 korrik 2026 SHBA-ja dënoi Koreja e Veriut.", ["SHBA-ja=US", "Koreja e Veriut=KP"],
         ["2026-07-03/2026-07-07"]),
    ],
}  # fmt: skip
ROWS = [(lang, text, names, dates) for lang, rows in CASES.items() for text, names, dates in rows]


def test_every_language_has_eight_sentences_or_more():
    assert set(CASES) == set(LANGUAGES)
    assert all(len(rows) >= 8 for rows in CASES.values())


@pytest.mark.parametrize(("lang", "text", "names", "dates"), ROWS)
def test_names(lang, text, names, dates):
    found = [each for each in find_names(text, lang, LEXICON) if each.letter != "T"]
    assert all(text[each.start : each.end] == each.text for each in found)
    assert ["!" * (each.sense == "place") + f"{each.text}={each.key}" for each in found] == names


@pytest.mark.parametrize(("lang", "text", "names", "dates"), ROWS)
def test_dates(lang, text, names, dates):
    found = find_dates(text, lang, PUBLISHED)
    assert [each.first if each.first == each.last else f"{each.first}/{each.last}" for each in found] == dates
