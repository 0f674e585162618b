"""How a file of text is written is read rightly, or refused with what to say; and it goes out as it came."""

from __future__ import annotations

import itertools
import re
import warnings
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from likewise.errors import InputError, LikewiseWarning, OutputError, SchemaError
from likewise.schema.column import Schema
from likewise.schema.dialect import Dialect
from likewise.schema.infer import infer
from likewise.schema.parse import parse
from likewise.tables import files
from likewise.tables.encoding import decoded

N = 30
BODY = [(str(i), f"{i * 1.5:.2f}", f"x{i % 3}") for i in range(N)]
PLAIN = pl.DataFrame(BODY, schema=["a", "b", "c"], orient="row")
TEXT = "".join(",".join(row) + "\n" for row in BODY)
WHOLE = "a,b,c\n" + TEXT
COMMA = PLAIN.with_columns(pl.col("b").str.replace(".", ",", literal=True))


def put(folder: Path, data: bytes | str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(data.encode(encoding) if isinstance(data, str) else data)
    return path


def read(path: Path, **options: object) -> pl.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        return files.read(path, **options)  # type: ignore[arg-type]


def quoted(template: str) -> str:
    return "a,b,c\n" + "".join(template.format(i=i) + "\n" for i in range(N))


def first_column(texts: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"a": texts, "b": [str(i) for i in range(N)], "c": ["y"] * N})


