"""Write the corpus of nasty files: python -m tests.intake.make_corpus FOLDER.

Each file is made by a function of a module corpus_*.py beside this one, under the name in
``@nasty("name")``; files that no script can make lie in ``files``. What is expected of each
stands in expected.toml. A new module corpus_*.py is found by its name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
Maker = Callable[[], "bytes | str"]
MAKERS: dict[str, Maker] = {}


def nasty(name: str) -> Callable[[Maker], Maker]:
    """Register what makes the file of this name: bytes, or text to be written as UTF-8."""

    def register(maker: Maker) -> Maker:
        assert name not in MAKERS or MAKERS[name].__module__ == maker.__module__, name
        MAKERS[name] = maker
        return maker

    return register


def makers() -> dict[str, Maker]:
    """Return all makers by file name."""
    for module in sorted(HERE.glob("corpus_*.py")):
        import_module(f"tests.intake.{module.stem}")
    return dict(MAKERS)


def content(name: str) -> bytes:
    """Return the bytes of one file of the corpus."""
    kept = HERE / "files" / name
    if kept.exists():
        return kept.read_bytes()
    made = makers()[name]()
    return made.encode("utf-8") if isinstance(made, str) else made


def names() -> list[str]:
    """Return the names of all files, made or kept."""
    kept = [path.name for path in (HERE / "files").iterdir() if path.suffix != ".md"]
    return sorted({*makers(), *kept})


def write_corpus(folder: Path) -> list[Path]:
    """Write all files into a folder; the same bytes each time."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names():
        path = folder / name
        path.write_bytes(content(name))
        written.append(path)
    return written


if __name__ == "__main__":
    # Run as a script this module is __main__; the makers register with its other self.
    for path in import_module("tests.intake.make_corpus").write_corpus(Path(sys.argv[1])):
        sys.stdout.write(f"{path}\n")
