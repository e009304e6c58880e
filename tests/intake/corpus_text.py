"""Delimited text and web pages: encodings, delimiters, quotes, and names that lie."""

from __future__ import annotations

from tests.intake.make_corpus import nasty

TABLE = (
    "项目编号,项目名称,投资额（万元）,经度,纬度\n"
    "P1,文峰文化馆,1200,114.35,36.09\n"
    "P2,漳河水厂,800,114.36,36.10\n"
    "P3,高新产业园,3000,114.37,36.11\n"
)

# --- encodings ------------------------------------------------------------------------------


@nasty("utf8_mark.csv")
def utf8_mark() -> bytes:
    return TABLE.encode("utf-8-sig")


@nasty("gbk.csv")
def gbk() -> bytes:
    return TABLE.encode("gbk")


@nasty("gb18030_beyond_gbk.csv")
def gb18030_beyond_gbk() -> bytes:
    return TABLE.replace("漳河", "㐂𠮷").encode("gb18030")


@nasty("utf16_mark.csv")
def utf16_mark() -> bytes:
    return b"\xff\xfe" + TABLE.replace(",", "\t").encode("utf-16-le")


@nasty("utf16_big_without_mark.csv")
def utf16_big_without_mark() -> bytes:
    return TABLE.encode("utf-16-be")


@nasty("broken_utf8.csv")
def broken_utf8() -> bytes:
    data = TABLE.encode()
    place = data.index("漳".encode())
    return data[:place] + data[place + 1 :]


@nasty("broken_gbk.csv")
def broken_gbk() -> bytes:
    return TABLE.encode("gbk").replace("高新".encode("gbk"), b"\xff\xff")


@nasty("latin1.csv")
def latin1() -> bytes:
    return "name,lon,lat\nCafé,114.35,36.09\n".encode("latin-1")


@nasty("nul.csv")
def nul() -> bytes:
    return TABLE.encode() + b"\0" * 512


# --- delimiters, quotes, line ends ------------------------------------------------------------


@nasty("semicolon.csv")
def semicolon() -> str:
    return TABLE.replace(",", ";")


@nasty("tab.txt")
def tab() -> str:
    return TABLE.replace(",", "\t")


@nasty("full_width_comma.csv")
def full_width_comma() -> str:
    return TABLE.replace(",", "，")


@nasty("sep_line.csv")
def sep_line() -> str:
    return "sep=;\r\n" + TABLE.replace(",", ";").replace("\n", "\r\n")


@nasty("old_mac_lines.csv")
def old_mac_lines() -> str:
    return TABLE.replace("\n", "\r")


@nasty("quoted_newlines.csv")
def quoted_newlines() -> str:
    return TABLE.replace("项目名称", '"项目\n名称"').replace("漳河水厂", '"漳河\n水厂, ""二期"""')


@nasty("blank_lines.csv")
def blank_lines() -> str:
    lines = TABLE.splitlines()
    return "\n".join(["", ",,,,", *lines[:2], "", ",,,,", *lines[2:], "", ""])


@nasty("shifted_row.csv")
def shifted_row() -> str:
    return TABLE.replace("P3,高新产业园,3000", "P3,高新产业园,3,000")


@nasty("unclosed_quote.csv")
def unclosed_quote() -> str:
    return TABLE.replace("漳河水厂", '"漳河水厂')


@nasty("wide.csv")
def wide() -> str:
    titles, *rows = TABLE.splitlines()
    more = range(20_000)
    lines = [",".join([titles, *(f"指标{number}" for number in more)])]
    lines += [",".join([row, *map(str, more)]) for row in rows]
    return "\n".join(lines)


# --- headers, sums, names ---------------------------------------------------------------------


@nasty("two_row_header.csv")
def two_row_header() -> str:
    return (
        "编号,项目名称,投资（万元）,,坐标,\n"
        ",,总投资,已完成,经度,纬度\n"
        "P1,文峰文化馆,1200,600,114.35,36.09\n"
        "P2,漳河水厂,800,0,114.36,36.10\n"
    )


@nasty("repeated_header.csv")
def repeated_header() -> str:
    titles, *rows = TABLE.splitlines()
    return "\n".join([titles, *rows[:2], titles, *rows[2:]])


@nasty("second_table.csv")
def second_table() -> str:
    return TABLE + "\n序号,项目名称,建设地点,经度,纬度\n1,老城广场,文峰区,114.34,36.08\n"