@pytest.mark.parametrize(
    "data",
    [
        WHOLE,
        *(WHOLE.replace(",", mark) for mark in (";", "\t", "|", "~", "^", "\x01", "\x1f", " ", "    ")),
        *(f"sep={mark}\n" + WHOLE.replace(",", mark) for mark in ",;|\t"),
        "  a  b  c\n" + TEXT.replace(",", "   "),
        WHOLE.replace(",", " ").replace("\n", "  \n"),
        "# made by x\n# on y\n" + WHOLE,
        "# made by x, y, z\n" + WHOLE,
        WHOLE + "# the end\n",
        WHOLE[:60] + "\n# a word\n" + WHOLE[60:] if WHOLE[60] == "\n" else WHOLE.replace("\n5,", "\n# a word\n5,"),
        "Report 2024\n" + WHOLE,
        "Report 2024\n\n" + WHOLE,
        "Report 2024,,\n,,\n" + WHOLE,
        "Report; all of it\nby nobody\n\n" + WHOLE.replace(",", ";"),
        "\n\n" + WHOLE,
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace("\n", "\r"),
        WHOLE.replace("\n", "\r\n", 5),
        WHOLE + "\n\n",
        WHOLE + "   \n",
        WHOLE + "\x1a",
        WHOLE.rstrip("\n") + "\x1a",
        WHOLE.rstrip("\n"),
        WHOLE.replace("\n3,", "\n\n3,"),
        WHOLE.replace("\n", ",\n"),
        "a,b,c\n" + TEXT.replace("\n", ",\n"),
        "a,b,c,\n" + TEXT,
        " a , b ,c\n" + TEXT,
        "a, b, c\n" + TEXT.replace(",", ", "),
        WHOLE + "Total,45,\n",
        WHOLE + "合计,45,\n",
        WHOLE.replace("x0", '"x0"'),
        WHOLE.replace("x0", "'x0'").replace("x1", "'x1'").replace("x2", "'x2'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_one_table_is_read_however_it_is_written(tmp_path: Path, data: str, encoding: str) -> None:
    assert_frame_equal(read(put(tmp_path, data, encoding=encoding)), PLAIN)


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        (WHOLE.replace(",", ";").replace(".", ","), COMMA),
        (quoted("'x,{i}',{i},'y'"), first_column([f"x,{i}" for i in range(N)])),
        (quoted('"x\\"{i}",{i},"y"'), first_column([f'x"{i}' for i in range(N)])),
        (quoted('"x""{i}",{i},"y"'), first_column([f'x"{i}' for i in range(N)])),
        (quoted('"x\n{i}",{i},"y"'), first_column([f"x\n{i}" for i in range(N)])),
        (quoted('5" pipe {i},{i},y'), first_column([f'5" pipe {i}' for i in range(N)])),
        (quoted('"x, {i}", {i}, y').replace("a,b,c", "a, b, c"), first_column([f"x, {i}" for i in range(N)])),
        (quoted('"C:\\dir{i}\\",{i},"y"'), first_column([f"C:\\dir{i}\\" for i in range(N)])),
        (quoted("a;b;c;d {i},{i},y"), first_column([f"a;b;c;d {i}" for i in range(N)])),
        ("a,b,c\n" + "".join(f'"r{i}",{",".join(BODY[i])}\n' for i in range(N)),
         PLAIN.select(pl.Series("row", [f"r{i}" for i in range(N)]), pl.all())),
        ("#,name\n1,Ann\n2,Bob\n3,Cy\n", pl.DataFrame({"#": ["1", "2", "3"], "name": ["Ann", "Bob", "Cy"]})),
        ("note\nhello world\nwell\n", pl.DataFrame({"note": ["hello world", "well"]})),
        ("tag\n#1\n#2\n", pl.DataFrame({"tag": ["#1", "#2"]})),
        ("a,b\n#1,x\n#2,y\n", pl.DataFrame({"a": ["#1", "#2"], "b": ["x", "y"]})),
        ("when,n\n2020-01-01 10:00,1\n2020-01-02 10:00,2\n2020-01-02 11:00,3\n",
         pl.DataFrame({"when": ["2020-01-01 10:00", "2020-01-02 10:00", "2020-01-02 11:00"], "n": ["1", "2", "3"]})),
    ],
)  # fmt: skip
def test_cells_come_whole(tmp_path: Path, data: str, frame: pl.DataFrame) -> None:
    assert_frame_equal(read(put(tmp_path, data)), frame)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "姓名,城市\n张伟,上海\n李娜,广州\n刘洋,深圳\n陈静,成都\n"),
        ("big5", "姓名,城市\n陳大文,台北\n林美玲,高雄\n黃志明,台中\n"),
        ("shift_jis", "名前,都市\n山田,東京\n鈴木,大阪\n"),
        ("shift_jis", "なまえ,x\nさとう,1\nたなか,2\n"),
        ("cp1251", "имя,город\nИван,Москва\nПётр,Казань\n"),
        ("koi8_r", "имя,город\nИван,Москва\nПётр,Казань\nАнна,Самара\n"),
        ("cp866", "имя,город\nИван,Москва\nПётр,Казань\nАнна,Самара\n"),
        ("cp1253", "όνομα,πόλη\nΓιώργος,Αθήνα\nΜαρία,Πάτρα\nΝίκος,Θεσσαλονίκη\n"),
        ("cp1252", "name,preis\nMüller,5 €\nGroße,7 €\n"),
        ("cp1252", "t,n\n25 °C,1\n5 m³/h,2\nit’s “x”,3\n"),
        ("cp949", "이름,도시\n김철수,서울\n이영희,부산\n"),
        ("euc_jp", "名前,都市\n山田,東京\n鈴木,大阪\n"),
        ("cp1250", "jméno,město\nJiří,Plzeň\nVěra,Třebíč\n"),
        ("cp1250", "imię,miasto\nŁukasz,Łódź\nMałgorzata,Gdańsk\n"),
        ("cp1254", "ad,şehir\nAyşe,İstanbul\nÇağrı,Muğla\n"),
        ("cp1255", "שם,עיר\nדוד,תל אביב\nשרה,ירושלים\n"),
        ("cp1256", "اسم,مدينة\nمحمد,القاهرة\nفاطمة,دمشق\n"),
        ("cp874", "ชื่อ,เมือง\nสมชาย,กรุงเทพ\n"),
    ],
)  # fmt: skip
def test_letters_come_right_or_their_encoding_is_asked_for(tmp_path: Path, encoding: str, text: str) -> None:
    path = put(tmp_path, text, encoding=encoding)
    expected = read(put(tmp_path, text, "utf8.csv"))
    told: pl.DataFrame | str
    try:
        told = read(path)
    except InputError as error:
        told = str(error)
    assert "--encoding" in told if isinstance(told, str) else told.equals(expected)
    said = files.read(path, dialect=Dialect(encoding=encoding))
    assert_frame_equal(said, expected)


