"""Names of people: which columns hold them, and words of which new ones are made."""

from __future__ import annotations

import unicodedata

import polars as pl

from likewise.schema.keys import OWNERS, THINGS


def _without_marks(word: str) -> str:
    """The letters without accents: "José" is written "Jose" by many."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


_GIVEN_WORDS = """
    adam adrian agnes aisha alan albert alejandro alex alexander ali alice amanda amelia amy ana andrea andreas
    andrew angela anita ann anna anne antonio arthur barbara ben benjamin beatriz bernard bob boris brian bruno
    camille carl carla carlos carmen carol caroline catherine charles charlotte chen chloe chris christian christine
    clara claire claude daniel david diana diego dora dorothy eduardo edward elena elisabeth elizabeth emil emily
    emma eric erik ernst esther eva fatima felix fernando florian francesca francisco frank franz fred gabriel
    george georg gerd gustav hanna hannah hans harry heidi helen helena henri henry hugo ibrahim ida ines ingrid
    irene isabel isabella ivan jack jacob jacques jakob james jan jana jane janet jean jennifer jessica jim joan joe
    johann john jonas jorge jose josef joseph juan julia julian julie jürgen karen karin karl katharina kevin klaus
    kurt laura lauren lea lena leo leon linda lisa louis louise luca lucas lucia luis luise lukas manuel marc marco
    margaret maria mariana marie mario mark marta martha martin mary matthew matthias max maya mia michael miguel
    mohamed mohammed monika natalie nathan nicholas nicolas nina noah nora olga oliver olivia oscar otto pablo
    pamela patricia patrick paul paula pedro peter petra philip pierre rachel rafael ralph ramon raul rebecca rené
    richard rita robert roger rosa rosie ruth ryan samuel sandra sara sarah sebastian sergio simon sofia sophia
    sophie stefan stephanie stephen steven susan susanne sven tanja teresa theo thomas tim tom ursula uwe valentina
    vera victor victoria vincent walter wei werner william wolfgang yusuf manon mathieu nathalie thierry stephane
    guillaume antoine sylvie isabelle valerie laurence pascal philippe pilar rocio ignacio alvaro javier alba noelia
    raquel alicia giulia giovanni giuseppe chiara alessandro matteo lorenzo paola stefano roberto katarzyna
    agnieszka zofia jakub piotr krzysztof joao ashley tyler ethan logan jayden abigail ella scarlett lily layla
    penelope mila aiden elijah liam wyatt owen dylan luke isaac joshua nathaniel caleb connor justin brandon jason
    jeffrey gary larry scott raymond gregory donald ronald kenneth dennis jerry bruce wayne eugene howard carolyn
    deborah debra donna nancy betty shirley judith cheryl brenda kathleen diane joyce gloria doris frances janice
    marilyn beverly denise tammy theresa heather nicole melissa tiffany megan erin kimberly cynthia kathryn samantha
    danielle harriet imogen poppy freya isla alfie archie callum ewan fraser gareth graham nigel rhys stuart trevor
    silas rosamund dieter manfred günter helmut horst heinz renate brigitte gisela helga birgit sabine silke anja
    katja melanie kerstin heike steffen torsten dirk ralf holger detlef bernd norbert rüdiger marcel kai lars timo
    tobias johannes moritz finn leonie emilia priya rahul amit anjali deepak neha pooja rajesh ravi sanjay sunita
    suresh vijay vikram arjun ananya kavita lakshmi manoj rohit sachin sneha aleksandr dmitry sergey andrey alexey
    mikhail natalia tatiana svetlana irina ekaterina yulia olena oksana haruto yuki sakura hiroshi kenji takashi
    akira yoko keiko naoki ahmed hassan hussein khalid mariam mustafa nour omar salma youssef zainab kwame amina
    chidi ngozi thabo fatoumata mamadou bjorn ingeborg astrid freja mikkel anders magnus henrik kristina linnea
    pekka matti aino zsofia laszlo istvan katalin vaclav jiri tomasz malgorzata ewa pawel
