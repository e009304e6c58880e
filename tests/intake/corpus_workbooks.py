"""Workbooks as planners have them: titles, groups, units, sums, signatures, hidden parts."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from tests.intake.make_corpus import nasty

TITLES = ["项目编号", "项目名称", "投资额（万元）", "经度", "纬度"]
PROJECTS = [
    ["P1", "文峰文化馆", 1200, 114.35, 36.09],
    ["P2", "漳河水厂", 800, 114.36, 36.10],
    ["P3", "高新产业园", 3000, 114.37, 36.11],
]


class Book:
    """A workbook in memory, the same bytes each time."""

    def __init__(self, **options: object) -> None:
        self._out = io.BytesIO()
        self.book = xlsxwriter.Workbook(self._out, {"in_memory": True, **options})
        self.book.set_properties({"created": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)})

    def sheet(self, rows: list[list[object]], name: str | None = None) -> Worksheet:
        sheet = self.book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
        return sheet

    def content(self) -> bytes:
        self.book.close()
        return self._out.getvalue()


def one_sheet(rows: list[list[object]], *merges: str) -> bytes:
    """Return a workbook of one sheet; each merge keeps the text of its first cell."""
    book = Book()
    sheet = book.sheet(rows)
    for area in merges:
        row, column = _position(area.partition(":")[0])
        sheet.merge_range(area, rows[row][column])
    return book.content()


def _position(cell: str) -> tuple[int, int]:
    return int(cell[1:]) - 1, ord(cell[0]) - ord("A")


def edited(data: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """Return a workbook with a piece of one of its parts replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for member in source.infolist():
            piece = source.read(member)
            if member.filename == part:
                assert old in piece, (part, old)
                piece = piece.replace(old, new)
            target.writestr(member, piece)
    return out.getvalue()


# --- headers --------------------------------------------------------------------------------


@nasty("plain.xlsx")
def plain() -> bytes:
    return one_sheet([TITLES, *PROJECTS])


@nasty("title_above.xlsx")
def title_above() -> bytes:
    rows = [["2026年文峰区重点项目表"], [], ["填报单位：区发改委", "", "", "日期：2026-01-01"]]
    return one_sheet([*rows, TITLES, *PROJECTS], "A1:E1")


@nasty("project_above.xlsx")
def project_above() -> bytes:
    return one_sheet([["P0", "老城广场", 500, 114.34, 36.08], TITLES, *PROJECTS])


@nasty("two_row_header.xlsx")
def two_row_header() -> bytes:
    rows = [
        ["项目编号", "项目名称", "投资（万元）", "", "坐标", ""],
        ["", "", "总投资", "已完成", "经度", "纬度"],
        ["P1", "文峰文化馆", 1200, 600, 114.35, 36.09],
        ["P2", "漳河水厂", 800, 0, 114.36, 36.10],
    ]
    return one_sheet(rows, "A1:A2", "B1:B2", "C1:D1", "E1:F1")


@nasty("title_and_three_row_header.xlsx")
def three_row_header() -> bytes:
    rows = [
        ["重点项目一览表"],
        ["编号", "项目名称", "建设内容", "", "中心点", ""],
        ["", "", "规模", "投资额", "东经", "北纬"],
        ["", "", "（平方米）", "（亿元）", "（度）", "（度）"],
        ["P1", "文峰文化馆", 9000, 0.12, 114.35, 36.09],
        ["P2", "漳河水厂", 5000, 0.08, 114.36, 36.10],
    ]
    return one_sheet(rows, "A1:F1", "A2:A3", "B2:B3", "C2:D2", "E2:F2")


@nasty("start_and_end.xlsx")
def start_and_end() -> bytes:
    rows = [
        ["项目编号", "项目名称", "起点", "", "终点", ""],
        ["", "", "经度", "纬度", "经度", "纬度"],
        ["P1", "滨河步道", 114.35, 36.09, 114.36, 36.10],
    ]
    return one_sheet(rows, "A1:A2", "B1:B2", "C1:D1", "E1:F1")


# --- units ----------------------------------------------------------------------------------


@nasty("units_below.xlsx")
def units_below() -> bytes:
    titles = ["项目编号", "项目名称", "投资额", "经度", "纬度"]
    return one_sheet([titles, ["", "", "（万元）", "（度）", "（度）"], *PROJECTS])