_PEOPLE = [f"{a} {b}" for a in ("Anna", "Bob", "Chloé", "Dieter") for b in ("Meier", "Keller", "Huber", "Roth")]
HEADERLESS_WORDS = [
    # All of the first person's cells are new: nobody else lives there or does that.
    "Zurich Ann,Eldorado,Astronaut\n" + "".join(f"{p},{'Bern' if 'A' in p else 'Chur'},Nurse\n" for p in _PEOPLE * 9),
    "Zurich Ann;Smith Bob\n" + "".join(f"{a};{b}\n" for a, b in itertools.pairwise(_PEOPLE)),
    "zurich,ann\n" + "".join(f"{p.split()[0].lower()},{p.split()[1].lower()}\n" for p in _PEOPLE),
    "Ann,unknown,Zurich\n" + "".join(f"Bob,{i},Bern\n" for i in range(20)),  # a missing number is no name
    "Zurich\n" + "".join(f"{p.split()[0]}\n" for p in _PEOPLE),
]


@pytest.mark.parametrize(
    "header",
    [
        "name,city,job",
        "Nom,Ville,Métier",
        "Person,Where,Occupation",
        "who,where,what",
        "PERSON,PLACE,WORK",
        "姓名,城市,职业",
    ],
)
def test_names_of_a_table_of_words_are_names(tmp_path: Path, header: str) -> None:
    rows = [f"{p},{'Bern' if 'A' in p else 'Chur'},{'Nurse' if 'B' in p else 'Driver'}\n" for p in _PEOPLE * 3]
    assert files.read(put(tmp_path, f"{header}\n{''.join(rows)}")).columns == header.split(",")
    told = files.read(put(tmp_path, "".join(rows)), dialect=Dialect(header=False))
    assert (told.height, told.columns) == (48, ["column_1", "column_2", "column_3"])


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (TEXT, "looks like a row of data.*--no-header"),
        (TEXT.replace(",", " "), "looks like a row of data.*--no-header"),
        ("Ann,,3.2,Zurich\n" + "Bob,7,1.5,Bern\n" * 9, "looks like a row of data"),
        ("Ann,Zurich,Zurich\n" + "Bob,Zurich,Bern\n" * 9, "looks like a row of data"),
        *((words, "looks like a row of data.*--no-header") for words in HEADERLESS_WORDS),
        ("note\n" + "".join(f"hello, world {i}\n" for i in range(9)), "cannot be told.*--skip 1.*--delimiter tab"),
        ("full name\n" + "Ann Smith\nBob Miller\n" * 3, "cannot be told.*--delimiter blank"),
        (WHOLE + "1,2\n" + TEXT, "must have 3 cells.*line 32 has 2"),
        (WHOLE.replace(",x2", ""), "must have 3 cells.*10 lines in all differ"),
        (WHOLE + "1,2,3,4\n" + TEXT, "must have 3 cells.*line 32 has 4"),
        (WHOLE + "Total\n", "It is the last one: if it holds a sum"),
        ("a,b\n\"x\"y,1\n2,3\n", "quotation mark"),
        ("<!DOCTYPE html>\n<html><p>404</p></html>\n", "a web page or XML"),
        ("<html><body>404</body></html>\n<p>x</p>\n", "a web page or XML"),
        ('<table border="1">\n<tr><td>Ann</td></tr>\n</table>\n', "a web page or XML"),
        ("<meta charset=utf-8>\n<style>p {}</style>\n<table>\n", "a web page or XML"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_with_what_to_say(tmp_path: Path, data: str, match: str) -> None:
    with pytest.raises(InputError) as caught:
        read(put(tmp_path, data))
    assert re.search(match, str(caught.value), re.DOTALL), str(caught.value)
    for cell in ("Ann", "Zurich", "hello", "0.00", "Smith"):
        assert cell not in str(caught.value), "no cell of a person stands in an error"


def test_headings_in_angle_brackets_are_no_web_page(tmp_path: Path) -> None:
    assert read(put(tmp_path, WHOLE.replace("a,b,c", "<TICKER>,<DATE>,<TIME>", 1))).columns[1] == "<DATE>"


def test_what_is_said_beats_what_would_be_told(tmp_path: Path) -> None:
    said = {
        "x;y,z\n1;2,3\n": (Dialect(delimiter=","), ["x;y", "z"]),
        "t\nx,y\n1,2\n": (Dialect(skip=1), ["x", "y"]),
        "% t\nx,y\n1,2\n% u\n": (Dialect(comment="%"), ["x", "y"]),
        "'x','y'\n1,2\n": (Dialect(quote="'"), ["x", "y"]),
        "full name\nAnn Smith\nBob Miller\n": (Dialect(delimiter="blank"), ["full", "name"]),
    }
    for text, (dialect, names) in said.items():
        assert read(put(tmp_path, text), dialect=dialect).columns == names
    bare = read(put(tmp_path, TEXT), dialect=Dialect(header=False))
    assert_frame_equal(bare, PLAIN.rename({"a": "column_1", "b": "column_2", "c": "column_3"}))
    assert read(put(tmp_path, TEXT), dialect=Dialect(header=True)).columns == list(BODY[0])
    assert read(put(tmp_path, 'a,b\n5",1\n'), dialect=Dialect(quote="none"))["a"].to_list() == ['5"']


def test_a_dialect_that_is_said_of_no_text_is_refused(tmp_path: Path) -> None:
    PLAIN.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(InputError, match="no delimited text: skip cannot be used"):
        files.read(tmp_path / "t.parquet", dialect=Dialect(skip=1))


@pytest.mark.parametrize(
    "wrong",
    [{"delimiter": ""}, {"delimiter": "ab"}, {"delimiter": "a"}, {"delimiter": "é"}, {"quote": "x"}, {"skip": -1},
     {"skip": True}, {"encoding": "no-such"}, {"encoding": "rot13"}, {"decimal": ";"}, {"line_end": "x"},
     {"delimiter": ",", "decimal": ","}, {"header": 1.5}, {"comment": ""}, {"colour": "red"}],
)  # fmt: skip
def test_a_dialect_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SchemaError):
        Dialect.from_dict(wrong)