"""
_FAMILY_WORDS = """
    smith johnson williams brown jones garcia miller davis rodriguez martinez hernandez lopez gonzalez wilson
    anderson taylor moore jackson martin lee perez thompson white harris sanchez clark lewis robinson walker young
    king wright müller mueller schmidt schneider fischer weber meyer meier maier wagner becker schulz hoffmann koch
    bauer richter klein wolf schröder neumann braun keller huber bernard dubois durand leroy moreau laurent simon
    michel lefebvre rossi russo ferrari esposito bianchi romano novak nowak kowalski ivanov petrov silva santos kim
    park nguyen tran khan singh kumar patel wang li zhang liu chen yang huang zhao wu zhou petit robert richard roux
    david bertrand morel fournier girard bonnet dupont lambert fontaine rousseau vincent faure mercier boyer blanc
    garnier chevalier francois legrand gauthier perrin morin nicolas henry masson marchand dumas fernandez gomez
    diaz alvarez ruiz alonso gutierrez romero navarro torres dominguez vazquez ramos gil ramirez serrano molina
    morales ortega delgado castro ortiz rubio flores rivera gonzales reyes cruz mendoza vargas jimenez moreno conti
    costa gallo fontana mancini rizzo lombardi moretti barbieri greco bruno marino ricci colombo de luca galli
    wisniewski wojcik kaminski lewandowski zielinski dvorak svoboda horvat nagy kovacs popescu ferreira pereira
    oliveira sousa rodrigues jansen jong visser smit bakker andersson johansson karlsson nilsson hansen olsen larsen
    nielsen jensen korhonen virtanen yilmaz kaya demir turner adams nelson campbell mitchell roberts phillips evans
    edwards collins stewart morris murphy rogers morgan cooper peterson bailey reed ward watson brooks gray bennett
    ross henderson coleman jenkins patterson hughes foster bryant russell griffin hayes hamilton sullivan wallace
    stone barnes fisher hall wood hill green allen scott baker carter parker kelly price powell long butler simmons
    schwarz zimmermann krüger hofmann hartmann lange schmitt krause lehmann köhler hermann könig mayer kaiser fuchs
    scholz möller schubert vogel günther berger winkler roth beck lorenz baumann albrecht schuster böhm kraus
    schumacher vogt jäger seidel heinrich brandt haas schreiber dietrich ziegler kuhn pohl bergmann voigt pfeiffer
    sharma verma gupta reddy iyer nair rao das mehta joshi shah agarwal chopra kapoor malhotra bose banerjee
    mukherjee chatterjee tanaka suzuki sato takahashi watanabe ito yamamoto nakamura kobayashi kato choi jung kang
    yoon jang ali hassan hussein ahmed ibrahim abdullah rahman haddad khoury pham vo dang bui duong ivanova petrova
    smirnov sokolov popov kuznetsov volkov fedorov morozov shevchenko okafor adeyemi mensah diallo traore ndiaye
    mwangi otieno moyo dlamini nkosi lindberg berg dahl haugen laine heikkinen szabo toth horvath novotny prochazka
    mazur wozniak dabrowski oconnor obrien
"""
GIVEN = sorted({*_GIVEN_WORDS.split()})
_GIVEN_KNOWN = sorted({*map(_without_marks, GIVEN)})
_FAMILY_KNOWN = sorted({*map(_without_marks, _FAMILY_WORDS.split())} - {"de"})
_KNOWN = sorted({*_GIVEN_KNOWN, *_FAMILY_KNOWN})
CHINESE_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡"
    "余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金"
)
_KOREAN_FAMILY = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구나민진지엄채원천방공현"
_JAPANESE_WORDS = """
    佐藤 鈴木 高橋 田中 伊藤 渡辺 渡邊 山本 中村 小林 加藤 吉田 山田 佐々 山口 松本 井上 木村 斎藤 斉藤 清水 山崎 阿部
    池田 橋本 山下 石川 中島 前田 藤田 後藤 小川 岡田 村上 長谷 近藤 石井 坂本 遠藤 青木 藤井 西村 福田 太田 三浦 藤原
    岡本 松田 中川 中野 原田 小野 田村 竹内 金子 和田 中山 石田 上田 森田
