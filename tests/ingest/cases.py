"""The corpus: what people upload and, written by hand, what must become of it.

`python -m tests.ingest.cases` writes the files.
"""
# ruff: noqa: RUF001 - real names, in their own scripts

import gzip
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path


def packed(data: bytes) -> bytes:
    """The same bytes on every Python: 3.13 names another operating system in the header."""
    data = gzip.compress(data, mtime=0)
    return data[:9] + b"\x03" + data[10:]


FOLDER = Path(__file__).parent / "corpus"


@dataclass
class Case:
    """`names` with their lines and `rejected` in order; or `error`, a code, when the whole file is refused.

    A name with areas is "name|region|country", with coordinates "name|region|country|latitude,longitude".
    """

    file: str
    content: bytes = field(repr=False)
    names: list[tuple[int, str]] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)
    duplicates: int = 0
    error: str | None = None
    options: dict[str, str | bool | int] = field(default_factory=dict)

    def expected(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if name not in {"file", "content"} and value}


PARIS_OSLO = [(2, "Paris"), (3, "Oslo")]
LONG_ROW = b"x" * 70_000

CASES = [
    # line ends
    Case("lf.csv", b"city\nParis\nOslo\n", PARIS_OSLO),
    Case("crlf.csv", b"city\r\nParis\r\nOslo\r\n", PARIS_OSLO),
    Case("cr.csv", b"city\rParis\rOslo\r", PARIS_OSLO),
    Case("mixed_ends.csv", b"city\r\nParis\rOslo\nLima\r\n\rRome", [*PARIS_OSLO, (4, "Lima"), (6, "Rome")]),
    Case("no_last_newline.csv", b"city\nParis\nOslo", PARIS_OSLO),
    Case("blank_lines.csv", b"\n  \ncity\n\nParis\n \t \nOslo\n\n\n", [(5, "Paris"), (7, "Oslo")]),
    Case(
        "other_line_ends.csv",
        "city\nPort\u2028Louis\nPort\u2029Said\nPort\x0bBlair\nPort\x85Vila\n".encode(),
        [(2, "Port Louis"), (3, "Port Said")],
        [(4, "control_character"), (5, "control_character")],
    ),
    Case("only_controls.csv", "city\n\x1c\n\x1f\n\u0085\n\u3000\nOslo\n".encode(), [(6, "Oslo")],
         [(2, "control_character"), (3, "control_character"), (4, "control_character")]),
    # encodings
    Case("utf8_bom.csv", b"\xef\xbb\xbfcity\nParis\nOslo\n", PARIS_OSLO),
    Case("utf8_bom_quoted.csv", b'\xef\xbb\xbf"City"\r\n"Paris"\r\n"Oslo"\r\n', PARIS_OSLO),
    Case(
        "utf16_le_tab.csv",
        b"\xff\xfe" + "id\tcity\r\n1\tZürich\r\n2\t東京\r\n".encode("utf-16-le"),
        [(2, "Zürich"), (3, "東京")],
    ),
    Case("utf16_be.csv", b"\xfe\xff" + "city\nZürich\nBogotá\n".encode("utf-16-be"), [(2, "Zürich"), (3, "Bogotá")]),
    Case("double_bom.csv", "\ufeff\ufeffcity\nParis\nOslo\n".encode(), PARIS_OSLO),
    Case("files_put_together.csv", '\ufeff"City"\r\n"Paris"\r\n\ufeff"Oslo"\r\n"Bonn, Rhein"'.encode(),
         [*PARIS_OSLO, (4, "Bonn, Rhein")]),
    Case("bom_behind_sep.csv", "\ufeffsep=;\n\ufeffcity;x\nParis;1\n".encode("utf-16-le"), [(3, "Paris")]),
    Case("utf16_given.csv", b"\xfe\xff" + "city\nZürich\n".encode("utf-16-be"),
         [(2, "Zürich")], options={"encoding": "UTF-16"}),
    Case("utf16_given_without_mark.csv", "city\nParis\n".encode("utf-16-be"),
         error="bad_option", options={"encoding": "utf-16"}),
    *(Case(f"utf16_without_mark_{number}.csv", "Город;Страна\nМосква;RU\n".encode(label), error="bad_option",
           options=options) for number, (label, options) in enumerate((
        ("utf-16-le", {}), ("utf-16-be", {}), ("utf-16-le", {"encoding": "cp1252"}), ("utf-16-be", {"column": "1"}),
        ), 1)),
    Case("utf16_be_given.csv", "city\nParis\n".encode("utf-16-be"),
         [(2, "Paris")], options={"encoding": "utf-16-be"}),
    Case("utf16_odd_byte.csv", b"\xff\xfe" + "city\nOslo\nParis".encode("utf-16-le") + b"x",
         [(2, "Oslo")], [(3, "bad_encoding")]),
    Case("utf32.csv", b"\xff\xfe\x00\x00" + "city\nParis\nOslo\n".encode("utf-32-le"), PARIS_OSLO),
    Case(
        "latin1_not_given.csv",
        "city\nZürich\nParis\nBogotá\n".encode("latin-1"),
        [(3, "Paris")],
        [(2, "bad_encoding"), (4, "bad_encoding")],
    ),
    Case(
        "cp1252_given.csv",
        "city\nZürich\nXi’an\n".encode("cp1252") + b"Bad\x81\n",
        [(2, "Zürich"), (3, "Xi’an")],
        [(4, "bad_encoding")],
        options={"encoding": "windows-1252"},
    ),
    Case("latin1_given_for_cp1252.csv", "city\nXi’an\nParis\n".encode("cp1252"),
         [(3, "Paris")], [(2, "control_character")], options={"encoding": "latin-1"}),
    Case("bom_outweighs_given.csv", "\ufeffcity\nZürich\n".encode(), [(2, "Zürich")], options={"encoding": "cp1252"}),
    Case("shift_jis_given.csv", "city\n東京\n大阪\n".encode("shift_jis"),
         [(2, "東京"), (3, "大阪")], options={"encoding": "sjis"}),
    Case("unknown_encoding.csv", b"city\nParis\n", error="bad_option", options={"encoding": "zlib"}),
    Case("bad_byte_elsewhere.csv", b"city,note\nParis,caf\xe9\nOslo,\n", [(3, "Oslo")], [(2, "bad_encoding")]),
    Case("replacement_character.csv", "city\nM\ufffdnchen\nParis\n".encode(), [(3, "Paris")], [(2, "bad_encoding")]),
    Case("overlong_utf8.csv", b"city\nO\xc0\xafslo\nParis\n", [(3, "Paris")], [(2, "bad_encoding")]),
    # delimiters
    Case("semicolon.csv", b"id;city;note\n1;Paris;a,b\n2;Oslo;\n", PARIS_OSLO),
    Case("tab.tsv", b"id\tcity\n1\tParis\n2\tOslo\n", PARIS_OSLO),
    Case("pipe.csv", b"city|country name\nParis|France\nOslo|Norway\n",
         [(2, "Paris||France"), (3, "Oslo||Norway")]),
    Case("sep_line.csv", b"sep=;\r\ncity;note\r\nParis;x\r\nOslo;y\r\n", [(3, "Paris"), (4, "Oslo")]),
    Case("sep_line_quoted.csv", b'"sep=|"\ncity|note\nParis|x\n', [(3, "Paris")]),
    Case("sep_line_padded.csv", b"sep=;;;\r\nid;city;note\r\n1;Paris;x\r\n", [(3, "Paris")]),
    Case("given_outweighs_sep.csv", b"sep=;\ncity|x;y\nParis|a\n", [(3, "Paris")], options={"delimiter": "pipe"}),
    Case("sep_unknown.csv", b"sep=:\ncity:note\nParis:x\n", error="bad_option"),
    Case("delimiter_given.csv", b"Paris;1\nOslo;2\n",
         [(1, "Paris"), (2, "Oslo")], options={"delimiter": "semicolon", "column": "1"}),
    Case("delimiter_unknown.csv", b"city\nParis\n", error="bad_option", options={"delimiter": "#"}),
    Case("comma_in_header_of_semicolons.csv", b'"a,b";city\nx;Paris\ny;Oslo\n', PARIS_OSLO),
    Case("blank_after_comma.csv", b'id, city\n1, "Paris"\n2, Oslo\n', PARIS_OSLO),
    Case("wrong_delimiter.csv", b"city,country\nParis;FR\nOslo,NO\nRome\tIT\nLima\n",
         [(3, "Oslo||NO"), (5, "Lima")], [(2, "wrong_delimiter"), (4, "wrong_delimiter")]),
    Case("wrong_delimiter_one_column.csv", b'city\nParis;FR\nOslo\tNO\nRome|IT\n"Lima;PE"\n\tBonn\t\n',
         [(5, "Lima;PE"), (6, "Bonn")], [(2, "wrong_delimiter"), (3, "wrong_delimiter"), (4, "wrong_delimiter")]),
    Case("given_delimiter_divides_nothing.csv", b"city\nParis;FR\nOslo\n",
         [(2, "Paris;FR"), (3, "Oslo")], options={"delimiter": "comma"}),
    # header and columns
    Case("no_header.csv", b"Paris\nOslo\n", [(1, "Paris"), (2, "Oslo")]),
    Case("header_city_name.csv", b"ID, City Name \n1,Paris\n2,Oslo\n", PARIS_OSLO),
    Case("header_upper.csv", b"ID,CITY_NAME\n1,Paris\n2,Oslo\n", PARIS_OSLO),
    Case("header_city_before_name.csv", b"name,city\nAnn,Paris\nBob,Oslo\n", PARIS_OSLO),
    Case("header_with_newline.csv", b'"City\nname",x\nParis,1\nOslo,2\n', [(3, "Paris"), (4, "Oslo")]),
    Case("header_with_newline_and_semicolon.csv", b'id;"City\nname"\n1;Paris\n2;Oslo\n', [(3, "Paris"), (4, "Oslo")]),
    Case("header_decomposed.csv", "id,citta\u0300\n1,Paris\n2,Oslo\n".encode(), PARIS_OSLO),
    Case("header_twice.csv", b"city,city\nParis,Oslo\n", error="no_city_column"),
    Case("header_twice_given.csv", b"city,city\nParis,Oslo\n", [(2, "Oslo")], options={"column": "2"}),
    Case("column_name_without_header.csv", b"id,capital\n1,Paris\n", error="bad_option",
         options={"column": "capital", "header": False}),
    Case("column_by_name.csv", b"id,Capital\n1,Paris\n2,Oslo\n", PARIS_OSLO, options={"column": "capital"}),
    Case("column_by_number.csv", b"1,Paris\n2,Oslo\n", [(1, "Paris"), (2, "Oslo")], options={"column": "2"}),
    Case("column_by_number_with_header.csv", b"id,capital\n1,Paris\n2,Oslo\n", PARIS_OSLO, options={"column": "2"}),
    Case("column_unknown.csv", b"id,capital\n1,Paris\n", error="no_city_column", options={"column": "town"}),
    Case("column_beyond.csv", b"id,capital\n1,Paris\n", error="no_city_column", options={"column": "3"}),
    Case("columns_without_header.csv", b"Paris,FR\nOslo,NO\n", error="no_city_column"),
    Case("column_of_two_readings.csv", b"a;b,c\n", error="no_city_column", options={"column": "2"}),
    Case("header_of_two_readings.csv", b"city,a;city\nParis,x;Oslo\n", error="no_city_column"),
    Case("column_country.csv", b"id,country\n1,Monaco\n", [(2, "Monaco")], options={"column": "country"}),
    Case("header_given_absent.csv", b"city\nParis\n", [(1, "city"), (2, "Paris")], options={"header": False}),
    Case("header_given_present.csv", b"Capitals\nParis\nOslo\n", PARIS_OSLO, options={"header": True}),
    Case("country_and_state.csv",
         b"city,state,country\nPortland,OR,US\nParis,,FR\nMunich,Bavaria,DE\nOslo,,\nReno,NV,\n",
         [(2, "Portland|OR|US"), (3, "Paris||FR"), (4, "Munich|Bavaria|DE"), (5, "Oslo"), (6, "Reno|NV|")]),
    Case("country_code_before_country.csv", b"Country,Country Code,City\nFrance,FR,Paris\nNorway,NO,Oslo\n",
         [(2, "Paris||FR"), (3, "Oslo||NO")]),
    Case("country_without_city.csv", b"city,country\n,FR\nOslo,NO\n", [(3, "Oslo||NO")], [(2, "no_name")]),
    Case("short_rows.csv", b"id,city\n1\n2,Oslo\n", [(3, "Oslo")], [(2, "no_name")]),
    Case("spreadsheet_tails.csv", b"city,,,\nParis,,,\n,,,\nOslo,,,\n",
         [(2, "Paris"), (4, "Oslo")], [(3, "no_name")]),
    Case("unnamed_columns.csv", b",city,,\n0,Paris,x,\n1,Oslo,,y\n", PARIS_OSLO),
    Case("too_many_cells.csv", b"city,note\nWashington, DC,x\nParis,y\n", [(3, "Paris")], [(2, "too_many_cells")]),
    Case("commas_in_one_column.csv", b'city\nWashington, DC\n"Portland, OR"\nParis\n',
         [(2, "Washington, DC"), (3, "Portland, OR"), (4, "Paris")]),
    # quotes
    Case("quoted_newline.csv", b'id,city\n1,"Ho Chi\r\nMinh City"\n2,Oslo\n', [(2, "Ho Chi Minh City"), (4, "Oslo")]),
    Case("quoted_blank_line.csv", b'city\n"Ho Chi\n\n\nMinh City"\nOslo\n', [(2, "Ho Chi Minh City"), (6, "Oslo")]),
    Case("quoted_quotes.csv", b'city\n"O""Fallon"\nO"Neill\n', [(2, 'O"Fallon'), (3, 'O"Neill')]),
    Case("quoted_delimiter.csv", b'city,note\n"Washington, D.C.",x\nOslo,y\n',
         [(2, "Washington, D.C."), (3, "Oslo")]),
    Case("bad_quotes.csv", b'city,note\n"Hood" River,x\nOslo,y\n', [(3, "Oslo")], [(2, "bad_quotes")]),
    Case("bad_quotes_over_lines.csv", b'city,note\n"Hood" River,"long\ntext, Berlin"\nOslo,y\n',
         [(4, "Oslo")], [(2, "bad_quotes")]),
    Case("bad_quotes_in_a_second_line.csv", b'city,note\n"Hood\nRiver" x,"a\nb, Berlin"\nOslo,y\n',
         [(5, "Oslo")], [(2, "bad_quotes")]),
    Case("bad_quotes_then_unclosed.csv", b'city,note\n"Hood" River,"long\nOslo,y\n', error="unclosed_quote"),
    Case("quote_in_header.csv", b'city,size (")\nParis,1\nO"Neill,2\nOslo,3\n',
         [(2, "Paris"), (3, 'O"Neill'), (4, "Oslo")]),
    Case("quote_in_header_only.csv", b'city,size (")\nParis,1\nOslo,3\n', PARIS_OSLO),
    Case("quote_in_first_name.csv", b'O"Neill\nParis\n', [(1, 'O"Neill'), (2, "Paris")]),
    Case("unclosed_quote_behind_semicolon.csv", b'id;"city\n1;Paris\n', error="unclosed_quote"),
    Case("empty_quotes.csv", b'city\n""\nOslo\n', [(3, "Oslo")], [(2, "no_name")]),
    Case("unclosed_quote.csv", b'city\n"Paris\nOslo\nLima\n', error="unclosed_quote"),
    Case("unclosed_quote_in_header.csv", b'"city\nParis\nOslo\n', error="unclosed_quote"),
    Case("long_row.csv", b"city\nParis\n" + LONG_ROW + b"\nOslo\n", error="row_too_long"),
    Case("long_header.csv", LONG_ROW + b"\nParis\n", error="row_too_long"),
    Case("long_quoted_row.csv", b'city\n"' + b"Paris\n" * 12_000, error="row_too_long"),
    # names
    Case("duplicates.csv", "city\nSão Paulo\nsão  PAULO\nSA\u0303O PAULO\nSao Paulo\n".encode(),
         [(2, "São Paulo"), (5, "Sao Paulo")], duplicates=2),
    Case("joiners.csv", "city\nکرمان\u200cشاه\nکرمانشاه\n\u200d\n".encode(),
         [(2, "کرمان\u200cشاه")], [(4, "no_name")], duplicates=1),
    Case("invisible.csv", "city\n\u200bPa\u00adris\u200e\n\u00a0Oslo\u3000\n".encode(), PARIS_OSLO),
    Case("controls.csv", b"city\nPa\x00ris\nO\x1bslo\nLima\x7f\nRome\n",
         [(5, "Rome")], [(2, "control_character"), (3, "control_character"), (4, "control_character")]),
    Case("long_names.csv", b"city\n" + b"a" * 200 + b"\n" + b"b" * 201 + b"\n",
         [(2, "a" * 200)], [(3, "name_too_long")]),
    Case("formulas.csv", b'city\n=1+1\n@x\n"+1"\n-1\n', [(2, "=1+1"), (3, "@x"), (4, "+1"), (5, "-1")]),
    # a header below other lines
    Case("title.csv", b"Table 1\nid,city,country\n1,Paris,FR\n", [(3, "Paris||FR")]),
    Case("title_semicolons.csv", b"Table 1\nid;city;country\n1;Paris;FR\n", [(3, "Paris||FR")]),
    Case("title_tabs.csv", b"Table 1\nid\tcity\tcountry\n1\tParis\tFR\n", [(3, "Paris||FR")]),
    Case("title_padded.csv", b"Table 1,,\n\n,,\nid,city,country\n1,Paris,FR\n", [(5, "Paris||FR")]),
    Case("title_that_is_a_header.csv", b"Cities\nid,city,country\n1,Paris,FR\n", [(3, "Paris||FR")]),
    Case("title_one_column.csv", b"Capitals\ncity\nParis\nOslo\n", [(3, "Paris"), (4, "Oslo")]),
    Case("title_and_column_by_name.csv", b"Table 1\nid;capital\n1;Paris\n", [(3, "Paris")],
         options={"column": "capital"}),
    Case("title_and_column_by_number.csv", b"Table 1\nid;capital;city\n1;Paris;x\n", [(3, "Paris")],
         options={"column": "2"}),
    Case("title_in_quotes.csv", b'"Table 1\nof 2024"\nid,city,country\n1,Paris,FR\n', [(4, "Paris||FR")]),
    Case("title_of_as_many_cells.csv", b"Europe, 2024\ncity,country\nParis,FR\n", error="no_city_column"),
    Case("title_and_one_known_column.csv", b"Table 1\nstadt,einwohner\nBonn,300000\n", error="no_city_column"),
    Case("title_and_no_known_column.csv", b"Table 1\nkaupunginosa;x\nKallio;1\n", error="no_city_column"),
    Case("title_and_column_of_an_unknown_header.csv", b"Report 2026\n\nshop;site;sales\nA;Bonn;3\nB;Ulm;4\n",
         [(4, "Bonn"), (5, "Ulm")], options={"column": "2"}),
    Case("title_in_all_columns.csv", b"Report 2026;;\nshop;site;sales\nA;Bonn;3\n", [(3, "Bonn")],
         options={"column": "2"}),
    Case("title_and_first_column.csv", b"Report 2026\nsite;sales\nBonn;3\n", [(3, "Bonn")],
         options={"column": "1", "header": True}),
    Case("title_and_one_known_column_by_number.csv", b"Table 1\nstadt,einwohner\nBonn,300000\n", [(3, "Bonn")],
         options={"column": "1"}),
    Case("names_with_commas_by_number.csv", b"Paris\nOslo\nBonn, DE\nUlm, DE\n",
         [(1, "Paris"), (2, "Oslo"), (3, "Bonn, DE"), (4, "Ulm, DE")],
         options={"column": "1", "header": False}),
    Case("title_and_several_names.csv", b"Table 1\nParis;FR\nOslo;NO\n", error="no_city_column"),
    Case("list_with_a_word.csv", b"Paris\nQuebec, city\nOslo\n", error="no_city_column"),
    Case("list_with_a_word_given.csv", b"Paris\nQuebec, city\nOslo\n",
         [(1, "Paris"), (2, "Quebec, city"), (3, "Oslo")], options={"header": False}),
    Case("comments.csv", b"# source: x\n# 2024\ncity,country\nParis,FR\n", [(4, "Paris||FR")]),
    Case("comments_without_header.csv", b"# source: x\n\n# 2024\nParis\nOslo\n", [(4, "Paris"), (5, "Oslo")]),
    Case("comment_of_columns.csv", b"# city, country\nid;city\n1;Paris\n", [(3, "Paris")]),
    Case("comment_is_header.csv", b"#city,country\nParis,FR\n", [(2, "Paris||FR")]),
    Case("number_sign_in_header.csv", b"#,City,Country\n1,Paris,FR\n", [(2, "Paris||FR")]),
    Case("only_comments.csv", b"# source: x\n# 2024\n", error="no_cities"),
    Case("too_many_comments.csv", b"# x\n" * 30 + b"Paris\n", error="no_city_column"),
    Case("number_sign_without_header.csv", b"#1 Road\nParis\n", [(1, "#1 Road"), (2, "Paris")],
         options={"header": False}),
    Case("header_again.csv", b"id,city\n1,Paris\nid,city\n2,Oslo\n", [(2, "Paris"), (4, "Oslo")], [(3, "no_name")]),
    Case("header_again_one_column.csv", b"city\nParis\ncity\nOslo\n", [(2, "Paris"), (4, "Oslo")], [(3, "no_name")]),
    # titles above a header
    *(Case(f"title_and_lone_header_{number}.csv", f"{lines}\nBonn\nKiel\n".encode(), [(3, "Bonn"), (4, "Kiel")])
      for number, lines in enumerate(("Report\nTown", "Title\nStadt", "Town\nCity", "Report\nMiejscowosc"), 1)),
    *(Case(f"title_and_header_or_town_{number}.csv", f"{lines}\nBonn\nKiel\n".encode(), error="no_city_column")
      for number, lines in enumerate((
        "Liste des villes\nVille", "Report\nName", "Report\n2026\nTown", "Kota", "By"), 1)),
    Case("kota_is_a_town.csv", b"Delhi\nKota\nPune\n", [(1, "Delhi"), (2, "Kota"), (3, "Pune")]),
    Case("kota_is_a_header.csv", b"Kota;Negara\nJakarta;ID\n", [(2, "Jakarta||ID")]),
    Case("kota_is_unclear.csv", b"Kota,IN\nPune,IN\n", error="no_city_column"),
    Case("kota_given.csv", b"Kota\nJakarta\n", [(2, "Jakarta")], options={"header": True}),
    Case("kota_given_as_a_town.csv", b"Kota\nPune\n", [(1, "Kota"), (2, "Pune")], options={"header": False}),
    *(Case(f"title_and_table_{number}.csv", f"{lines}\n".encode(), error="no_city_column")
      for number, lines in enumerate((
        "Table 1\nid,Namn,country\n1,Paris,FR", "Table 1\nfoo,bar\nParis,FR\nOslo,NO",
        "Cities,Table 3\nid,city\n1,Paris", "Cities, 2024\nid;city;country\n1;Paris;FR",
        "\n".join(map(str, range(2001, 2026))) + "\ncity,country\nParis,FR",
        "\n".join(map(str, range(2001, 2026))) + "\ncity\nParis",
        '"city,country"\n"Paris,FR"', '"city,note"\n"Paris,x"',
        '"id;city"\n"1;Paris"', "city:country\nParis:FR", "city  country\nParis  FR", "city，country\nParis，FR",
        "sep=;\nTitle\nid,city\n1,Paris"), 1)),
    Case("title_and_table_by_number.csv", b"Table 1\nfoo,bar\nParis,FR\n", error="no_city_column",
         options={"column": "1"}),
    Case("title_and_table_given.csv", b"Table 1\nfoo,bar\nParis,FR\n", [(3, "Paris")],
         options={"column": "1", "header": True}),
    Case("title_with_a_word_by_line.csv", b"Cities,Table 3\nid,city\n1,Paris\n", [(3, "Paris")],
         options={"header_line": 2}),
    Case("codes_are_no_header.csv", b"Oslo;NO\nJakarta;ID\n", error="no_city_column", options={"column": "1"}),
    Case("sep_line_of_another_delimiter.csv", b"sep=;\ncity,country\nParis,FR\n", [(3, "Paris||FR")]),
    Case("sep_line_above_a_list.csv", b"sep=,\ncity\nParis;FR\n", [(3, "Paris;FR")]),
    # the header again
    Case("header_again_in_other_letters.csv", b"city,country\nParis,FR\n CITY , Country\nVille,Pays\nOslo,NO\nVille,\n",
         [(2, "Paris||FR"), (5, "Oslo||NO"), (6, "Ville")], [(3, "no_name"), (4, "no_name")]),
    Case("header_again_of_others.csv", b"city,lat,lng\nParis,48.9,2.4\nCity,Latitude,Longitude\nTown,,\nOrt,1,2\n",
         [(2, "Paris|||48.9,2.4"), (5, "Ort|||1,2")], [(3, "no_name"), (4, "no_name")]),
    Case("header_again_in_a_list.csv", b"city\nParis\nTown\nVille\nKota\n\"city,country\"\nKota Kota\nCity\n",
         [(2, "Paris"), (4, "Ville"), (5, "Kota"), (7, "Kota Kota")], [(3, "no_name"), (6, "no_name"), (8, "no_name")]),
    Case("header_again_of_unknown_words.csv", b"Asema;Koodi\nBonn;53111\nASEMA;koodi\n",
         [(2, "Bonn")], [(3, "no_name")], options={"column": "asema"}),
    Case("header_below_rows_by_number.csv", b"1,Paris\n2,Oslo\nid,city\n3,Rome\n",
         [(1, "Paris"), (2, "Oslo"), (4, "Rome")], [(3, "no_name")], options={"column": "2"}),
    # which column
    Case("name_of_a_person.csv", b"name,email,town\nJohn Smith,js@example.com,Leeds\n", [(2, "Leeds")]),
    Case("name_beside_cities.csv", b"home city,work city,name\nParis,Oslo,Ann\n", error="no_city_column"),
    Case("name_beside_a_city.csv", b"name,HomeTown\nAnn,Paris\n", error="no_city_column"),
    Case("name_beside_compounds.csv", b"Name;Wohnort\nAnn Smith;Bonn\n", error="no_city_column"),
    Case("name_beside_compounds_in_english.csv", b"Name,Hometown,Workplace\nAnn,Bonn,Ulm\n", error="no_city_column"),
    Case("name_beside_no_city.csv", b"name,report\nParis,x\n", [(2, "Paris")]),
    Case("german_coordinates.csv", "Ort;Breite;Länge\nDorf;48,9;2,4\n".encode(), [(2, "Dorf|||48.9,2.4")]),
    Case("names_beside_cities_of_words.csv", b"Name;Ort der Geburt\nAnn;Bonn\n", error="no_city_column"),
    Case("location_beside_a_city.csv", b"location,city of delivery\nShop 3,Paris\n", error="no_city_column"),
    Case("name_beside_cities_given.csv", b"home city,work city,name\nParis,Oslo,Ann\n", [(2, "Paris")],
         options={"column": "home city"}),
    Case("name_beside_what_is_about_cities.csv", b"city_id,city code,city_population,name\n1,a,2,Paris\n",
         [(2, "Paris")]),
    Case("city_beside_other_cities.csv", b"home city,city,name\nOslo,Paris,Ann\n", [(2, "Paris")]),
    Case("name_of_a_person_alone.csv", b"name,email\nJohn Smith,js@example.com\n", error="no_city_column"),
    Case("name_and_location.csv", b"name,location\nJohn Smith,Leeds\n", [(2, "Leeds")]),
    Case("name_and_stadt.csv", b"Name;Stadt\nJohn Smith;Leeds\n", [(2, "Leeds")]),
    Case("name_alone.csv", b"name\nParis\n", [(2, "Paris")]),
    Case("name_and_country.csv", b"name,country\nParis,FR\n", [(2, "Paris||FR")]),
    Case("name_and_coordinates.csv", b"name,lat,lng\nParis,48.9,2.4\n", [(2, "Paris|||48.9,2.4")]),
    Case("state_id.csv", b"id,name,state_id\n1,Mumbai,4008\n", [(2, "Mumbai")]),
    Case("states_without_country.csv",
         b"city,state_id,state_name\nLos Angeles,CA,California\nIndianapolis,IN,Indiana\nPortland,ME,Maine\n",
         [(2, "Los Angeles|California|"), (3, "Indianapolis|Indiana|"), (4, "Portland|Maine|")]),
    Case("state_names_without_country.csv", b"city,state\nPortland,Oregon\nSydney,NSW\n",
         [(2, "Portland|Oregon|"), (3, "Sydney|NSW|")]),
    Case("state_id_beside_country.csv", b"city,state_id,country\nPortland,42,US\n", [(2, "Portland||US")]),
    Case("missing_values.csv",
         b"city,state,country\nParis,\\N,NULL\nOslo,None,nan\nLima,N/A,#N/A\nRome,-,-\nWindhoek,,NA\nReno,NA,US\n"
         b"NULL,,FR\n\\N,,\n-,,\nnan,,IT\n#N/A,,IT\n",
         [(2, "Paris"), (3, "Oslo"), (4, "Lima"), (5, "Rome"), (6, "Windhoek||NA"), (7, "Reno||US")],
         [(8, "no_name"), (9, "no_name"), (10, "no_name"), (11, "no_name"), (12, "no_name")]),
    *(Case(f"missing_{number}.csv", f"city,state,country\n{text},,FR\nParis,{text},{text}\n".encode(),
           [(3, "Paris")], [(2, "no_name")]) for number, text in enumerate(
        ("none", "NONE", "NAN", "#n/a", "n.a.", "N.A.", "(null)", "<NA>", "<null>", "nil", "undefined", "Unknown",
         "missing", "?", ".", "_", "*", "TBD", "n/d", "k.A.", "#REF!", "#VALUE!", "#NULL!", "#NAME?", "#DIV/0!",
         "#WERT!", "\\\\N", "''"), 1)),
    Case("missing_na.csv", b"city,state,country\nParis,na,FR\nWindhoek,NA,na\nna,,FR\n",
         [(2, "Paris||FR"), (3, "Windhoek||na")], [(4, "no_name")]),
    Case("nan_in_thailand.csv", b"city,state,country\nNan,Nan,TH\n", [(2, "Nan|Nan|TH")]),
    Case("ids_of_states.csv",
         b"city,state,country\nMumbai,4008.0,4 008\nPune,4008a,IN\nAgra,550e8400-e29b-41d4-a716-446655440000,IN\n"
         b"Paris,FR-75,FR\nLima,District 9,PE\n",
         [(2, "Mumbai"), (3, "Pune||IN"), (4, "Agra||IN"), (5, "Paris||FR"), (6, "Lima|District 9|PE")]),
    Case("missing_values_one_column.csv", b"city\nNULL\nNone\nN/A\nParis\n", [(5, "Paris")],
         [(2, "no_name"), (3, "no_name"), (4, "no_name")]),
    *(Case(f"name_of_somebody_{number}.csv", f"name,{header}\nAnn,x\n".encode(), error="no_city_column")
      for number, header in enumerate((
        "age", "Vorname", "Telefon", "tel", "cell", "address", "username", "job title", "gender", "birthday",
        "date of birth", "Salary", "role", "Nationality", "Department", "Straße", "prenom", "capital",
        "población"), 1)),
    *(Case(f"name_beside_{number}.csv", f"name,{header}\nAnn,Bonn\n".encode(), [(2, "Bonn")])
      for number, header in enumerate(("village", "Vila", "suburb", "Miejscowosc", "市", "Ciutat", "İlçe"), 1)),
    Case("name_and_district.csv", b"Name,CountryCode,District,Population\nKabul,AFG,Kabol,1780000\n",
         [(2, "Kabul||AFG")]),
    Case("department_of_a_company.csv", b"name,town,department\nAnn,Leeds,Sales\n", [(2, "Leeds")]),
    Case("department_of_a_country.csv", b"town,department,country\nLyon,Rhone,FR\n", [(2, "Lyon|Rhone|FR")]),
    Case("province_and_district.csv", "İl;İlçe\nAnkara;Çankaya\n".encode(), [(2, "Çankaya|Ankara|")]),
    Case("capitals_of_countries.csv", b"country,capital\nFR,Paris\n", [(2, "Paris||FR")]),
    # our own downloads
    Case("our_results.csv",
         b"position,line,city,status,last_refreshed_at,last_error,temperature,condition,humidity,country,latitude,"
         b"longitude\r\n"
         b'0,2,"Paris,FR",success,2026-11-28T10:00:00Z,,7.5,Clouds,81,FR,48.85,2.35\r\n'
         b"1,3,Oslo,success,2026-11-28T10:00:00Z,,1.5,Snow,90,NO,59.91,10.75\r\n"
         b'2,4,"Portland,OR,US",failed,,unknown_city,,,,,,\r\n'
         b"3,5,'=1+1,failed,,unknown_city,,,,,,\r\n"
         b"4,6,'-x,failed,,unknown_city,,,,,,\r\n"
         b"6,8,a;'=b,failed,,unknown_city,,,,,,\r\n"
         b"7,9,''+c,failed,,unknown_city,,,,,,\r\n"
         b"8,10,'s-Hertogenbosch,success,2026-11-28T10:00:00Z,,7.5,Clouds,81,NL,51.7,5.3\r\n",
         [(2, "Paris,FR"), (3, "Oslo"), (4, "Portland,OR,US"), (5, "=1+1"), (6, "-x"), (7, "a;=b"),
          (8, "'+c"), (9, "'s-Hertogenbosch")]),
    Case("name_with_its_country.csv", b'city,country\n"Paris,FR",FR\n"Oslo, no",NO\n',
         [(2, "Paris||FR"), (3, "Oslo||NO")]),
    # regions, countries and coordinates
    Case("worldcities.csv",
         '"city","city_ascii","lat","lng","country","iso2","iso3","admin_name","capital","population","id"\n'
         '"Tokyo","Tokyo","35.6897","139.6922","Japan","JP","JPN","Tōkyō","primary","37732000","1392685764"\n'
         '"Springfield","Springfield","39.7709","-89.6540","United States","US","USA","Illinois","admin","1","2"\n'
         '"Springfield","Springfield","37.1943","-93.2916","United States","US","USA","Missouri","","1","3"\n'.encode(),
         [(2, "Tokyo|Tōkyō|JP|35.6897,139.692"), (3, "Springfield|Illinois|US|39.7709,-89.654"),
          (4, "Springfield|Missouri|US|37.1943,-93.2916")]),
    Case("simplemaps_us.csv",
         b'"city","city_ascii","state_id","state_name","county_fips","county_name","lat","lng"\n'
         b'"New York","New York","NY","New York","36081","Queens","40.6943","-73.9249"\n',
         [(2, "New York|New York||40.6943,-73.9249")]),
    Case("geonames_dump.txt",
         b'2988507\tParis\tParis\tParigi,"Paname\t48.85341\t2.3488\tP\tPPLC\tFR\t\t11\t75\t751\t75056\t2138551'
         b"\t\t42\tEurope/Paris\t2024-01-01\n"
          b"4250542\tSpringfield\tSpringfield\t\t39.80172\t-89.64371\tP\tPPLA\tUS\t\tIL\t167\t\t\t100000\t\t180"
         b"\tAmerica/Chicago\t2020-01-01\n"
         b"2800866\tBrussels\tBrussels\t\t50.85045\t4.34878\tP\tPPLC\tBE\t\tBRU\tBRU\t\t\t1019022\t\t28"
         b"\tEurope/Brussels\t2024-01-01\n",
         [(1, "Paris||FR|48.8534,2.3488"), (2, "Springfield|IL|US|39.8017,-89.6437"),
          (3, "Brussels||BE|50.8505,4.34878")]),
    Case("openweather_list.csv",
         b"id,name,state,country,coord.lon,coord.lat\n833,Heydarabad,,IR,47.159401,34.330502\n",
         [(2, "Heydarabad||IR|34.3305,47.1594")]),
    Case("openweather_list.txt", b"id\tnm\tlat\tlon\tcountryCode\n819827\tRazvilka\t55.591667\t37.740833\tRU\n",
         [(2, "Razvilka||RU|55.5917,37.7408")]),
    Case("excel_in_german.csv",
         "Stadtliste 2026;;;;\r\nOrt;Bundesland;Land;Breitengrad;Längengrad\r\nMünchen;Bayern;DE;48,1372; 11,5755 \r\n"
         .encode("cp1252"), [(3, "München|Bayern|DE|48.1372,11.5755")], options={"encoding": "cp1252"}),
    *(Case(f"words_{number}.csv", f"{header}\nBonn;NRW;Allemagne\n".encode(), [(2, "Bonn|NRW|Allemagne")])
      for number, header in enumerate(
        ("Stadt;Bundesland;Land", "Ville;Région;Pays", "Ciudad;Provincia;País", "Cidade;Estado;Pais",
         "Città;Regione;Paese", "Commune;Département;Code pays"), 1)),
    Case("names_before_codes_of_regions.csv",
         b"name,state_code,state_name,country_code,country_name\nAshkasham,BDS,Badakhshan,AF,Afghanistan\n",
         [(2, "Ashkasham|Badakhshan|AF")]),
    Case("coordinates_alone.csv", b"id,latitude,longitude\n1,48.85,2.35\n2,NULL,\n",
         [(2, "|||48.85,2.35")], [(3, "no_name")]),
    Case("coordinates_beside_an_unknown_column.csv", b"station,lat,lon\nA,48.85,2.35\n", error="no_city_column"),
    Case("coordinates_without_a_name.csv", b"city,lat,lng\n,48.85,2.35\nNULL,48.86,2.35\n,,\n",
         [(2, "|||48.85,2.35"), (3, "|||48.86,2.35")], [(4, "no_name")]),
    Case("coordinates_written.csv",
         b'city,lat,lng\nA," 48,85 ","2,35"\nB,+48.85,-2.35\nC,4.885e1,2\nD,-90,180\nE,,\nF,NULL,n/a\n',
         [(2, "A|||48.85,2.35"), (3, "B|||48.85,-2.35"), (4, "C|||48.85,2"), (5, "D|||-90,180"), (6, "E"), (7, "F")]),
    Case("bad_coordinates.csv",
         b'city,lat,lng\nA,90.1,1\nB,1,-180.1\nC,1,\nD,,1\nE,0,0.0\nF,x,1\nG,nan,1\nH,inf,1\nI,"1,234,5",1\nJ,0,1\n'
         b"K,1 2,3\n",
         [(11, "J|||0,1")], [(line, "bad_coordinates") for line in (*range(2, 11), 12)]),
    Case("lone_coordinate.csv", b"city,long\nParis,a long text\n", [(2, "Paris")]),
    Case("duplicates_of_rows.csv",
         b"city,region,country,lat,lng\nParis,,FR,,\nPARIS,,fr,,\nParis,,,,\nParis,,FR,48.85,2.35\n"
         b"Paris,,FR,48.85001,2.35001\nParis,,FR,48.86,2.35\nFlorence,,IT,,\nFirenze,,IT,,\n",
         [(2, "Paris||FR"), (4, "Paris"), (5, "Paris||FR|48.85,2.35"), (7, "Paris||FR|48.86,2.35"),
          (8, "Florence||IT"), (9, "Firenze||IT")], duplicates=2),
    Case("areas_behind_the_name.csv",
         b'city,state,country\n"Portland, OR",OR,US\n"Portland,OR,US",OR,us\nSingapore,,Singapore\n"Paris,",,\n',
         [(2, "Portland|OR|US"), (4, "Singapore||Singapore"), (5, "Paris,")], duplicates=1),
    Case("padded_areas.csv", b"city,country\nParis,F" + b" " * 300 + b"R\nPARIS,f r\nParis,FR\n",
         [(2, "Paris||F R"), (4, "Paris||FR")], duplicates=1),
    Case("long_areas.csv", b"city,country\nParis," + b"x" * 201 + b"\nOslo,NO\n",
         [(3, "Oslo||NO")], [(2, "name_too_long")]),
    # X and Y, as maps are exported
    Case("x_and_y.csv", "Y;X;Name\n48,1371;11,5754;München\n-33.45;-70.66;Santiago\n".encode(),
         [(2, "München|||48.1371,11.5754"), (3, "Santiago|||-33.45,-70.66")]),
    Case("x_and_y_of_a_grid.csv", b"X;Y;Name\n691608.1;5334763.2;Munich\n11.57;48.13;Paris\n",
         [(2, "Munich"), (3, "Paris")]),
    Case("x_and_y_of_a_table.csv", b"x,y,city\n1,2,Paris\n", [(2, "Paris")]),
    Case("y_alone.csv", b"y,city\n48.1,Paris\n", [(2, "Paris")]),
    Case("x_and_y_beside_latitude.csv", b"x,y,city,lat\n1.5,2.5,Paris,48.85\n", [(2, "Paris")]),
    Case("x_and_y_beside_degrees.csv", b"x,y,city,lat,lon\n1.5,2.5,Paris,48.85,2.35\n", [(2, "Paris|||48.85,2.35")]),
    # options for columns
    Case("columns_by_name.csv", b"Nom;Etat;X;Y\nParis;FR;48.85;2.35\n", [(2, "Paris||FR|48.85,2.35")],
         options={"column": "nom", "country_column": "etat", "latitude_column": "x", "longitude_column": "Y"}),
    Case("columns_by_number.csv", b"Paris;IDF;FR\n", [(1, "Paris|IDF|FR")],
         options={"column": "1", "region_column": "2", "country_column": "3", "header": False}),
    Case("country_column_alone.csv", b"city,land code,country\nParis,FR,x\n", [(2, "Paris||FR")],
         options={"country_column": "land code"}),
    Case("country_column_none.csv", b"city,country\nParis,x\n", [(2, "Paris")], options={"country_column": "0"}),
    Case("country_column_unknown.csv", b"city,country\nParis,x\n", error="bad_option",
         options={"country_column": "state"}),
    Case("country_column_beyond.csv", b"city,country\nParis,x\n", error="bad_option", options={"country_column": "3"}),
    Case("country_column_is_the_city.csv", b"city,country\nParis,x\n", error="bad_option",
         options={"country_column": "city"}),
    Case("japanese_coordinates.csv", "都市,緯度,経度,国\nMiami,36.87,-94.88,US\n".encode(),
         [(2, "Miami||US|36.87,-94.88")]),
    Case("polish_coordinates.csv",
         "Miasto,Szerokość geograficzna,Długość geograficzna,Kraj\nMiami,36.87,-94.88,US\n".encode(),
         [(2, "Miami||US|36.87,-94.88")]),
    Case("russian_coordinates.csv", "Город,Широта,Долгота,Страна\nMiami,36.87,-94.88,US\n".encode(),
         [(2, "Miami||US|36.87,-94.88")]),
    Case("arabic_coordinates.csv", "المدينة,خط العرض,خط الطول\nMiami,36.87,-94.88\n".encode(),
         [(2, "Miami|||36.87,-94.88")]),
    Case("latitude_column_alone.csv", b"city,y\nParis,48\n", error="bad_option", options={"latitude_column": "y"}),
    # quotes and blanks
    Case("blank_after_quote.csv", b'"city" , "country"\n"Paris" , "FR"\n"Washington, D.C."\t,US \n"Oslo" x,NO\n',
         [(2, "Paris||FR"), (3, "Washington, D.C.||US")], [(4, "bad_quotes")]),
    Case("blank_after_quote_at_line_end.csv", b'id,city\n1,"Paris" \n2,"O""Fallon"  \n3,"Ho Chi\nMinh" \n4,"a" "b"\n',
         [(2, "Paris"), (3, 'O"Fallon'), (4, "Ho Chi Minh")], [(6, "bad_quotes")]),
    Case("blank_after_quote_in_tabs.tsv", b'id\tcity\tx\n1\t"Paris" \t2\n2\t""\t"y"\n',
         [(2, "Paris")], [(3, "no_name")]),
    Case("quote_swallows_rows.csv", b'city,country\n"Paris,FR\nOslo,NO\nLima,PE\n"Rome",IT\n', error="unclosed_quote"),
    Case("quote_swallows_rows_and_closes.csv", b'city,country\n"Paris,FR\nOslo,NO\nLima,PE",x\nRome,IT\n',
         error="unclosed_quote"),
    Case("quote_swallows_a_list.csv", b'city\nRome\n"Paris\nOslo\nLima"\nBonn\n', error="unclosed_quote"),
    Case("quote_swallows_two_lines.csv", b'city,country\n"Paris,FR\nOslo,NO"\nLima,PE\n', error="unclosed_quote"),
    Case("quote_swallows_in_a_country.csv", b'city,country\nParis,"FR\nOslo,NO"\nLima,PE\n', error="unclosed_quote"),
    Case("address_over_lines.csv", b'city,address\nLeeds,"1 Main St\nLeeds, UK\nLS1 4AB"\nOslo,"x\ny"\n',
         [(2, "Leeds"), (5, "Oslo")]),
    Case("commas_beside_a_line_break.csv", b'note,city,id\n"x, y","Oslo\r","x, y"\n"x, y","Paris\n FR","a, b, c"\n',
         [(2, "Oslo"), (4, "Paris FR")]),
    Case("quotes_none.csv", b'city,country\n"Paris,FR\nOslo,NO\nLima",PE\n"Rome","IT"\nO"Neill,US\nBonn,"DE\n',
         [(3, "Oslo||NO"), (5, "Rome||IT"), (6, 'O"Neill||US')],
         [(2, "bad_quotes"), (4, "bad_quotes"), (7, "bad_quotes")], options={"quotes": "none"}),
    Case("quotes_none_in_an_address.csv", b'city,address\nLeeds,"1 Main St\nLeeds UK\nLS1 4AB"\n',
         [(2, "Leeds"), (3, "Leeds UK")], [(4, "bad_quotes")], options={"quotes": "none"}),
    Case("single_quotes.csv", b"'city','country'\n'Paris','FR'\n's-Hertogenbosch,'NL'\n'Bonn,'DE'\n",
         [(2, "Paris||FR")], [(3, "bad_quotes"), (4, "bad_quotes")]),
    Case("single_quotes_in_rows.csv", b"city,country\n'Paris','FR'\n's-Hertogenbosch,NL\n't Zand,NL\nSana',YE\n",
         [(2, "Paris||FR"), (3, "'s-Hertogenbosch||NL"), (4, "'t Zand||NL"), (5, "Sana'||YE")]),
    Case("other_quotes.csv", "city,country\n“Paris”,„FR“\n«Oslo»,`NO`\n »Bonn« ,”DE”\n‘Ayn al Bayḑā’,SY\n".encode(),
         [(2, "Paris||FR"), (3, "Oslo||NO"), (4, "Bonn||DE"), (5, "‘Ayn al Bayḑā’||SY")]),
    Case("other_quotes_one_column.csv", b"`city`\n`Paris`\n`Oslo`\n", PARIS_OSLO),
    Case("quotes_unknown.csv", b"city\nParis\n", error="bad_option", options={"quotes": "single"}),
    Case("text_over_lines.csv", b'city,note\nParis,"one, two\nand, so on\nend"\nOslo,y\n', [(2, "Paris"), (5, "Oslo")]),
    # commas behind names, and headers in other words
    Case("commas_behind_names.csv", b"city\nParis,\nOslo,,,\nWashington, DC,\n",
         [(2, "Paris"), (3, "Oslo"), (4, "Washington, DC")]),
    Case("semicolons_behind_names.csv", b"city\nParis;\nOslo;;;\nRome\t\nLima;PE\n",
         [(2, "Paris"), (3, "Oslo"), (4, "Rome")], [(5, "wrong_delimiter")]),
    *(Case(f"header_{number}.csv", f"{header}\nBonn\n".encode(), [(2, "Bonn")]) for number, header in enumerate(
        ("Cities", "City:", "city/town", "Ort", "Miasto", "都市", "CITY NAME (English)", "Город", "* City *",
         "City names", "City or Town", "Name of city", "City List", "List of cities", "The city", "1. City", "[City]",
         "Village(s)", "Capital(s)", "Capital city", "Location name", "city_ascii", "asciiname", "Citta", "Stadte",
         "Staedte", "Sehir", "Oraş", "Oraș", "Miejscowosc", "Población", "Thanh pho", "Cité", "Byer", "Steden",
         "Ciutat", "市", "市町村", "시", "المدن", "ערים", "Населённый пункт", "Населенный пункт", "İlçe",
         "Nama Kota"), 1)),
    *(Case(f"header_or_town_{number}.csv", f"{header}\nBonn\n".encode(), error="no_city_column") for number, header in
      enumerate(("Kota", "By", "İl", "Oras", "Poblacion", "Vila", "المدينة"), 1)),
    *(Case(f"header_of_no_cities_{number}.csv", f"{header}\nBonn\nKiel\n".encode(), error="no_city_column")
      for number, header in enumerate(
          ("country", "Zip", "Postal Code", '"address"', "id", "E-Mail", "Państwo", "\n# 2026\nState"), 1)),
    Case("header_of_no_cities_true.csv", b"address\nBonn\nKiel\n", [(2, "Bonn"), (3, "Kiel")],
         options={"header": True}),
    Case("header_of_no_cities_false.csv", b"Canton\nBonn\n", [(1, "Canton"), (2, "Bonn")], options={"header": False}),
    Case("header_of_no_cities_by_number.csv", b"id\nBonn\n", error="no_city_column", options={"column": "1"}),
    Case("header_of_no_cities_and_a_city.csv", b"country\ncity\nBonn\n", [(3, "Bonn")]),
    # the advice of a refusal
    Case("unknown_header.csv", b"Asema;Koodi\nBonn;53111\n", error="no_city_column"),
    Case("unknown_header_by_number.csv", b"Asema;Koodi\nBonn;53111\n", [(2, "Bonn")], options={"column": "1"}),
    Case("states_of_two_letters.csv", b"City,ST\nPortland,OR\nPortland,ME\n",
         [(2, "Portland|OR|"), (3, "Portland|ME|")]),
    Case("ort_plz.csv", b"Ort;PLZ\nBonn;53111\n", [(2, "Bonn")]),
    Case("ort_plz_by_number.csv", b"Ort;PLZ\nBonn;53111\n", [(2, "Bonn")], options={"column": "1"}),
    Case("column_by_number_of_words.csv", b"Paris;FR\nOslo;NO\n", error="no_city_column", options={"column": "1"}),
    Case("column_by_number_and_header.csv", b"Asema;Maa\nOslo;NO\n", [(2, "Oslo||NO")],
         options={"column": "1", "header": True}),
    Case("column_by_number_and_no_header.csv", b"Paris;FR\nOslo;NO\n", [(1, "Paris"), (2, "Oslo")],
         options={"column": "1", "header": False}),
    # coordinates and no header
    *(Case(f"coordinates_alone_{number}.csv", content, [(1, "|||48.85,2.35"), (2, "|||59.9,10.7")],
           options={"latitude_column": "1", "longitude_column": "2", **options})
      for number, (content, options) in enumerate((
          (b"48.85,2.35\n59.9,10.7\n", {"header": False}), (b"48.85,2.35\n59.9,10.7\n", {}),
          (b"48,85;2,35\n59,9;10,7\n", {"header": False}), (b"48.85,2.35\n59.9,10.7\n", {"column": "0"}),
          (b"48.85,2.35,Shop\n59.9,10.7,Mill\n", {"column": "0", "header": False})), 1)),
    *(Case(f"coordinates_named_{number}.csv", b"y_wgs,x_wgs\n48.85,2.35\n", [(2, "|||48.85,2.35")],
           options={"latitude_column": first, "longitude_column": "2"})
      for number, first in enumerate(("y_wgs", "1"), 1)),
    Case("coordinates_beside_others.csv", b"city,lat,lon\nParis,48.85,2.35\n", [(2, "|||48.85,2.35")],
         options={"column": "0"}),
    Case("coordinates_or_a_city.csv", b"48.85,2.35,Paris\n", error="no_city_column",
         options={"latitude_column": "1", "longitude_column": "2", "header": False}),
    Case("coordinates_in_the_column_of_cities.csv", b"city,lat\nParis,48.85\n", error="bad_option",
         options={"latitude_column": "1", "longitude_column": "2"}),
    # other encodings
    Case("windows_949.csv", "city\n서울\n".encode("cp949"), [(2, "서울")], options={"encoding": "windows-949"}),
    Case("x_sjis.csv", "city\n東京\n".encode("shift_jis"), [(2, "東京")], options={"encoding": "x-sjis"}),
    Case("x_sjis_of_windows.csv", "city\n髙松①\n".encode("cp932"), [(2, "髙松①")], options={"encoding": "x-sjis"}),
    Case("windows_31j.csv", "city\n髙松\n".encode("cp932"), [(2, "髙松")], options={"encoding": "Windows-31J"}),
    Case("ks_c_5601.csv", "city\n똠\n".encode("cp949"), [(2, "똠")], options={"encoding": "ks_c_5601-1987"}),
    Case("iso_8859_8_i.csv", "city\nחיפה\n".encode("iso8859-8"), [(2, "חיפה")], options={"encoding": "ISO-8859-8-I"}),
    Case("iso_2022_jp.csv", "city\n東京\nParis\n".encode("iso2022_jp"), [(2, "東京"), (3, "Paris")],
         options={"encoding": "ISO-2022-JP"}),
    Case("iso_2022_jp_bad_byte.csv", "city\n東京\n".encode("iso2022_jp") + b"Par\xe9s\nOslo\n",
         [(2, "東京"), (4, "Oslo")], [(3, "bad_encoding")], options={"encoding": "ISO-2022-JP"}),
    Case("utf32_given.csv", "city\nParis\n".encode("utf-32"), [(2, "Paris")], options={"encoding": "UTF-32"}),
    Case("utf32_be_given.csv", "city\nParis\n".encode("utf-32-be"), [(2, "Paris")], options={"encoding": "utf-32be"}),
    Case("utf32_given_without_mark.csv", "city\nParis\n".encode("utf-32-be"), error="bad_option",
         options={"encoding": "utf-32"}),
    Case("scripts.csv", "city\nԵրևան\nลำปาง\nພູຜາ ໜູ່\n".encode(), [(2, "Երևան"), (3, "ลำปาง"), (4, "ພູຜາ ໜູ່")]),
    Case("marks.csv", b"city\na" + "\u0301\u0323".encode() * 9_000 + b"\nParis\n",
         [(3, "Paris")], [(2, "name_too_long")]),
    Case("marks_in_header.csv", b"a" + "\u0301\u0323".encode() * 9_000 + b",city\n1,Paris\n", [(2, "Paris")]),
    Case("sep_line_of_tabs.csv", b"sep=\t" + b"\t" * 60_000 + b"x\ncity\tx\nParis\t1\n", error="no_city_column"),
    # nothing to import
    Case("empty.csv", b"", error="no_cities"),
    Case("only_newlines.csv", b"\r\n\n\r", error="no_cities"),
    Case("only_bom.csv", b"\xef\xbb\xbf", error="no_cities"),
    Case("only_header.csv", b"city\n", error="no_cities"),
    Case("nothing_usable.csv", b"city,x\n,1\n\x00,2\n", error="no_cities"),
    # no CSV
    Case("page.csv", b"\xef\xbb\xbf\n <!DOCTYPE html>\n<html><body>city</body></html>", error="not_csv"),
    Case("table.csv", b"<table><tr><td>Paris</td></tr></table>", error="not_csv"),
    Case("workbook.csv", b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", error="not_csv"),
    Case("old_workbook.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", error="not_csv"),
    Case("document.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", error="not_csv"),
    Case("objects.csv", b'[{"city": "Paris"}]', error="not_csv"),
    # gzip
    Case("gzipped.csv.gz", gzip.compress(b"city\nParis\nOslo\n", mtime=0), PARIS_OSLO),
    Case("gzip_by_content.csv", gzip.compress(b"city\nParis\nOslo\n", mtime=0), PARIS_OSLO),
    Case("two_members.csv.gz", gzip.compress(b"city\nPar", mtime=0) + gzip.compress(b"is\nOslo\n", mtime=0) + b"\0" * 9,
         PARIS_OSLO),
    Case("broken_off.csv.gz", gzip.compress(b"city\nParis\nOslo\n", mtime=0)[:-9], error="bad_gzip"),
    Case("damaged.csv.gz", gzip.compress(b"city\nParis\nOslo\n", mtime=0)[:10] + b"\xff" * 30, error="bad_gzip"),
    Case("bomb.csv.gz", gzip.compress(b"city\n" + b"Paris\n" * 1_000_000, mtime=0), error="bad_gzip"),
    Case("gzip_in_gzip.csv.gz", packed(packed(b"city\nParis\n")), error="not_csv"),
    Case("workbook_in_gzip.csv.gz", gzip.compress(b"PK\x03\x04\x14\x00", mtime=0), error="not_csv"),
]  # fmt: skip


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / case.file).write_bytes(case.content)
    expected = {case.file: case.expected() for case in CASES}
    (FOLDER / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