# ---- written back ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (WHOLE, "utf-8"), (WHOLE, "utf-8-sig"), (WHOLE, "utf-16"), (WHOLE.replace("\n", "\r\n"), "utf-8"),
        (WHOLE.replace("\n", "\r"), "utf-8"), (WHOLE.replace(",", "\t"), "utf-8"), (WHOLE.replace(",", "^"), "utf-8"),
        (WHOLE.replace(",", ";").replace(".", ",").replace("\n", "\r\n").replace("x", "ü"), "cp1252"),
        (WHOLE.replace(",", ";").replace(".", ","), "utf-8-sig"), (WHOLE.replace("x", "因为天气没有问题"), "gb18030"),
        (WHOLE.replace(",", " "), "utf-8"),
    ],
)  # fmt: skip
def test_what_is_read_goes_out_byte_for_byte(tmp_path: Path, data: str, encoding: str) -> None:
    path = put(tmp_path, data, encoding=encoding)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        frame, dialect = files.read_table(path)
    files.write(frame, tmp_path / "out.csv", dialect=dialect)
    assert (tmp_path / "out.csv").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("data", "decimal"),
    [("a;b\n1,234;2\n5,678;3\n", ","), ("a;b\n1.5;2\n5.25;3\n", None), ("a;b\n1,5;2.5\n", None), (WHOLE, None)],
)
def test_semicolons_and_commas_in_numbers_tell_the_decimal_mark(tmp_path: Path, data: str, decimal: str | None) -> None:
    frame, dialect = files.read_table(put(tmp_path, data))
    assert dialect is not None
    assert dialect.decimal == decimal
    if decimal:
        assert infer(frame, decimal=decimal)["a"].kind == "real"


