"""Names of people: which columns hold them, and words of which new ones are made."""

from __future__ import annotations

import polars as pl

from likewise.schema.keys import OWNERS, THINGS

_GIVEN_WORDS = """
    adam adrian agnes aisha alan albert alejandro alex alexander ali alice amanda amelia amy ana andrea andreas andrew
    angela anita ann anna anne antonio arthur barbara ben benjamin beatriz bernard bob boris brian bruno camille carl
    carla carlos carmen carol caroline catherine charles charlotte chen chloe chris christian christine clara claire
    claude daniel david diana diego dora dorothy eduardo edward elena elisabeth elizabeth emil emily emma eric erik
    ernst esther eva fatima felix fernando florian francesca francisco frank franz fred gabriel george georg gerd
    gustav hanna hannah hans harry heidi helen helena henri henry hugo ibrahim ida ines ingrid irene isabel isabella
    ivan jack jacob jacques jakob james jan jana jane janet jean jennifer jessica jim joan joe johann john jonas jorge
    jose josef joseph juan julia julian julie jürgen karen karin karl katharina kevin klaus kurt laura lauren lea lena
    leo leon linda lisa louis louise luca lucas lucia luis luise lukas manuel marc marco margaret maria mariana marie
    mario mark marta martha martin mary matthew matthias max maya mia michael miguel mohamed mohammed monika natalie
    nathan nicholas nicolas nina noah nora olga oliver olivia oscar otto pablo pamela patricia patrick paul paula
    pedro peter petra philip pierre rachel rafael ralph ramon raul rebecca rené richard rita robert roger rosa rosie
    ruth ryan samuel sandra sara sarah sebastian sergio simon sofia sophia sophie stefan stephanie stephen steven
    susan susanne sven tanja teresa theo thomas tim tom ursula uwe valentina vera victor victoria vincent walter wei
    werner william wolfgang yusuf
"""
_FAMILY_WORDS = """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson anderson
    taylor moore jackson martin lee perez thompson white harris sanchez clark lewis robinson walker young king wright
    müller mueller schmidt schneider fischer weber meyer meier maier wagner becker schulz hoffmann koch bauer richter
    klein wolf schröder neumann braun keller huber bernard dubois durand leroy moreau laurent simon michel lefebvre
    rossi russo ferrari esposito bianchi romano novak nowak kowalski ivanov petrov silva santos kim park nguyen tran
    khan singh kumar patel wang li zhang liu chen yang huang zhao wu zhou
"""
GIVEN = _GIVEN_WORDS.split()
_KNOWN = sorted({*GIVEN, *_FAMILY_WORDS.split()})
CHINESE_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
    "余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
)
CHINESE_GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红梅宇浩欣怡子轩梓涵雨泽思远"
    "嘉佳文博雅琪晨曦睿皓天宁安然清溪若彤云舒"
)

_GIVEN_HINTS = (
    "first name", "firstname", "given name", "forename", "vorname", "prenom", "prénom", "nombre de pila", "имя",
    "отчество", "voornaam", "förnamn", "fornavn", "etunimi", "imię", "名字",
)  # fmt: skip
_FAMILY_HINTS = (
    "last name", "lastname", "surname", "family name", "nachname", "familienname", "apellido", "apellidos", "cognome",
    "maiden name", "nom de famille", "apellido paterno", "apellido materno", "sobrenome", "фамилия", "прізвище",
    "achternaam", "efternamn", "etternavn", "sukunimi", "nazwisko", "příjmení", "姓氏",
)  # fmt: skip
_WHOLE_HINTS = (
    "full name", "fullname", "person name", "nom complet", "nombre completo", "nom et prenom", "vollname", "姓名",
    "фио", "imię i nazwisko", "ansprechpartner", "ansprechpartnerin", "kontaktperson", "contact person",
    "客户姓名", "患者姓名", "员工姓名", "学生姓名",
)  # fmt: skip
_STRONG = [hint.split() for hint in (*_GIVEN_HINTS, *_FAMILY_HINTS, *_WHOLE_HINTS)]
_BARE = frozenset({"name", "names", "nom", "nombre", "nome"})
_OTHERS = frozenset(
    {
        "contact",
        "mother",
        "father",
        "parent",
        "spouse",
        "husband",
        "wife",
        "author",
        "actor",
        "director",
        "nurse",
        "physician",
        "cardholder",
    }
)

