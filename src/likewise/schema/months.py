"""Names of months in languages other than English, in dates: `8. November 2001`, `25 de febrero de 1992`.

In a pattern `%B(de)` stands for a name written out and `%b(de)` for a short one; `%-d(er)` is the French day, whose
first is `1er`.
"""

from __future__ import annotations

import re

import polars as pl

_NAMES = {
    "B(de)": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "b(de)": "Jan Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "b(de2)": "Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez",
    "b(de3)": "Jan Feb März Apr Mai Juni Juli Aug Sept Okt Nov Dez",
    "B(at)": "Jänner Februar März April Mai Juni Juli August September Oktober November Dezember",
    "B(fr)": "Janvier Février Mars Avril Mai Juin Juillet Août Septembre Octobre Novembre Décembre",
    "B(fr2)": "Janvier Fevrier Mars Avril Mai Juin Juillet Aout Septembre Octobre Novembre Decembre",
    "b(fr)": "Janv Févr Mars Avr Mai Juin Juil Août Sept Oct Nov Déc",
    "b(fr2)": "Jan Fév Mar Avr Mai Jun Jul Aoû Sep Oct Nov Déc",
    "B(es)": "Enero Febrero Marzo Abril Mayo Junio Julio Agosto Septiembre Octubre Noviembre Diciembre",
    "b(es)": "Ene Feb Mar Abr May Jun Jul Ago Sep Oct Nov Dic",
    "b(es2)": "Ene Feb Mar Abr May Jun Jul Ago Sept Oct Nov Dic",
    "B(it)": "Gennaio Febbraio Marzo Aprile Maggio Giugno Luglio Agosto Settembre Ottobre Novembre Dicembre",
    "b(it)": "Gen Feb Mar Apr Mag Giu Lug Ago Set Ott Nov Dic",
    "B(pt)": "Janeiro Fevereiro Março Abril Maio Junho Julho Agosto Setembro Outubro Novembro Dezembro",
    "b(pt)": "Jan Fev Mar Abr Mai Jun Jul Ago Set Out Nov Dez",
    "B(nl)": "Januari Februari Maart April Mei Juni Juli Augustus September Oktober November December",
    "b(nl)": "Jan Feb Mrt Apr Mei Jun Jul Aug Sep Okt Nov Dec",
    "B(sv)": "Januari Februari Mars April Maj Juni Juli Augusti September Oktober November December",
    "B(da)": "Januar Februar Marts April Maj Juni Juli August September Oktober November December",
    "B(no)": "Januar Februar Mars April Mai Juni Juli August September Oktober November Desember",
    "b(sv)": "Jan Feb Mar Apr Maj Jun Jul Aug Sep Okt Nov Dec",
    "b(no)": "Jan Feb Mar Apr Mai Jun Jul Aug Sep Okt Nov Des",
    "B(pl)": "Stycznia Lutego Marca Kwietnia Maja Czerwca Lipca Sierpnia Września Października Listopada Grudnia",
    "b(pl)": "Sty Lut Mar Kwi Maj Cze Lip Sie Wrz Paź Lis Gru",
    "B(cs)": "Ledna Února Března Dubna Května Června Července Srpna Září Října Listopadu Prosince",
    "b(cs)": "Led Úno Bře Dub Kvě Čvn Čvc Srp Zář Říj Lis Pro",
    "B(ru)": "Января Февраля Марта Апреля Мая Июня Июля Августа Сентября Октября Ноября Декабря",
    "B(ru2)": "Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь",
    "b(ru)": "Янв Фев Мар Апр Май Июн Июл Авг Сен Окт Ноя Дек",
    "b(ru2)": "Янв Фев Мар Апр Мая Июн Июл Авг Сен Окт Ноя Дек",
    "B(tr)": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "b(tr)": "Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara",
    "B(id)": "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember",
    "B(ro)": "Ianuarie Februarie Martie Aprilie Mai Iunie Iulie August Septembrie Octombrie Noiembrie Decembrie",
    "B(hu)": "Január Február Március Április Május Június Július Augusztus Szeptember Október November December",
    "b(en)": "Jan Feb March April May June July Aug Sept Oct Nov Dec",
    "b(en2)": "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec",
    "b(en3)": "Jan Feb Mar Apr May June July Aug Sept Oct Nov Dec",
    "b(en4)": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "b(sv2)": "Jan Feb Mars April Maj Juni Juli Aug Sept Okt Nov Dec",
    "b(da)": "Jan Feb Marts April Maj Juni Juli Aug Sept Okt Nov Dec",
    "b(ru3)": "Янв Февр Марта Апр Мая Июня Июля Авг Сент Окт Нояб Дек",
    "b(ru4)": "Янв Февр Мар Апр Мая Июн Июл Авг Сент Окт Нояб Дек",
    "B(uk)": "Січня Лютого Березня Квітня Травня Червня Липня Серпня Вересня Жовтня Листопада Грудня",
    "b(uk)": "Січ Лют Бер Кві Тра Чер Лип Сер Вер Жов Лис Гру",
    "B(ca)": "Gener Febrer Març Abril Maig Juny Juliol Agost Setembre Octubre Novembre Desembre",
    "b(ca)": "Gen Febr Març Abr Maig Juny Jul Ag Set Oct Nov Des",
    "B(el)": "Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου "
    "Δεκεμβρίου",
    "b(el)": "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ",
    "b(hu)": "Jan Febr Márc Ápr Máj Jún Júl Aug Szept Okt Nov Dec",
    "b(ro)": "Ian Feb Mar Apr Mai Iun Iul Aug Sept Oct Noi Dec",
    "b(id)": "Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des",
    "b(id2)": "Jan Feb Mar Apr Mei Jun Jul Agt Sep Okt Nov Des",
    "B(ar)": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "B(hi)": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "B(fi)": "Tammikuuta Helmikuuta Maaliskuuta Huhtikuuta Toukokuuta Kesäkuuta Heinäkuuta Elokuuta Syyskuuta "
    "Lokakuuta Marraskuuta Joulukuuta",
}