def test_a_table_without_a_header_goes_out_without(tmp_path: Path) -> None:
    frame, dialect = files.read_table(put(tmp_path, TEXT), dialect=Dialect(header=False))
    files.write(frame, tmp_path / "out.csv", dialect=dialect)
    assert (tmp_path / "out.csv").read_text() == TEXT


def test_many_parts_have_one_byte_order_mark(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [str(i) for i in range(120_000)]})
    files.write(frame, tmp_path / "out.csv", dialect=Dialect(encoding="utf-16"))
    assert_frame_equal(read(tmp_path / "out.csv"), frame)


def test_letters_that_the_encoding_has_not_are_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cp1252.*has not all of these letters"):
        files.write(pl.DataFrame({"a": ["北"]}), tmp_path / "out.csv", dialect=Dialect(encoding="cp1252"))
    assert list(tmp_path.iterdir()) == []


def test_a_schema_remembers_how_its_file_was_written(tmp_path: Path) -> None:
    frame, dialect = files.read_table(put(tmp_path, WHOLE.replace(",", ";")))
    schema = Schema(infer(frame).columns, dialect)
    assert Schema.from_json(schema.to_json()) == schema
    assert schema.replace("c", kind="text").dialect == dialect


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        (["1.234;x", "583;y", "77;z"] * 10, 1234),  # one mark of thousands, and numbers below one thousand
        (["1.234;2,5", "5.678;3,5"] * 10, 1234),
        (["1.234;2.5", "5.678;3.5"] * 10, 1.234),
        (["1.234;x", "0.583;y"] * 10, 1.234),
        (["1.234;x", "5.678;y"] * 10, 1.234),  # which cannot be told, and is
    ],
)
def test_points_beside_semicolons_are_thousands_where_a_decimal_could_not_be(
    tmp_path: Path, rows: list[str], number: float
) -> None:
    path = put(tmp_path, "amount;b\n" + "\n".join(rows) + "\n")
    frame, dialect = files.read_table(path)
    assert dialect is not None
    schema = infer(frame, decimal=dialect.decimal)
    assert parse(frame, schema)["amount"][0] == number


RULED = {
    "Markdown": "| a | b |\n|---|--:|\n" + "".join(f"| {i} | x |\n" for i in range(9)),
    "sqlcmd": "a     b    \n----- -----\n" + "".join(f"{i:<5} x    \n" for i in range(9)) + "\n(9 rows affected)\n",
    "psql": " a | b \n---+---\n" + "".join(f" {i} | x \n" for i in range(9)) + "(9 rows)\n",
    "mysql": "+---+---+\n| a | b |\n+---+---+\n" + "".join(f"| {i} | x |\n" for i in range(9)) + "+---+---+\n",
}


@pytest.mark.parametrize("how", RULED)
def test_a_table_drawn_for_reading_is_refused_with_what_to_do(tmp_path: Path, how: str) -> None:
    with pytest.raises(InputError, match=r"drawn for reading.*save it as CSV"):
        read(put(tmp_path, RULED[how]))


