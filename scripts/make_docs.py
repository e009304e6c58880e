"""Write the pages of docs/ that follow from data: today the issue codes.

python scripts/make_docs.py          write them
python scripts/make_docs.py --check  exit with 1 where a page is out of date
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from gisplan.labels import Labels

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "issue-codes.md"


def issue_codes() -> str:
    """Tabulate every intake issue with its level, message and remedy in both languages."""
    data = tomllib.loads((ROOT / "gisplan" / "data" / "issues.toml").read_text("utf-8"))
    zh, en = Labels("zh"), Labels("en")
    lines = [
        "# 录入问题代码 · Intake issue codes",
        "",
        "由 `scripts/make_docs.py` 据 `gisplan/data/issues.toml` 与词表生成，请勿手改。",
        "Generated from the data by `scripts/make_docs.py`; a code is never reused.",
        "",
        "| 代码 Code | 级别 Level | 说明与处理 | Message and remedy |",
        "|---|---|---|---|",
    ]
    for code, level in data["level"].items():
        told = [
            f"{labels(f'issue.{code}.message')}。{labels(f'issue.{code}.remedy')}"
            if labels.language == "zh"
            else f"{labels(f'issue.{code}.message')}; {labels(f'issue.{code}.remedy')}"
            for labels in (zh, en)
        ]
        cells = " | ".join(text.replace("|", "\\|") for text in told)
        lines.append(f"| `{code}` | {zh(f'level.{level}')} {level} | {cells} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the pages, or tell whether they are up to date."""
    if "--check" in sys.argv:
        return int(PAGE.read_text("utf-8") != issue_codes())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(issue_codes(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
