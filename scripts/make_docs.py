"""Write the pages of docs/ that follow from code and data: issue codes, commands, plan file.

python scripts/make_docs.py          write them
python scripts/make_docs.py --check  exit with 1 where a page is out of date, naming it
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gisplan.definition import PlanDefinition
from gisplan.labels import Labels

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
KEYS = tomllib.loads((DOCS / "plan-keys.toml").read_text("utf-8"))
MADE = {
    "zh": "由 `scripts/make_docs.py` 生成，请勿手改。",
    "en": "Written by `scripts/make_docs.py`.",
}


def issue_codes() -> str:
    """Tabulate every intake issue with its level, message and remedy, once per language."""
    data = tomllib.loads((ROOT / "gisplan" / "data" / "issues.toml").read_text("utf-8"))
    zh = _issue_table(data["level"], Labels("zh"), "| 代码 | 级别 | 问题 | 怎么办 |")
    en = _issue_table(data["level"], Labels("en"), "| code | level | issue | remedy |")
    intro = KEYS["intro"]
    return _page(
        "录入问题代码 · Intake issue codes",
        [MADE["zh"], intro["codes_zh"], "", *zh],
        [MADE["en"], intro["codes_en"], "", *en],
    )


def _issue_table(levels: Mapping[str, str], labels: Labels, head: str) -> Iterator[str]:
    yield from (head, "|---|---|---|---|")
    for code, level in levels.items():
        told = (labels(f"issue.{code}.{part}") for part in ("message", "remedy"))
        cells = " | ".join(text.replace("|", "\\|") for text in told)
        yield f"| `{code}` | {labels(f'level.{level}')} | {cells} |"


def commands() -> str:
    """Print the help of every command, in Chinese and in English."""
    halves = []
    for language in ("zh", "en"):
        helps = _helps(language)
        lines = [MADE[language], "", "```text", helps.pop(""), "```", ""]
        for name, told in helps.items():
            lines += [f"## {name}", "", "```text", told, "```", ""]
        halves.append(lines)
    return _page("命令 · Commands", *halves)


def _page(title: str, zh: list[str], en: list[str]) -> str:
    """Put the halves of a page together as `docs/conf.py` takes them apart."""
    return "\n".join([f"# {title}", "", *zh, "", "---", "", *en]).rstrip() + "\n"


def _helps(language: str) -> dict[str, str]:
    """The help texts by command; in a process of their own, since help is worded at import."""
    script = (
        "import sys, json; sys.argv = ['gisplan', '--lang', sys.argv[1]]\n"
        "import gisplan.cli\n"
        "from gisplan.cli.options import gisplan as group\n"
        "found = {}\n"
        "def walk(command, path):\n"
        "    context = command.context_class(command, info_name=' '.join(['gisplan', *path]),\n"
        "        terminal_width=100, max_content_width=100)\n"
        "    found[' '.join(path)] = command.get_help(context)\n"
        "    for name in sorted(getattr(command, 'commands', {})):\n"
        "        walk(command.commands[name], [*path, name])\n"
        "walk(group, [])\n"
        "print(json.dumps(found))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, language], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def schema() -> str:
    """The JSON schema of ``plan.toml``, for editors that complete, explain and check TOML."""
    found = PlanDefinition.model_json_schema()
    found["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    found["title"] = "gisplan plan.toml"
    for name, table in _tables(found):
        table["description"] = "\n".join(_told("table", name))
        for key, told in table["properties"].items():
            told["description"] = "\n".join(_told("key", key, of=name))
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def plan_file() -> str:
    """Tabulate the keys of ``plan.toml``, table by table, once per language."""
    halves = []
    for at, language in enumerate(("zh", "en")):
        found = PlanDefinition.model_json_schema()
        lines = [MADE[language], "", KEYS["intro"][language], ""]
        for name, table in _tables(found):
            lines += [f"## {'plan.toml' if name == 'plan' else name}", ""]
            lines += [_told("table", name)[at], "", _HEADS[language], "|---|---|---|---|"]
            lines += list(_keys(name, _plain(table, found["$defs"]), at, _WORDS[language]))
            lines.append("")
        halves.append(lines)
    return _page("规划文件 · The plan file", *halves)


_HEADS = {"zh": "| 键 | 类型 | 缺省 | 说明 |", "en": "| key | type | default | meaning |"}
_WORDS = {"zh": ("**必填**", "键"), "en": ("**required**", "key")}


def _tables(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "plan", found
    yield from ((name, one) for name, one in sorted(found["$defs"].items()) if "properties" in one)


def _told(kind: str, name: str, *, of: str = "") -> list[str]:
    """What a table or key means, in both languages; a key without words stops the making."""
    words: list[str] = KEYS[kind].get(f"{of}.{name}") or KEYS[kind][name]
    return words


def _plain(node: Any, tables: Mapping[str, Any]) -> Any:
    """Put the words of an enumeration where it is referred to; only tables stay references."""
    if isinstance(node, list):
        return [_plain(one, tables) for one in node]
    if not isinstance(node, dict):
        return node
    meant = tables.get(str(node.get("$ref", "")).rpartition("/")[2])
    if meant is not None and "properties" not in meant:
        return {**_plain(meant, tables), **{k: v for k, v in node.items() if k != "$ref"}}
    return {key: _plain(one, tables) for key, one in node.items()}


def _keys(name: str, table: Mapping[str, Any], at: int, words: tuple[str, str]) -> Iterator[str]:
    required = set(table.get("required", ()))
    for key, told in table["properties"].items():
        default = words[0] if key in required else f"`{json.dumps(told.get('default'))}`"
        if key not in required and "default" not in told:
            default = "—"
        shown = default if len(default) < 60 else "…"
        yield f"| `{key}` | {_type(told, words[1])} | {shown} | {_told('key', key, of=name)[at]} |"


def _type(told: Mapping[str, Any], word: str) -> str:
    """Say what may stand there: a type, a table, one of several words."""
    if "$ref" in told:
        name = str(told["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in told:
        return " / ".join(f"`{one}`" for one in told["enum"])
    if "const" in told:
        return f"`{told['const']}`"
    for kind in ("anyOf", "oneOf", "allOf"):
        if kind in told:
            return " / ".join(dict.fromkeys(_type(one, word) for one in told[kind]))
    if told.get("type") == "array":
        return f"[ {_type(told.get('items', {}), word)} ]"
    if told.get("type") == "object":
        inner = [*told.get("patternProperties", {}).values(), told.get("additionalProperties")]
        return f"{{ {word} = {_type(next((one for one in inner if one), {}), word)} }}"
    return str(told.get("format") or told.get("type") or "any")


PAGES = {
    "issue-codes.md": issue_codes,
    "commands.md": commands,
    "plan-file.md": plan_file,
    "plan.schema.json": schema,
}


def main() -> int:
    """Write the pages, or tell which are out of date."""
    made = {name: make() for name, make in PAGES.items()}
    if "--check" in sys.argv:
        stale = [n for n, text in made.items() if (DOCS / n).read_text("utf-8") != text]
        print("\n".join(stale), end="")
        return int(bool(stale))
    DOCS.mkdir(exist_ok=True)
    for name, text in made.items():
        (DOCS / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