@nasty("units_line_above.xlsx")
def units_line_above() -> bytes:
    titles = ["项目编号", "项目名称", "投资额", "经度", "纬度"]
    return one_sheet([["重点项目表"], ["", "", "", "", "单位：万元、个"], titles, *PROJECTS])


@nasty("units_contradict.xlsx")
def units_contradict() -> bytes:
    titles = ["项目编号", "项目名称", "投资额（亿元）", "经度", "纬度"]
    return one_sheet([titles, ["", "", "万元", "", ""], *PROJECTS])


# --- merged cells, sums, sections, signatures ------------------------------------------------


@nasty("merged_cells.xlsx")
def merged_cells() -> bytes:
    rows = [
        [*TITLES, "片区"],
        [*PROJECTS[0], "东部"],
        [*PROJECTS[1][:2], "", *PROJECTS[1][3:], ""],
        [*PROJECTS[2], ""],
    ]
    return one_sheet(rows, "C2:C3", "F2:F3")


@nasty("total_right.xlsx")
def total_right() -> bytes:
    return one_sheet([TITLES, *PROJECTS, ["合 计", "", 5000, "", ""]], "A5:B5")


@nasty("total_wrong.xlsx")
def total_wrong() -> bytes:
    return one_sheet([TITLES, *PROJECTS, ["合计（4项）", "", 5300, "", ""]])


@nasty("sections.xlsx")
def sections() -> bytes:
    rows = [
        ["序号", *TITLES[1:]],
        ["一", "文旅类（1个）", 1200, "", ""], [1, *PROJECTS[0][1:]], ["", "小计", 1200, "", ""],
        ["二、基础设施与产业"],
        [2, *PROJECTS[1][1:]], [3, *PROJECTS[2][1:]], ["", "基础产业小计", 3900, "", ""],
        ["", "总计", 5000, "", ""],
    ]  # fmt: skip
    return one_sheet(rows, "A5:E5")


@nasty("signatures.xlsx")
def signatures() -> bytes:
    rows = [
        [],
        ["制表人：", "张三", "审核人：", "李四", "2026年1月5日"],
        ["注1：投资额为估算。"],
        ["填报日期：2026-01-05"],
    ]
    return one_sheet([TITLES, *PROJECTS, *rows])


# --- what is hidden -------------------------------------------------------------------------


@nasty("hidden_rows.xlsx")
def hidden_rows() -> bytes:
    book = Book()
    sheet = book.sheet([TITLES, *PROJECTS])
    sheet.set_row(2, None, None, {"hidden": True})
    sheet.set_column("C:C", None, None, {"hidden": True})
    return book.content()


@nasty("hidden_sheet.xlsx")
def hidden_sheet() -> bytes:
    book = Book()
    book.sheet([TITLES, *PROJECTS, PROJECTS[0]], "旧表").hide()
    book.sheet([["只是封面"]], "封面").activate()
    book.sheet([TITLES, *PROJECTS], "项目").set_first_sheet()
    return book.content()


@nasty("several_sheets.xlsx")
def several_sheets() -> bytes:
    book = Book()
    book.sheet([TITLES, *PROJECTS[:2]], "文峰区")
    book.sheet([TITLES, *PROJECTS[2:]], "北关区")
    book.sheet([["说明"]], "说明")
    return book.content()


# --- values ---------------------------------------------------------------------------------


@nasty("dates.xlsx")
def dates() -> bytes:
    book = Book()
    rows = [
        [*TITLES[:2], *TITLES[3:], "开工日期", "竣工时间", "年度"],
        ["P1", "文峰文化馆", 114.35, 36.09, 46082, "2027年3月", 2026],
        ["P2", "漳河水厂", 114.36, 36.10, "", "待定", "2025-2027"],
        ["P3", "高新产业园", 114.37, 36.11, "46083", 46447, "二〇二六"],
    ]
    sheet = book.sheet(rows)
    shown = book.book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_datetime("E3", dt.datetime(2026, 3, 2), shown)
    return book.content()