"""
_JAPANESE_FAMILY = _JAPANESE_WORDS.split()
# Made of characters that files of mainland China, Taiwan, Japan and Korea can hold alike.
MADE_FAMILY = "王李周徐朱胡郭何高林梁宋唐曹彭曾肖田董袁潘于蔡余杜程魏丁任沈姚姜崔汪范金"
CHINESE_GIVEN = "芳娜敏磊洋勇杰娟明超秀霞平桂英玉梅宇浩欣怡子梓涵雨思嘉佳文博雅琪晨曦睿皓天安然溪若云舒"

_GIVEN_HINTS = (
    "first name", "firstname", "given name", "forename", "vorname", "prenom", "prénom", "nombre de pila", "имя",
    "отчество", "voornaam", "förnamn", "fornavn", "etunimi", "imię", "imie", "prenume", "keresztnév", "křestní jméno",
    "名字",
)  # fmt: skip
_FAMILY_HINTS = (
    "last name", "lastname", "surname", "family name", "nachname", "familienname", "apellido", "apellidos", "cognome",
    "maiden name", "nom de famille", "apellido paterno", "apellido materno", "sobrenome", "фамилия", "прізвище",
    "achternaam", "efternamn", "etternavn", "sukunimi", "nazwisko", "příjmení", "prijmeni", "vezetéknév",
    "soyad", "soyadı", "soyisim", "επώνυμο", "презиме", "姓氏", "fname", "lname", "mname", "given names", "forenames",
    "surnames", "zuname", "geburtsname", "mädchenname", "maiden", "née", "geborene", "nom de naissance", "rufname",
    "spitzname", "nickname", "apodo", "surnom", "フリガナ", "ふりがな", "カナ", "氏名カナ", "よみがな",
)  # fmt: skip
_WHOLE_HINTS = (
    "full name", "fullname", "person name", "nom complet", "nombre completo", "nom et prenom", "vollname", "姓名",
    "фио", "imię i nazwisko", "ansprechpartner", "ansprechpartnerin", "kontaktperson", "contact person",
    "客户姓名", "患者姓名", "员工姓名", "学生姓名", "氏名", "성명", "ονοματεπώνυμο", "họ và tên", "nome e cognome",
    "nombre y apellidos", "nom et prénom", "nom prénom", "nom prenom",
)  # fmt: skip
_STRONG = [hint.split() for hint in (*_GIVEN_HINTS, *_FAMILY_HINTS, *_WHOLE_HINTS)]
_BARE_WORDS = """
    name names nom nombre nome naam namn navn nimi jméno jmeno név nume ad adı isim όνομα име nama tên 이름 名前 שם
    اسم الاسم