AS_CAME = {
    "blanks after delimiters": "a, b, c\n1, x y, 2\n3, , 4\n" * 1 + '5, "p, q", 6\n',
    "backslashes": 'a,b\n1,"x\\"y"\n2,"p,q"\n3,z\n',
    "all in quotes": '"a","b"\n"1","x"\n"2","y, z"\n',
    "sep": "sep=;\na;b\n1;x\n2;y\n",
    "copied out of a database": 'a\tb\n1\t{"k": [1, "x"]}\n2\t{"k": "\\\\n"}\n',
    "an unnamed first column": '"",a,b\n1,x,2\n2,y,3\n',
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("how", AS_CAME)
def test_cells_are_enclosed_as_they_came(tmp_path: Path, how: str, end: str) -> None:
    text = AS_CAME[how].replace("\n", end)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LikewiseWarning)
        frame, dialect = files.read_table(put(tmp_path, text.encode()))
    files.write(frame, tmp_path / "out.csv", dialect=dialect)
    assert (tmp_path / "out.csv").read_bytes().decode() == text
    assert dialect is not None
    assert Dialect.from_dict(dialect.to_dict()) == dialect


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("cp1254", "İstanbul Eskişehir Muğla Şırnak"), ("cp1254", "Doğu Batı"),
        ("cp1257", "Šiauliai Klaipėda Panevėžys"), ("cp1257", "Jūrmala Liepāja Rīga Ķekava Žagare"),
        ("cp1250", "Iaşi Bucureşti Timişoara Ţara"), ("cp1250", "Győr Pécs"), ("cp1250", "Đorđe Šime Žarko Ćosić"),
        ("mac_roman", "Köln Münster Fürth"), ("mac_roman", "Malmö Göteborg"), ("mac_roman", "Éric Hélène"),
    ],
)  # fmt: skip
def test_letters_of_other_alphabets_are_not_taken_for_western_ones(encoding: str, words: str) -> None:
    names = words.split()
    text = "city;k\n" + "".join(f"{names[i * 7 % len(names)]};{i}\n" for i in range(200))
    with pytest.raises(InputError, match=f"encoding cannot be told for sure.*--encoding {encoding}"):
        decoded(text.encode(encoding), None, "it")


@pytest.mark.parametrize(
    "words", ["Guðrún Sigurður Kópavogur Selfoss Húsavík Garðabær", "São João Conceição Camões", "Škoda Žilina Straße"]
)
def test_western_letters_that_are_rare_are_read(words: str) -> None:
    text = "city;k\n" + "".join(f"{name};{i}\n" for i, name in enumerate(words.split() * 30))
    with pytest.warns(LikewiseWarning, match="read as Windows-1252"):
        assert decoded(text.encode("cp1252"), None, "it")[0].decode() == text


@pytest.mark.parametrize(
    "words", ["Košice Prešov", "Miloš Dušan Tomáš", "Škoda Šimon", "Lukšić Bašić".replace("ć", "c")]
)
def test_a_file_with_no_other_letter_than_s_with_caron_is_read(tmp_path: Path, words: str) -> None:
    lines = "".join(f"town{k},{k}\n" for k in range(40)) + "".join(f"{word},1\n" for word in words.split())
    (tmp_path / "t.csv").write_bytes(("city,n\n" + lines).encode("cp1252"))
    with pytest.warns(LikewiseWarning, match="read as Windows-1252"):
        assert files.read(tmp_path / "t.csv")["city"].to_list()[40:] == words.split()


@pytest.mark.parametrize("sign", ["20°C", "5 µg", "10 °F", "100 m³/h", "£5", "± 3", "§ 7", "Nº 5", "2½"])
def test_a_file_with_no_other_letter_than_a_sign_is_read(sign: str) -> None:
    text = "item,n\n" + "".join(f"thing{k},{k}\n" for k in range(40)) + f"{sign},1\n" * 3
    with pytest.warns(LikewiseWarning, match="read as Windows-1252"):
        assert decoded(text.encode("cp1252"), None, "it")[0].decode() == text