@nasty("dates_of_1904.xlsx")
def dates_of_1904() -> bytes:
    book = Book(date_1904=True)
    book.sheet([[*TITLES, "开工日期"], [*PROJECTS[0], 44620]])
    return book.content()


@nasty("formulas.xlsx")
def formulas() -> bytes:
    book = Book()
    sheet = book.sheet([TITLES, *PROJECTS])
    sheet.write_formula("C2", "=600*2", None, 1200)
    sheet.write_formula("B3", '="漳河"&"水厂"', None, "漳河水厂")
    sheet.write_formula("A4", '=""', None, "")
    saved = b'<calcPr calcId="124519" fullCalcOnLoad="1"/>'
    data = edited(book.content(), "xl/workbook.xml", saved, b'<calcPr calcId="191029"/>')
    return edited(data, "xl/worksheets/sheet1.xml", b'<c r="A4">', b'<c r="A4" t="str">')


@nasty("formulas_never_calculated.xlsx")
def formulas_never_calculated() -> bytes:
    book = Book()
    sheet = book.sheet([TITLES, *PROJECTS])
    sheet.write_formula("C2", "=600*2")  # xlsxwriter puts a 0 where the result belongs
    for cell in ("A5", "B5", "C5", "D5", "E5"):
        sheet.write_formula(cell, "=Sheet2!A1")
    return book.content()


@nasty("formula_errors.xlsx")
def formula_errors() -> bytes:
    book = Book()
    sheet = book.sheet([TITLES, *PROJECTS])
    sheet.write_formula("C2", "=1/0", None, "#DIV/0!")
    sheet.write_formula("D3", "=VLOOKUP(B3,Z:Z,1,0)", None, "#N/A")
    return book.content()


@nasty("text_numbers.xlsx")
def text_numbers() -> bytes:
    rows = [
        ["0001", "文峰文化馆", "1,200", "114.35", "36.09"],
        ["0002", "漳河水厂", "８００", "１１４．３６", "36.10°"],
        ["0003", "高新产业园", "0.3亿元", "114°22′12″", "北纬36°6′36″"],
        ["0004", "老城广场", "约500", "114.38", "36.12"],
    ]
    return one_sheet([TITLES, *rows])


# --- under a wrong name, or damaged -----------------------------------------------------------


@nasty("workbook_named.csv")
def workbook_named_csv() -> bytes:
    return plain()


@nasty("cut.xlsx")
def cut() -> bytes:
    return plain()[:4000]


@nasty("bomb.xlsx")
def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("xl/worksheets/sheet1.xml"), b" " * 25_000_000,
                         zipfile.ZIP_DEFLATED)  # fmt: skip
    return out.getvalue()


@nasty("far_cell.xlsx")
def far_cell() -> bytes:
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return edited(plain(), "xl/worksheets/sheet1.xml", b"</sheetData>", far)


@nasty("entities.xlsx")
def entities() -> bytes:
    doctype = b'?>\n<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    return edited(plain(), "xl/worksheets/sheet1.xml", b"?>", doctype)


@nasty("repeated_cells.ods")
def repeated_cells() -> bytes:
    names = "urn:oasis:names:tc:opendocument:xmlns:"
    table = (
        f'<office:document-content xmlns:office="{names}office:1.0"'
        f' xmlns:table="{names}table:1.0" xmlns:text="{names}text:1.0">'
        '<office:body><office:spreadsheet><table:table table:name="a">'
        '<table:table-row table:number-rows-repeated="1048576">'
        '<table:table-cell office:value-type="float" office:value="1"'
        ' table:number-columns-repeated="16384"/></table:table-row>'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        kind = "application/vnd.oasis.opendocument.spreadsheet"
        archive.writestr(zipfile.ZipInfo("mimetype"), kind)
        archive.writestr(zipfile.ZipInfo("content.xml"), table)
    return out.getvalue()


@nasty("claimed_strings.xlsx")
def claimed_strings() -> bytes:
    part = "xl/sharedStrings.xml"
    return edited(plain(), part, b'uniqueCount="11"', b'uniqueCount="99999999999"')


@nasty("strange_encoding.xlsx")
def strange_encoding() -> bytes:
    return edited(plain(), "xl/_rels/workbook.xml.rels", b"UTF-8", b"UTF-9")