"""
_BARE = frozenset(_BARE_WORDS.split())
_OTHER_WORDS = """
    contact mother father parent spouse husband wife author actor director nurse physician cardholder
    assignee manager bearbeiter sachbearbeiter betreuer berater verkäufer arzt hausarzt fahrer autor leiter
    vendeur vendedor médecin 担当者 業務員 业务员 负责人 经办人 医生 医師 担当
    责任人 班主任 上级 主管 联系人 审核人 审批人 制单人 收件人 发件人 surgeon
    therapist midwife caregiver caretaker cashier technician trainer coach captain judge lawyer notary
    supervisor boss interviewer rater reviewer investigator approver requester reporter signatory signature
    guardian sibling child godparent attendee speaker payee beneficiary landlord owner reader writer editor
    responsible chirurg therapeut hebamme pfleger pflegerin kassierer kassiererin techniker trainerin
    richter anwalt notar vorgesetzter prüfer gutachter lehrer lehrerin lehrkraft klassenlehrer
    klassenlehrerin ehepartner vormund mieter vermieter halter fahrerin gast teilnehmer teilnehmerin
    empfänger absender kontoinhaber karteninhaber inhaber unterzeichner proband schüler schülerin patientin
    kundin mutter vater kind caissier caissière enseignant enseignante chirurgien infirmier infirmière
    responsable avocat juge locataire titulaire cajero cajera docente maestro maestra profesor profesora
    enfermero enfermera cirujano abogado juez encargado titular professore professoressa infermiere paziente
    cliente responsabile responsável professor professora enfermeiro enfermeira менеджер врач учитель
    преподаватель сотрудник клиент пациент ученик студент исполнитель ответственный водитель автор lekarz
    nauczyciel klient pacjent uczeń kierownik
"""
_OTHERS = frozenset(_OTHER_WORDS.split())
_MAY_BE_FIRMS = """
    customer client user member household owner holder donor tenant borrower insured agent kunde kunden nutzer benutzer
    mitglied utilisateur membre cliente socio miembro usuario subject case mother father parent spouse husband wife
    contact author manager vendor payee beneficiary landlord responsible requester reporter vermieter empfänger absender
    inhaber titular titulaire клиент klient mutter vater
"""
_PEOPLE = (OWNERS | _OTHERS) - THINGS - frozenset(_MAY_BE_FIRMS.split())
"""Who can be nobody but a person, and of whom columns tell hardly more than who it is."""
_AROUND_WORDS = """
    of the s a an your my his her their what is in full complete legal preferred whole and und et y e i de del des du
    der da do la el card billing shipping delivery emergency next kin