@nasty("total_on_top.csv")
def total_on_top() -> str:
    titles, *rows = TABLE.splitlines()
    return "\n".join([titles, "合计3项,,5000,,", *rows])


@nasty("total_in_other_units.csv")
def total_in_other_units() -> str:
    return TABLE + "合计,,0.5亿元,,\n"


@nasty("money.csv")
def money() -> str:
    cells = [
        "1.2亿元", "5000万", '"1,200"', "３００万元", "约500", "3-5", "100万美元", "面议", "",
    ]  # fmt: skip
    rows = [f"P{n},项目甲{n}号,{cell},114.35,36.09" for n, cell in enumerate(cells)]
    return "\n".join([TABLE.splitlines()[0], *rows])


@nasty("money_without_unit.csv")
def money_without_unit() -> str:
    return TABLE.replace("（万元）", "")


@nasty("full_width.csv")
def full_width() -> str:
    return (
        "项目编号,项目名称,投资额(万元),经度,纬度\n"
        "Ｐ１,文峰文化馆,１，２００,１１４．３５°,３６．０９\n"
        "Ｐ２,漳河水厂,８００　,１１４°２１′３６″,北纬３６度６分\n"
    )


@nasty("same_codes.csv")
def same_codes() -> str:
    codes = ["AY-001", " ay－001 ", "ＡＹ—００１", "AY 001", "AY-0010"]
    names = ["文化馆", "水厂", "产业园", "广场", "学校"]
    rows = [f"{code},{name},1,114.35,36.09" for code, name in zip(codes, names, strict=True)]
    return "\n".join([TABLE.splitlines()[0], *rows])


@nasty("near_names.csv")
def near_names() -> str:
    names = [
        "安阳文体中心", "安阳文体中心项目", "安阳文体中心（一期）", "安阳 文体中心 一期",
        "安阳文体中心二期", "东区小学", "西区小学",
    ]  # fmt: skip
    rows = [f"P{n},{name},1,114.35,36.09" for n, name in enumerate(names)]
    return "\n".join([TABLE.splitlines()[0], *rows])


@nasty("hostile_cells.csv")
def hostile_cells() -> str:
    cells = [
        "=HYPERLINK(1)", "+1+1", "-1-1", "@SUM(A1)", "<script>alert(1)</script>",
        "{{cycler}}", "${x}", "../../x",
    ]  # fmt: skip
    rows = [f"P{n},{cell},1,114.35,36.09" for n, cell in enumerate(cells)]
    return "\n".join([TABLE.splitlines()[0], *rows])


# --- nothing in it ----------------------------------------------------------------------------


@nasty("empty.csv")
def empty() -> bytes:
    return b""


@nasty("header_only.csv")
def header_only() -> str:
    return TABLE.splitlines()[0]


@nasty("no_header.csv")
def no_header() -> str:
    return "\n".join(TABLE.splitlines()[1:])


@nasty("misspelt_header.csv")
def misspelt_header() -> str:
    return TABLE.replace("项目编号,项目名称", "标识,项目明称")


# --- under a wrong name -----------------------------------------------------------------------


@nasty("text_named.xlsx")
def text_named_xlsx() -> bytes:
    return TABLE.encode("gbk")


@nasty("tab_named.xls")
def tab_named_xls() -> bytes:
    return TABLE.replace(",", "\t").encode("gb18030")


@nasty("webpage_named.xls")
def webpage_named_xls() -> bytes:
    cells = [line.split(",") for line in TABLE.splitlines()]
    rows = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells)
    return (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><style>td{x:y}</style></head>'
        f"<body><table><tr><td colspan=5>重点项目表&nbsp;</td></tr>{rows}</table></body></html>"
    ).encode("gbk")


@nasty("webpage_with_spans.xls")
def webpage_with_spans() -> str:
    return (
        "<table><tr><th rowspan=2>编号<th rowspan=2>项目名称<th rowspan=2>片区"
        "<th colspan=2>坐标</tr><tr><th>经度<th>纬度"
        "<tr><td>P1<td>文峰<br>文化馆<td rowspan=2>东部<td>114.35<td>36.09"
        "<tr><td>P2<td>漳河&amp;水厂<td>114.36<td>36.10</table><script>alert(1)</script>"
    )


@nasty("webpage_without_table.xls")
def webpage_without_table() -> str:
    return "<!DOCTYPE html><html><body>登录超时，请重新登录</body></html>"