def _language(mark: str) -> str:
    return re.sub(r"\W|\d|^.", "", mark)


_WHOLE = {(_language(mark), name) for mark, names in _NAMES.items() if mark[0] == "B" for name in names.split()}
_WHOLE |= {("en", name) for name in ("March", "April", "May", "June", "July")}
_NAMES |= {
    # With a point behind the names that are cut, and none behind those that are whole: "févr." beside "mars".
    mark.replace(")", "_)"): " ".join(name + "." * ((_language(mark), name) not in _WHOLE) for name in names.split())
    for mark, names in _NAMES.items()
    if mark[0] == "b"
}
_ENGLISH = "January February March April May June July August September October November December"
_MARK = re.compile(r"%[-^~]?([bB]\(\w+\))")
_WORD = r"(?:[^\W\d_]|[\u0300-\u036f\u0900-\u097f])+"
_FIRST = r"^1er\b"


_KNOWN = [
    (mark, r"\.?" if "." in names else "", frozenset(names.casefold().split()))
    for mark, names in sorted(_NAMES.items(), key=lambda item: "." in item[1], reverse=True)
]
"""Marks, those with points first, what may end their names, and the names."""


def of(sample: list[str]) -> str | None:
    """The names, by their mark, that every text of a sample has one of; None where none do."""
    words = {end: [set(re.findall(_WORD + end, text.casefold())) for text in sample] for end in ("", r"\.?")}
    for mark, end, known in _KNOWN:
        if all(known & found for found in words[end]):
            return mark
    return None


def in_english(values: pl.Series, mark: str) -> pl.Series:
    """Texts with the English names in place of these."""
    return _replaced(values.str.replace(_FIRST, "1"), mark, _ENGLISH.split())


def in_their_words(pattern: str, mark: str, values: pl.Series) -> str:
    """An English pattern as that of the texts as they were."""
    if values.str.contains(_FIRST).any():
        pattern = re.sub("%-?d", "%-d(er)", pattern)
    return re.sub("%[bB]", f"%{mark}", pattern)


def to_numbers(texts: pl.Series, pattern: str) -> tuple[pl.Series, str]:
    """Texts and their pattern with months as numbers, for readers that know no languages."""
    if "(er)" in pattern:
        texts, pattern = texts.str.replace(_FIRST, "1"), pattern.replace("(er)", "")
    named = _MARK.search(pattern)
    if named is None:
        return texts, pattern
    return _replaced(texts, named[1], [f"{i:02}" for i in range(1, 13)]), pattern.replace(named[0], "%m")


def to_write(pattern: str) -> str:
    """The pattern with numbers between marks, which `to_names` turns to names."""
    return _MARK.sub("\x02%m\x03", pattern).replace("%-d(er)", "\x04%-d\x05")


def to_names(texts: pl.Series, pattern: str) -> pl.Series:
    """Written texts with names in place of the numbers between marks."""
    named = _MARK.search(pattern)
    if named is not None:
        texts = texts.str.replace_many([f"\x02{i:02}\x03" for i in range(1, 13)], _NAMES[named[1]].split())
    if "(er)" in pattern:
        texts = texts.str.replace("\x041\x05", "1er", literal=True).str.replace("\x04(.+)\x05", "${1}")
    return texts


def _replaced(values: pl.Series, mark: str, by: list[str]) -> pl.Series:
    names = _NAMES[mark].split()
    every = [cased for name in names for cased in (name, name.lower(), name.upper())]
    return values.str.replace_many(every, [new for new in by for _ in range(3)])