"""
_AROUND = frozenset(_AROUND_WORDS.split())
"""Words beside "name" and whose it is that say no more: "name of the student", "father's name", "card holder name"."""
_PARTS_OF_A_NAME = frozenset({"first", "last", "middle", "given"})
_LOGIN_STEMS = frozenset({"user", "users", "benutzer", "nutzer"})
_DOERS = frozenset({"by", "to", "von", "durch", "par", "por"})
"""Last words of "created by" and "assigned to"."""

_LETTERS = r"^[\p{L}\p{M}'’.,\- ]{2,60}$"
_WORDS = r"^\p{Lu}[\p{L}\p{M}'’.\-]*(,? \p{L}[\p{L}\p{M}'’.\-]*){1,4}$"
_ONE_OR_MORE = r"^[\p{L}\p{M}'’.\-]+(,? \p{L}[\p{L}\p{M}'’.\-]*){0,4}$"
_EASTERN = r"^[\p{Han}\p{Hangul}\p{Hiragana}\p{Katakana}]{2,4}(?:[ \u3000][\p{Han}\p{Hiragana}\p{Katakana}]{1,3})?$"
_NO_PERSON = r"(?i)\b(name|date|id|no|number|code|type|sales|total|count|amount|price|rate|share|score|status)\b"
"""Words of headings that people do not have."""
_TITLES = r"\b(mr|mrs|ms|miss|dr|prof|herr|frau|sir|dipl|ing|med|phil|sr|sra|mme|m)\b\.?"
_GREAT_CHINESE = [*"王李张刘陈張劉陳"]
"""Family names of a third of all Chinese, with which few other words begin."""
WITH_INITIALS = (
    r"^(?:\p{Lu}\p{Ll}[\p{L}'’\-]*,? (?:\p{Lu}\.[ \-]?){1,3}|(?:\p{Lu}\.[ \-]?){1,3}\p{Lu}\p{Ll}[\p{L}'’\-]*"
    r"(?: \p{Lu}\p{Ll}[\p{L}'’\-]*)?)$"
)
"""`Smith J.`, `J. R. Smith`; species have a small word behind (`E. coli`)."""
_ADDRESSED = (
    r"^(?:(?:(?i:dr|prof|dott|dra|mr|mrs|ms|herrn?|frau|hr|fr|sra|srta|señora?|mme|mlle|monsieur|madame|don|doña|dhr|mevr|"
    r"pani?|bay|rev|pastor|schwester|pfleger|familie|fam|sig|sig\.ra|г-н|г-жа|доктор)\.? )+\p{Lu}[\p{L}\p{M}'’\-]+"
    r"(?: \p{Lu}[\p{L}\p{M}'’.\-]*){0,3}"
    r"|\p{Han}{1,3}(?:先生|女士|小姐|老师|教授|医生|医师|医師|主任|同学|师傅|様|氏|さん))$"
)
_PLACE_ENDS = r"[村庄莊镇鎮乡鄉市县県區区路街店屯营寨沟山河湖町駅省州厂司校院]$"


def looks_like_names(parts: list[str], texts: pl.Series, *, beside: bool = False) -> bool:
    """Whether a column holds names of people, or parts of them: by the words of its name, and its texts.

    A name that can be nothing else ("surname") needs letters only. A bare "name", or nothing but an owner ("operator"),
    may be that of a product or a machine: there the texts must look like people's, in one word or several. Under any
    other name they must be full names, given and family name both.

    Args:
        parts: the words of the column's name.
        texts: (k,) distinct.
        beside: whether another column of the table holds a part of people's names: a bare "nom" beside "prénom" holds
            the rest.
    """
    if not len(texts) or texts.str.contains(_LETTERS).mean() < 0.9:  # type: ignore[operator]
        return False
    if _are_written_as_names(texts):
        return True
    parts = [split for part in parts for split in _split(part)]
    if names_a_person(parts) or (beside and is_a_name(parts)):
        return True
    parts = [part for part in parts if part not in _AROUND] or parts
    if names_a_person(parts) or (parts[-1:] and parts[-1] in _PARTS_OF_A_NAME and is_a_name(["name", *parts[:-1]])):
        return True
    whose = is_a_name(parts) and len(parts) > 1  # "patient name": in any language, unlike the name of a machine
    if whose and _look_human(texts, 0.1 if (THINGS | {"household"}) & set(parts) else 0.0):
        return True
    bare = is_a_name(parts) or set(parts) <= OWNERS | _OTHERS or (len(parts) > 1 and parts[-1] in _DOERS)
    if parts and bare and (_look_human(texts, 0.4) or (set(parts) <= _PEOPLE and _look_varied(texts))):
        return True
    return _are_full_names(texts)


def _are_written_as_names(texts: pl.Series) -> bool:
    """Whether distinct texts are written as only people's names are: with initials, or as one addresses people."""
    if len(texts) < 3:
        return False
    initials, addressed = (texts.str.contains(form) for form in (WITH_INITIALS, _ADDRESSED))
    if addressed.mean() >= 0.9:  # type: ignore[operator]
        eastern = texts.str.contains(r"^\p{Han}")
        family = texts.str.slice(0, 1).is_in([*CHINESE_FAMILY, *_GREAT_CHINESE]) | texts.str.slice(0, 2).is_in(
            _JAPANESE_FAMILY
        )
        return bool((family | ~eastern).mean() >= 0.5)  # type: ignore[operator]
    if initials.mean() < 0.9:  # type: ignore[operator]
        return False
    words, letters = texts.str.extract(r"(\p{Lu}\p{Ll}[\p{L}'’\-]*)"), texts.str.extract(r"(\p{Lu})\.")
    # "N. Korea" and "S. Main" are places; of "Gruppe A." there is one word.
    return words.n_unique() >= 3 and bool((~letters.is_in([*"NSEW"])).mean() >= 0.5)  # type: ignore[operator]