@pytest.mark.parametrize(
    ("encoding", "words"),
    [("cp1250", "Příbram"), ("cp1250", "Čapek Čech"), ("cp1250", "Şişli"), ("cp1254", "Şişli"), ("cp850", "Café André"),
     ("cp850", "Malmö Växjö"), ("cp850", "Kärnten"), ("cp850", "20°C 7°C"), ("cp437", "Jörg Köln")],
)  # fmt: skip
def test_single_words_of_other_alphabets_are_asked_for(encoding: str, words: str) -> None:
    text = "city,n\n" + "".join(f"town{k},{k}\n" for k in range(40)) + "".join(f"{w},1\n" for w in words.split())
    with pytest.raises(InputError, match="encoding cannot be told for sure"):
        decoded(text.encode(encoding), None, "it")


FOREIGN = {
    "cp437": "Hauptstraße Fuß £5 5µg ½ «oui» ±5 1ª 2º Châtelet Öl",
    "cp850": "Straße Gruß £12 5µg ½ Søren Jørgen Ústí 20° ©2020 Ärger",
    "cp852": "Košice Weiß Żaneta Čapek Đoković",
    "mac_roman": "€5 5€ Zoë España niño García Martínez Übung Ärger 20° Spaß Kraków Antônio",
    "mac_latin2": "Košice Šibenik Varaždin Żaneta Čapek Maß",
    "iso8859_2": "Michał Paweł Łukasz Żaneta Krzyś Paź Ćosić",
    "cp1250": "Michał Łukasz Żaneta Krzyś Ćosić Ştefan",
    "iso8859_15": "€5 5€ sœur Žarko",
    "cp1257": "Michał Małgorzata Paweł Łukasz",
}  # fmt: skip


@pytest.mark.parametrize(("encoding", "word"), [(e, w) for e, words in FOREIGN.items() for w in words.split()])
def test_one_word_of_another_encoding_is_asked_for(encoding: str, word: str) -> None:
    text = "id,word\n" + "".join(f"{k},thing{k}\n" for k in range(40)) + f"77,{word}\n78,{word}\n"
    with pytest.raises(InputError, match="encoding cannot be told for sure"):
        decoded(text.encode(encoding), None, "it")


@pytest.mark.parametrize(
    "text",
    [
        "Où est l’œuvre d’art aujourd’hui ; ça coûte 12 € – c’est François, à Noël, jusqu’ici",
        "„Größe“ und »Maß« – die Straße ist 5 m² groß. 10 T€ – Öl, Ärger, Übung, Müller’s, Spaß",
        "¿Qué pasó? ¡Hola! El niño de España; García y Martínez – 1ª y 2º piso, 20°C, «sí»",
        "Perché la città è così? L’arte dell’uomo, all’alba; più però, Gesù, lunedì. Un’altra",
        "Don’t say “hello” – it’s café naïve… £5 or €6; the boys’ ‘room’. 5 µm ± 0.1, © 2020",
        "L’avi català menja pàgina, àguila, pingüí, Barça",
    ],
)
def test_marks_and_letters_of_western_texts_are_read(text: str) -> None:
    with pytest.warns(LikewiseWarning, match="read as Windows-1252"):
        assert decoded(f"id|t\n1|{text}\n2|{text}\n".encode("cp1252"), None, "it")[0].decode().count(text) == 2


def test_japanese_of_seven_bits_is_read_and_written_back(tmp_path: Path) -> None:
    text = "名前,都市,金額\n" + "".join(
        f"{'佐藤鈴木'[k % 2 * 2 :][:2]},{'東京大阪'[k % 2 * 2 :][:2]},{k}\n" for k in range(60)
    )
    path = tmp_path / "t.csv"
    path.write_bytes(text.encode("iso2022_jp"))
    with pytest.warns(LikewiseWarning, match="ISO-2022-JP"):
        frame, dialect = files.read_table(path)
    assert frame.columns == ["名前", "都市", "金額"]
    files.write(frame, tmp_path / "u.csv", dialect=dialect)
    assert (tmp_path / "u.csv").read_bytes().decode("iso2022_jp") == text