_LETTERS = r"^[\p{L}\p{M}'’.,\- ]{2,60}$"
_WORDS = r"^\p{Lu}[\p{L}\p{M}'’.\-]*(,? \p{L}[\p{L}\p{M}'’.\-]*){1,4}$"
_HAN = r"^\p{Han}{2,4}$"


def looks_like_names(parts: list[str], texts: pl.Series) -> bool:
    """Whether a column holds names of people, or parts of them: by the words of its name, and its texts.

    A name that can be nothing else ("surname") needs letters only. A bare "name", or nothing but an owner ("operator"),
    may be that of a product or a machine: there the texts must look like people's.

    Args:
        parts: the words of the column's name.
        texts: (k,) distinct.
    """
    if not parts or not len(texts):
        return False
    strong = any(parts[-len(hint) :] == hint for hint in _STRONG)
    bare = is_a_name(parts) or set(parts) <= OWNERS | _OTHERS
    if not (strong or bare) or texts.str.contains(_LETTERS).mean() < 0.9:  # type: ignore[operator]
        return False
    whose = is_a_name(parts) and len(parts) > 1  # "patient name": in any language, unlike the name of a machine
    return (
        strong
        or (whose and _look_human(texts, 0.1 if (THINGS | {"household"}) & set(parts) else 0.0))
        or _look_human(texts, 0.4)
    )


def is_a_name(parts: list[str]) -> bool:
    """Whether the words of a column's name say "name", and of nothing but somebody: not that of a product."""
    return bool(_BARE & set(parts)) and set(parts) <= _BARE | OWNERS | _OTHERS


def _look_human(texts: pl.Series, share: float) -> bool:
    """Whether enough of the texts are words of which one is known as a name, or Chinese characters that begin so."""
    han = texts.filter(texts.str.contains(_HAN))
    if len(han) >= 0.8 * len(texts):
        return bool(han.str.slice(0, 1).is_in(list(CHINESE_FAMILY)).mean() >= 0.6)  # type: ignore[operator]
    words = texts.filter(texts.str.contains(_WORDS))
    if len(words) < 0.8 * len(texts):
        return False
    each = words.str.to_lowercase().str.replace_all(r"[,.]", "").str.split(" ")
    known = each.list.eval(pl.element().is_in(_KNOWN)).list.any()
    return bool(known.mean() >= share)  # type: ignore[operator]


_HEADS = [
    "Bal",
    "Bor",
    "Cal",
    "Dar",
    "Del",
    "Fen",
    "Gal",
    "Hal",
    "Jor",
    "Kal",
    "Kes",
    "Lor",
    "Mal",
    "Mer",
    "Nal",
    "Nor",
    "Ost",
    "Par",
    "Quel",
    "Ral",
    "Sel",
    "Tal",
    "Ter",
    "Val",
    "Ver",
    "Wel",
    "Zan",
]
_MIDDLES = ["a", "an", "ar", "e", "en", "er", "i", "in", "o", "on", "or", "u"]
_TAILS = [
    "berg",
    "dell",
    "dorn",
    "fer",
    "gren",
    "han",
    "ker",
    "lan",
    "lo",
    "man",
    "mont",
    "nik",
    "rell",
    "ris",
    "sen",
    "stad",
    "ten",
    "tov",
    "vik",
    "wyn",
]


def free_characters(taken: str) -> list[str]:
    """Characters for given names that none of the names taken holds."""
    return [character for character in CHINESE_GIVEN if character not in taken]


def made_words(taken: frozenset[str], n: int) -> list[str]:
    """At most n invented family names of which none is among the words taken (in lower case), evenly chosen."""
    every = [f"{head}{middle}{tail}" for tail in _TAILS for middle in _MIDDLES for head in _HEADS]
    free = [word for word in every if word.lower() not in taken]
    return free[:: max(1, len(free) // n)][:n]