def _split(part: str) -> list[str]:
    """The parts of a German compound: "kundenname" is the name of somebody, "benutzername" a login."""
    stem = part.removesuffix("name")
    return [stem, "name"] if stem != part and stem in OWNERS - _LOGIN_STEMS else [part]


def _are_full_names(texts: pl.Series) -> bool:
    """Whether distinct texts are full names beyond doubt, whatever their column is called.

    Of two to four words the first must be a known given name and the last a known family name, or the other way round:
    in most of five texts, or, as no list holds all names, in one of ten where two in five begin or end with a given
    name.
    """
    if texts.str.contains(_EASTERN).mean() > 0.9:  # type: ignore[operator]
        return _are_eastern_names(texts.str.replace_all(r"\s", ""))
    if len(texts) < 5:
        return False
    words = _plain(texts).str.replace_all(_TITLES, "").str.replace_all(r"[,. ]+", " ").str.strip_chars().str.split(" ")
    several = words.list.len().is_between(2, 4)
    first, last = words.list.first(), words.list.last()
    given = [several & word.is_in(_GIVEN_KNOWN) for word in (first, last)]
    family = [word.is_in(_FAMILY_KNOWN) for word in (last, first)]
    full = (given[0] & family[0]) | (given[1] & family[1])
    share, begun = float(full.mean()), float((given[0] | given[1]).mean())  # type: ignore[arg-type]
    if int(full.sum()) < 5 or several.mean() < 0.8:  # type: ignore[operator]
        return False
    return share > 0.5 or (len(texts) >= 20 and share >= 0.1 and begun >= 0.4)


def _are_eastern_names(texts: pl.Series) -> bool:
    """Whether texts of two to four characters begin with family names as those of people do: of ten and more most, of
    fewer every one, and a third with the most frequent ones."""
    places = texts.str.contains(_PLACE_ENDS).mean()
    if len(texts) < 3 or places > 0.1 or texts.str.slice(-2).n_unique() < 0.5 * len(texts):  # type: ignore[operator]
        return False
    heads = texts.str.slice(0, 1)
    chinese = heads.is_in([*CHINESE_FAMILY, *_GREAT_CHINESE])
    if len(texts) < 10:
        great = heads.is_in(_GREAT_CHINESE).sum() >= max(2, len(texts) / 3)
        return bool(chinese.all() and great and heads.n_unique() > len(texts) / 2 and texts.str.len_chars().max() <= 3)  # type: ignore[operator]
    if (texts.str.len_chars() <= 3).mean() > 0.9 and chinese.mean() >= 0.7:  # type: ignore[operator]
        return bool(heads.is_in(_GREAT_CHINESE).mean() >= 0.15 and heads.n_unique() >= 5)  # type: ignore[operator]
    japanese = texts.str.slice(0, 2).is_in(_JAPANESE_FAMILY) & (texts.str.len_chars() > 2)
    return bool(japanese.mean() >= 0.5 and texts.str.slice(0, 2).n_unique() >= 5)  # type: ignore[operator]


def are_called_like_people(names: list[str]) -> list[str]:
    """The names of columns that are names of people, as the headings of a table turned on its side are: of two to four
    words, or one, most of which begin with a given name, three different ones or more; or as Chinese names are written.

    Example:
        >>> are_called_like_people(["day", "Alice Meyer", "Bob Stone", "Carla Wei", "First Name", "Total Sales"])
        ['Alice Meyer', 'Bob Stone', 'Carla Wei']
    """
    texts = pl.Series(names, dtype=pl.String)
    eastern = texts.filter(texts.str.contains(_EASTERN))
    called = eastern.filter(eastern.str.slice(0, 1).is_in([*CHINESE_FAMILY, *_GREAT_CHINESE]))
    if len(called) >= len(eastern) / 2 and _are_eastern_names(called):
        return called.to_list()
    words = _plain(texts).str.replace_all(_TITLES, "").str.replace_all(r"[_. ]+", " ").str.strip_chars().str.split(" ")
    given = pl.when(texts.str.contains(",")).then(words.list.last()).otherwise(words.list.first())
    table = pl.DataFrame({"text": texts, "n": words.list.len()}).with_columns(given=pl.select(given).to_series())
    letters = pl.col("text").str.contains(r"^[\p{L}\p{M}'’.,_\- ]{2,60}$")
    for n in (pl.col("n").is_between(2, 4), pl.col("n") == 1):
        some = table.filter(n & letters)
        known = some.filter(pl.col("given").is_in(_GIVEN_KNOWN))
        if known["given"].n_unique() >= 3 and len(known) >= len(some) / 2:
            called = (known if (known["n"] == 1).all() else some)["text"]
            return called.filter(~called.str.contains(_NO_PERSON)).to_list()
    return []


