"""The siting report in Word, PDF, HTML and Excel: the same numbers, whole files, hostile names."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gisplan.errors import MissingExtra, OutputError
from gisplan.fonts import spelled
from gisplan.io.documents import docx_bytes, page_text, pdf_bytes, write_document
from gisplan.io.documents.blocks import Card, Document, Figure, Paragraph, led, plain
from gisplan.plotting import PAPERS
from gisplan.terms import OUTCOMES
from tests.conftest import OfflinePage
from tests.report_world import (
    docx_grids,
    everything,
    grids,
    island,
    read_page,
    sample,
)
from tests.worlds import projects, world

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"

HOSTILE = (
    "{{7*7}}{% if %}", "<script>window.hit=1</script>", "<img src=x onerror=alert(1)>",
    "#typst $x$ *b* @ref `raw` \\ [c]", "=cmd|' /C calc'!A0", "很长的名称" * 60, "😀 项目",
    "מקום", "控\x07制\x1b[31m字\ufffe符", "]]><w:t>x</w:t>&amp;",
    "</script></iframe>", "{name}", "a\u202eb",
)  # fmt: skip


@pytest.fixture(scope="module")
def zh() -> Document:
    return sample("zh")


@pytest.fixture(scope="module")
def word(zh: Document) -> bytes:
    return docx_bytes(zh)


@pytest.fixture(scope="module")
def page(zh: Document) -> str:
    return page_text(zh)


@pytest.fixture(scope="module")
def hostile() -> Document:
    listed = projects(*[(2000 + k, 2000) for k in range(len(HOSTILE))])
    listed["name"] = list(HOSTILE)
    listed["note"] = list(HOSTILE)
    return world().report(listed, language="zh")


def body(content: bytes) -> Any:
    return etree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("word/document.xml"))


def shown(paragraph: Any) -> str:
    return "".join(one.text or "" for one in paragraph.iter(f"{W}t"))


def style(paragraph: Any) -> str:
    found = paragraph.find(f"{W}pPr/{W}pStyle")
    return "" if found is None else found.get(f"{W}val")


def pdf_words(content: bytes, tmp_path: Path) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    (tmp_path / "r.pdf").write_bytes(content)
    done = subprocess.run(
        ["pdftotext", "-raw", str(tmp_path / "r.pdf"), "-"], capture_output=True, check=True
    )
    return done.stdout.decode()


# ------------------------------------------------------------------ the same numbers


def test_word_and_page_hold_every_table_of_the_document(zh: Document, word: bytes, page: str):
    wanted = grids(zh)
    assert docx_grids(word) == wanted
    assert read_page(page).grids == wanted


def test_the_pdf_holds_every_number_of_the_document(zh: Document, tmp_path: Path):
    text = pdf_words(pdf_bytes(zh), tmp_path)
    packed = re.sub(r"\s", "", text)
    for label, grid in grids(zh).items():
        assert label in text
        for row in grid:
            for cell in row:
                assert all(part in packed for part in re.split(r"\s", spelled(cell))), cell


def test_the_map_in_the_page_counts_the_same_outcomes(zh: Document, page: str):
    data = island(page)
    held = data["projects"]["columns"]["outcome"]
    codes = [held["of"][at] for at in held["at"]] if isinstance(held, dict) else held
    told = {row[0]: int(row[1]) for row in grids(zh)["表 3"][1:-1]}
    from gisplan.labels import Labels

    labels = Labels("zh")
    assert codes, sorted(data)
    assert told == {labels(f"outcome.{one}"): codes.count(one) for one in OUTCOMES if one in codes}


def test_the_workbook_holds_the_same_numbers(tmp_path: Path):
    import openpyxl

    from gisplan.io.projects import intake
    from gisplan.labels import Labels
    from gisplan.outputs import save_report
    from gisplan.outputs.report import material
    from gisplan.plan import example_folder, open_plan
    from gisplan.report import report
    from gisplan.results import Run, checked

    plan, file = open_plan(), example_folder() / "projects.csv"
    read, labels = intake(file), Labels("zh")
    result, run = checked(plan, file, read), Run.of(plan, file, read, None)
    # Places are compared in test_report_ground: to find them takes seconds.
    save_report(tmp_path / "r.xlsx", result, run, labels, sites="none")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    told = grids(report(material(result, run, labels), cards="none", sites="none"))
    sheets = {name: [list(row) for row in book[name].values] for name in book.sheetnames}
    by_zone = {row[0]: row[1] for row in sheets["按片区"][1:]}
    from_text = {row[0]: int(row[1]) for row in told["表 4"][1:-1]}
    assert {name: n for name, n in by_zone.items() if name in from_text} == from_text
    assert [row[0] for row in sheets["存疑结论"][1:]] == [row[0] for row in told["表 8"][1:]]
    assert [row[6] for row in sheets["存疑结论"][1:]] == [row[-1] for row in told["表 8"][1:]]
    verdicts = sheets["结论"]
    at = verdicts[0].index("结论")
    assert [row[at] for row in verdicts[1:]] == [row[2] for row in told["表 6"][1:]]


# ------------------------------------------------------------------ Word


def test_headings_captions_and_text_have_real_styles(zh: Document, word: bytes):
    import docx

    read = docx.Document(io.BytesIO(word))
    levels = {1: "Heading 1", 2: "Heading 2", 3: "Heading 3"}
    told = [(p.style.name, p.text) for p in read.paragraphs if p.style.name.startswith("Heading")]
    assert told == [(levels[one.level], one.whole) for one in zh.headings]
    fonts = read.styles.element.xpath("//w:style/w:rPr/w:rFonts/@w:eastAsia")
    assert {"方正小标宋简体", "黑体", "楷体", "仿宋"} <= set(fonts)
    assert all(one.style.name == "Gisplan Table" for one in read.tables if len(one.columns) > 2)


def test_contents_are_filled_in_and_match_the_headings(zh: Document, word: bytes):
    root = body(word)
    entries = [shown(p) for p in root.iter(f"{W}p") if style(p) in ("TOC1", "TOC2")]
    assert entries == [one.whole for one in zh.headings if one.level <= 2]
    marks = {one.get(f"{W}name") for one in root.iter(f"{W}bookmarkStart")}
    links = [one.get(f"{W}anchor") for one in root.iter(f"{W}hyperlink")]
    assert len(entries) <= len(links)
    assert set(links) <= marks
    settings = zipfile.ZipFile(io.BytesIO(word)).read("word/settings.xml")
    assert b"updateFields" not in settings  # Word would ask before it opens


def test_captions_count_and_references_read_what_they_point_at(zh: Document, word: bytes):
    root = body(word)
    captions = [shown(p) for p in root.iter(f"{W}p") if style(p) == "Caption"]
    for kind in ("表", "图"):
        numbers = [int(one.split("　")[0].split()[1]) for one in captions if one.startswith(kind)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert numbers
    marked = bookmarks(root)
    fields = re.findall(
        r'instrText[^>]*> REF (\S+) \\h </w:instrText>.*?"separate"/></w:r><w:r>'
        r"<w:t[^>]*>([^<]*)<",
        etree.tostring(root, encoding="unicode"),
    )
    assert fields
    assert all(marked[name] == text for name, text in fields)


def bookmarks(root: Any) -> dict[str, str]:
    """Text inside each bookmark, by its name; names and numbers are unique."""
    texts: dict[str, str] = {}
    for start in root.iter(f"{W}bookmarkStart"):
        name, number = start.get(f"{W}name"), start.get(f"{W}id")
        assert name not in texts
        assert len(name) <= 40
        held = []
        for after in start.itersiblings():
            if after.tag == f"{W}bookmarkEnd" and after.get(f"{W}id") == number:
                break
            held += [one.text or "" for one in after.iter(f"{W}t")]
        texts[name] = "".join(held)
    return texts


def test_a_sentence_that_announces_a_table_stays_with_it(zh: Document, word: bytes):
    whole = list(body(word).iter(f"{W}p"))
    leading = [block for block, leads in led(zh.blocks) if leads]
    assert len(leading) >= 8
    for block in leading:
        text = plain(block.parts, zh.names)
        (one,) = [p for p in whole if shown(p) == text]
        assert one.find(f"{W}pPr/{W}keepNext") is not None, text


def test_a_chapter_and_its_table_are_on_one_page_of_the_pdf(tmp_path: Path):
    # Without it, the sentence that announces the table by corridor ends a page of this report.
    document = world().report(projects(None, None), language="en")
    pages = pdf_words(pdf_bytes(document), tmp_path).split("\f")
    for block, leads in led(document.blocks):
        if leads and isinstance(block, Paragraph) and block.style == "body":
            text = re.sub(r"\s", "", plain(block.parts, document.names))
            (at,) = [k for k, page in enumerate(pages) if text in re.sub(r"\s", "", page)]
            last = re.sub(r"\s", "", pages[at]).rpartition(text)[2]
            assert len(last) > 12, text  # more than the number of the page


def test_rows_do_not_split_and_headers_repeat(word: bytes):
    for table in body(word).iter(f"{W}tbl"):
        rows = table.findall(f"{W}tr")
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
        if table.find(f"{W}tblPr/{W}tblStyle").get(f"{W}val") == "GisplanTable":
            assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
            widths = table.findall(f"{W}tblGrid/{W}gridCol")
            assert all(len(row.findall(f"{W}tc")) == len(widths) for row in rows)


def test_pages_are_those_of_official_documents(word: bytes):
    sections = list(body(word).iter(f"{W}sectPr"))
    sizes = [
        (
            round(int(one.find(f"{W}pgSz").get(f"{W}w")) / 56.69),
            one.find(f"{W}pgSz").get(f"{W}orient"),
        )
        for one in sections
    ]
    assert sizes[0] == (210, None)
    assert (297, "landscape") in sizes
    margin = sections[0].find(f"{W}pgMar")
    sides = {side: round(int(margin.get(f"{W}{side}")) / 56.69) for side in
             ("top", "right", "bottom", "left")}  # fmt: skip
    assert sides == {"top": 37, "right": 26, "bottom": 35, "left": 28}
    assert sum(one.find(f"{W}titlePg") is not None for one in sections) == 1
    footer = zipfile.ZipFile(io.BytesIO(word)).read("word/footer1.xml").decode()
    assert " PAGE " in footer


def test_properties_say_what_when_and_by_what(word: bytes):
    import docx

    about = docx.Document(io.BytesIO(word)).core_properties
    assert about.title == "方格区项目选址核查报告"
    assert (about.created.year, about.created.month, about.created.day) == (2026, 3, 4)
    assert about.author == "gisplan 9.9"
    assert about.language == "zh-CN"


def test_each_picture_has_its_alternative(zh: Document, word: bytes):
    drawn = [one.alt for one in zh.walk() if isinstance(one, Figure)]
    found = re.findall(r'<wp:docPr id="(\d+)" name="[^"]*" descr="([^"]*)"',
                       etree.tostring(body(word), encoding="unicode"))  # fmt: skip
    assert [alt for _, alt in found] == drawn
    assert len({number for number, _ in found}) == len(found)


def test_maps_stand_at_the_size_at_which_they_were_drawn(zh: Document, word: bytes, page: str):
    # A scale of 1:N is true on the page where a picture of so many millimetres is set so wide.
    drawn = [one for one in zh.walk() if isinstance(one, Figure)]
    assert (drawn[0].width, drawn[0].height) == PAPERS["plate"] == (225.0, 138.0)
    for one in drawn:
        pixels = struct.unpack(">II", one.picture[16:24])
        assert [side / 200 * 25.4 for side in pixels] == pytest.approx(
            [one.width, one.height], abs=0.2
        )
    extents = [
        [int(one.get(side)) / 36_000 for side in ("cx", "cy")]
        for one in body(word).iter(f"{DRAWING}extent")
    ]
    assert extents == [pytest.approx([one.width, one.height], abs=0.01) for one in drawn]
    widths = [int(one) / 96 * 25.4 for one in re.findall(r'<img width="(\d+)"', page)]
    assert widths == pytest.approx([one.width for one in drawn], abs=0.15)
    assert "缩印" not in "".join(everything(zh))


def test_the_pdf_sets_the_overview_map_at_its_size(zh: Document, tmp_path: Path):
    if shutil.which("pdfimages") is None:
        pytest.skip("pdfimages is not installed")
    (tmp_path / "r.pdf").write_bytes(pdf_bytes(zh))
    listed = subprocess.run(
        ["pdfimages", "-list", str(tmp_path / "r.pdf")], capture_output=True, text=True, check=True
    ).stdout.splitlines()[2:]
    first = next(row.split() for row in listed if row.split()[2] == "image")
    # Drawn at 200 to the inch, it is printed at 200 to the inch.
    assert [int(first[k]) for k in (12, 13)] == pytest.approx([200, 200], abs=1)


# ------------------------------------------------------------------ same bytes, whole files


def test_the_same_document_is_the_same_bytes(zh: Document, word: bytes, page: str):
    assert docx_bytes(zh) == word
    assert pdf_bytes(zh) == pdf_bytes(zh)
    assert page_text(zh) == page
    dates = {one.date_time[:3] for one in zipfile.ZipFile(io.BytesIO(word)).infolist()}
    assert dates == {(1980, 1, 1)}


def test_a_wrong_suffix_is_refused_before_anything_is_written(zh: Document, tmp_path: Path):
    with pytest.raises(OutputError):
        write_document(tmp_path / "r.odt", zh)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("module", "write"), [("docx", docx_bytes), ("typst", pdf_bytes)])
def test_without_its_library_a_format_names_the_remedy(
    module: str, write: Any, zh: Document, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as told:
        write(zh)
    assert "gisplan[report]" in told.value.word("zh")


def test_the_libraries_are_entered_only_to_write():
    code = (
        "import sys, gisplan.outputs, gisplan.report, gisplan.io.documents;"
        "print([m for m in ('docx', 'lxml', 'typst', 'matplotlib.figure') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_pdf_is_tagged_bookmarked_and_in_our_own_font(zh: Document):
    content = pdf_bytes(zh)
    inside = content + b"".join(_streams(content))
    assert b"/StructTreeRoot" in inside
    assert re.search(rb"/Marked true", inside)
    assert inside.count(b"/Title") > len(zh.headings)  # one for each heading in the outline
    fonts = set(re.findall(rb"/BaseFont\s*/(?:[A-Z]{6}\+)?([\w\-]+)", inside))
    assert fonts
    assert all(one.startswith(b"GisplanSansSC") for one in fonts)


def _streams(content: bytes) -> list[bytes]:
    """The compressed parts of a PDF that hold its objects."""
    held = []
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        try:
            held.append(zlib.decompress(found[1]))
        except zlib.error:
            continue
    return held


# ------------------------------------------------------------------ hostile names


def test_hostile_names_are_text_in_word(hostile: Document):
    import docx

    content = docx_bytes(hostile)
    (projects_table,) = [g for g in docx_grids(content).values() if len(g[0]) == 9]
    told = [row[1] for row in projects_table[1:]]
    assert told[:5] == list(HOSTILE[:5])
    assert told[6] == "😀 项目"
    assert told[9] == "]]><w:t>x</w:t>&amp;"
    assert "\x07" not in "".join(told)
    assert docx.Document(io.BytesIO(content)).paragraphs


def test_hostile_names_are_text_in_the_page(
    hostile: Document, offline_page: OfflinePage, tmp_path: Path
):
    page = page_text(hostile)
    reader = read_page(page)
    whole = "".join(reader.text)
    assert all(name in whole for name in HOSTILE[:5])
    assert "img" in reader.tags  # the figures
    assert "script" not in reader.tags
    assert not {name for name in reader.attributes if name.startswith("on")}
    file = tmp_path / "r.html"
    file.write_text(page, encoding="utf-8")
    opened = offline_page.page
    opened.goto(file.as_uri())
    opened.wait_for_timeout(500)
    assert opened.evaluate("window.hit") is None
    assert offline_page.faults == []
    assert offline_page.requests == []
    inner = opened.frames[1]
    assert inner.evaluate("window.hit") is None
    assert inner.locator(".gp-panel").count() == 1
    assert inner.evaluate("document.querySelectorAll('.gp-panel *').length") > 20


def test_the_page_reads_without_scripts(zh: Document, browser: Any, tmp_path: Path):
    file = tmp_path / "r.html"
    file.write_text(page_text(zh), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    opened = context.new_page()
    opened.goto(file.as_uri())
    text = opened.locator("main").inner_text()
    assert "须办事项" in text
    assert "核查项目 5 项" in text
    opened.locator('nav a[href="#fragile"]').click()
    assert opened.url.endswith("#fragile")
    context.close()


def test_the_frame_of_the_map_has_no_origin_of_its_own(page: str):
    assert 'sandbox="allow-scripts allow-downloads"' in page
    assert re.search(r"default-src &#x27;none&#x27;; script-src &#x27;nonce-", page)
    assert not re.search(r"(?:src|href)\s*=\s*[\"']?(?:https?:)?//", page)


def test_hostile_names_are_text_in_the_pdf_and_no_glyph_is_a_box(hostile: Document, tmp_path: Path):
    text = re.sub(r"\s", "", pdf_words(pdf_bytes(hostile), tmp_path))
    for name in HOSTILE[:5]:
        assert re.sub(r"\s", "", name) in text
    assert "[U+1F600]" in text
    assert "49{%" not in text


def test_hostile_names_are_text_in_the_workbook(tmp_path: Path):
    import csv

    import openpyxl

    with (tmp_path / "list.csv").open("w", encoding="utf-8-sig", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["项目编号", "项目名称", "经度", "纬度"])
        rows.writerows([f"H{k}", name, 114.35, 36.09] for k, name in enumerate(HOSTILE[:6]))
    assert run("report", tmp_path / "list.csv", "-o", tmp_path / "r.xlsx", "-q").returncode == 0
    for sheet in openpyxl.load_workbook(tmp_path / "r.xlsx"):
        assert all(cell.data_type != "f" for row in sheet for cell in row)


# ------------------------------------------------------------------ the command


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "gisplan", *map(str, words)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_the_command_writes_one_file_and_says_so(tmp_path: Path):
    (tmp_path / "l.csv").write_text("项目编号,项目名称\nA1,虚构项目\n", encoding="utf-8")
    done = run("report", tmp_path / "l.csv", "-o", tmp_path / "r.docx", "--cards", "none")
    assert (done.returncode, done.stdout) == (0, "")
    assert "r.docx" in done.stderr
    assert sorted(one.name for one in tmp_path.iterdir()) == ["l.csv", "r.docx"]


def test_a_format_it_does_not_write_ends_with_2(tmp_path: Path):
    (tmp_path / "l.csv").write_text("项目编号,项目名称\nA1,虚构项目\n", encoding="utf-8")
    done = run("report", tmp_path / "l.csv", "-o", tmp_path / "r.odt")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["l.csv"]


# ------------------------------------------------------------------ LibreOffice


def writer() -> bool:
    program = shutil.which("soffice")
    return program is not None and bool(list(Path(program).resolve().parent.glob("libswlo.*")))


@pytest.mark.skipif(not writer(), reason="LibreOffice Writer is not installed")
def test_libreoffice_opens_the_word_file_and_prints_it(zh: Document, word: bytes, tmp_path: Path):
    (tmp_path / "r.docx").write_bytes(word)
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'lo').as_uri()}",
         "--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "r.docx")],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    text = pdf_words((tmp_path / "r.pdf").read_bytes(), tmp_path)
    packed = re.sub(r"\s", "", text)
    for label, grid in grids(zh).items():
        assert re.sub(r"\s", "", label) in packed
        for row in grid:
            assert all(re.sub(r"\s", "", cell) in packed for cell in row), row
    first, second = text.split("\f")[:2]
    assert "须办事项" in first
    assert "核查项目 5 项" in re.sub(r"\s+", " ", first)
    assert all(one.text in second for one in zh.headings if one.level == 1)
    cards = [one for one in zh.walk() if isinstance(one, Card)]
    assert len(cards) == 5


def test_everything_of_a_document_reaches_the_word_file(zh: Document, word: bytes):
    whole = "".join(shown(p) for p in body(word).iter(f"{W}p"))
    for text in everything(zh):
        assert text.strip() in whole or text in HOSTILE or _alt(text, zh), text


def _alt(text: str, document: Document) -> bool:
    return any(isinstance(one, Figure) and one.alt == text for one in document.walk())


def test_the_digest_told_is_that_of_the_file(tmp_path: Path):
    file = tmp_path / "l.csv"
    file.write_text("项目编号,项目名称\nA1,虚构项目\n", encoding="utf-8")
    assert run("report", file, "-o", tmp_path / "r.html", "--cards", "none", "-q").returncode == 0
    page = read_page((tmp_path / "r.html").read_text("utf-8"))
    assert hashlib.sha256(file.read_bytes()).hexdigest() in "".join(page.text)
