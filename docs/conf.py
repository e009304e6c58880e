"""How the documentation is built, once in Chinese and, with ``-t en``, once in English.

    python3 dev.py docs        writes build/site/zh and build/site/en

A page holds both languages: Chinese, a rule (``---`` alone on its line), English. A build keeps
its half, so each site reads as one language and the two have the same addresses. Nothing is
fetched, neither here nor by a reader's browser.
"""

from __future__ import annotations

import re
from gettext import NullTranslations
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.search import SearchLanguage, languages

import gisplan

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ENGLISH = tags.has("en")  # type: ignore[name-defined]  # noqa: F821 - Sphinx gives it

project = "gisplan"
author = "gisplan developers"
copyright = "2026, gisplan developers"  # noqa: A001 - Sphinx's name for it
version = release = gisplan.__version__
language = "en" if ENGLISH else "zh_CN"

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

_FONTS = (
    "system-ui, -apple-system, 'Segoe UI', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', "
    "'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)
html_theme = "furo"
html_title = f"gisplan {version}"
html_theme_options = {"light_css_variables": {"font-stack": _FONTS}}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_extra_path = ["plan.schema.json"]
templates_path = ["_templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html", "sidebar/language.html", "sidebar/search.html",
        "sidebar/scroll-start.html", "sidebar/navigation.html", "sidebar/scroll-end.html",
    ]
}  # fmt: skip
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # would fetch the pages, which a browser refuses for files
html_search_language = "en" if ENGLISH else "han"

_RULE = "\n---\n"
_TITLE = re.compile(r"^(?P<level>#+) (?P<zh>.+?) · (?P<en>.+)$", re.MULTILINE)
_POINTER = re.compile(
    r"^(?:\*\(English below\.?\)\*|\[English below\]\(#in-english\))\s*", re.MULTILINE
)
_ENGLISH_HEADING = re.compile(r"\A\s*## In English\n")
_HAN = "\u3400-\u9fff"
_WIDE = re.compile(f"[{_HAN}\u3000-\u303f\uff00-\uffef“”‘’…—]")


def half(text: str, *, english: bool) -> str:
    """Return one language of a page: its half, of headings the part, both of what has no rule."""
    title = _TITLE.match(text)
    if title is None:
        return text
    body = text[title.end() :]
    if _RULE in body:
        body = body.split(_RULE, 1)[1 if english else 0]
    if _ENGLISH_HEADING.match(body):  # a heading for readers of the source: its parts move up
        body = re.sub(r"^#(#{2,} )", r"\1", _ENGLISH_HEADING.sub("", body), flags=re.MULTILINE)
    name = "en" if english else "zh"
    whole = f"{title[0]}\n\n{_POINTER.sub('', body).strip()}\n"
    return _TITLE.sub(lambda found: f"{found['level']} {found[name]}", whole)


_FURNITURE = {
    "Skip to content": "跳到正文",
    "Back to top": "回到顶部",
    "On this page": "本页内容",
    "Next": "下一页",
    "Previous": "上一页",
    "Home": "首页",
    "Made with": "页面样式：",
    "Copyright &#169; %(copyright)s": "版权所有 &#169; %(copyright)s",
}


class Furniture(NullTranslations):
    """What the theme prints around a page and Sphinx has no Chinese for."""

    def gettext(self, message: str) -> str:
        """Return the Chinese; the templates keep the line breaks around a text."""
        return _FURNITURE.get(message.strip(), message)

    ugettext = gettext


class SearchHan(SearchLanguage):
    """Search in Chinese without a dictionary: every character and every pair of neighbours."""

    lang = "han"
    language_name = "Chinese"
    _marks = r"\s!-\/:-@[-^`{-~\u3000-\u303f\uff00-\uff0f"
    js_splitter_code = (
        "function splitQuery(query) {"
        f" const runs = query.match(/[{_HAN}]+|[^{_HAN}{_marks}]+/g) || [];"
        f" return runs.flatMap((run) => /^[{_HAN}]{{2}}/.test(run)"
        " ? Array.from(run.slice(1), (next, at) => run[at] + next) : [run]); }"
    )
    _runs = re.compile(f"[{_HAN}]+|[^\\W{_HAN}]+")

    def split(self, text: str) -> list[str]:
        """Split a text as the page splits what is asked for."""
        found: list[str] = []
        for run in self._runs.findall(text):
            if not re.match(f"[{_HAN}]", run):
                found.append(run)
                continue
            found += [*run, *(run[at : at + 2] for at in range(len(run) - 1))]
        return found


def _furnish(app: Sphinx) -> None:
    if not ENGLISH:
        app.translator.add_fallback(Furniture())


def _take_half(_app: Sphinx, _name: str, source: list[str]) -> None:
    source[0] = half(source[0], english=ENGLISH)


def _join_lines(_app: Sphinx, doctree: nodes.document) -> None:
    """Take out line breaks between Chinese characters, which browsers show as a space."""
    for text in list(doctree.findall(nodes.Text)):
        if text.astext() != "\n" or isinstance(text.parent, nodes.FixedTextElement):
            continue
        # Texts that say the same are equal, so `index` could find another one.
        at = next(k for k, one in enumerate(text.parent.children) if one is text)
        before, after = text.parent[at - 1 : at], text.parent[at + 1 : at + 2]
        if before and after and _WIDE.match(before[0].astext()[-1:] or " ") and _WIDE.match(
            after[0].astext()[:1] or " "
        ):  # fmt: skip
            del text.parent[at]


def setup(app: Sphinx) -> None:
    """Hang the three steps into the build."""
    languages["han"] = SearchHan
    app.connect("builder-inited", _furnish)
    app.connect("source-read", _take_half)
    app.connect("doctree-read", _join_lines)