def names_a_person(parts: list[str]) -> bool:
    """Whether the words of a column's name say that it holds people's names, or parts of them, and nothing else."""
    return any(parts[-len(hint) :] == hint for hint in _STRONG)


def is_a_name(parts: list[str]) -> bool:
    """Whether the words of a column's name say "name", and of nothing but somebody: not that of a product."""
    return bool(_BARE & set(parts)) and set(parts) <= _BARE | OWNERS | _OTHERS


def _plain(texts: pl.Series) -> pl.Series:
    """In small letters, without accents: as known names are listed."""
    return texts.str.to_lowercase().str.normalize("NFD").str.replace_all(r"\p{M}", "")


def _look_varied(texts: pl.Series) -> bool:
    """Whether texts are two words or more in capitals, of many first and many last ones: no ways of working."""
    if len(texts) < 10 or not _look_human(texts, 0.0):
        return False
    words = texts.str.split(" ")
    return min(words.list.first().n_unique(), words.list.last().n_unique()) >= 5


def _look_human(texts: pl.Series, share: float) -> bool:
    """Whether enough of the texts are words of which one is known as a name, or begin as names of East Asia do; where
    none need be known, two words at least."""
    eastern = texts.filter(texts.str.contains(_EASTERN))
    if len(eastern) >= 0.8 * len(texts):
        families = [*CHINESE_FAMILY, *_KOREAN_FAMILY, *_JAPANESE_FAMILY]
        begins = eastern.str.slice(0, 1).is_in(families) | eastern.str.slice(0, 2).is_in(families)
        return bool(begins.mean() >= 0.6)  # type: ignore[operator]
    words = texts.filter(texts.str.contains(_ONE_OR_MORE if share else _WORDS))
    if len(words) < 0.8 * len(texts):
        return False
    known = _plain(words).str.replace_all("[,.]", " ").str.split(" ").list.eval(pl.element().is_in(_KNOWN)).list.any()
    return bool(known.mean() >= share)  # type: ignore[operator]


_HEADS = "Bal Bor Cal Dar Del Fen Gal Hal Jor Kal Kes Lor Mal Mer Nal Nor Ost Par Quel Ral Sel Tal Ter Val Ver Wel Zan"
_MIDDLES = "a an ar e en er i in o on or u"
_TAILS = "berg dell dorn fer gren han ker lan lo man mont nik rell ris sen stad ten tov vik wyn"


def free_characters(taken: str) -> list[str]:
    """Characters for given names that none of the names taken holds."""
    return [character for character in CHINESE_GIVEN if character not in taken]


def made_words(taken: frozenset[str], n: int) -> list[str]:
    """At most n invented family names of which none is among the words taken (in lower case), evenly chosen."""
    heads, middles, tails = _HEADS.split(), _MIDDLES.split(), _TAILS.split()
    every = [f"{head}{middle}{tail}" for tail in tails for middle in middles for head in heads]
    free = [word for word in every if word.lower() not in taken]
    return free[:: max(1, len(free) // n)][:n]
