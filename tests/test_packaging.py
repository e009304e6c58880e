"""What is shipped and installed: locks, environment.yml, wheel and sdist, types, dev.py."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import dev
import gisplan

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
CONDA_EXTRAS = ("report", "raster", "parquet", "notebook")
CONDA_NAMES = {"matplotlib-base": "matplotlib", "typst-py": "typst"}


def pins(lock: Path) -> dict[str, list[tuple[Requirement, int]]]:
    """Return the requirements of a lock with their number of hashes, by name."""
    found: dict[str, list[tuple[Requirement, int]]] = {}
    text = re.sub(r"^#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    for entry in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = entry.split("--hash=")
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", text.strip()) for text in hashes), entry
        parsed = Requirement(requirement.strip())
        found.setdefault(canonicalize_name(parsed.name), []).append((parsed, len(hashes)))
    return found


def specifiers(requirements: list[str]) -> dict[str, str]:
    """Return the version bounds of requirements, by name and in one spelling."""
    parsed = [Requirement(text) for text in requirements]
    return {canonicalize_name(one.name): str(one.specifier) for one in parsed}


def conda_specifiers(text: str) -> dict[str, str]:
    """Return the version bounds of an environment.yml's packages under their PyPI names."""
    lines = re.findall(r"^  - ([^\s:]+)$", text.partition("\ndependencies:\n")[2], re.MULTILINE)
    found = specifiers(lines)
    return {CONDA_NAMES.get(name, name): bounds for name, bounds in found.items()}


def conda_wanted() -> dict[str, str]:
    """Return what environment.yml has to name: Python, pip, the core and what users add."""
    python = {"python": PROJECT["requires-python"], "pip": ""}
    wanted = [one for name in CONDA_EXTRAS for one in EXTRAS[name]]
    return python | specifiers([*PROJECT["dependencies"], *wanted])


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_lock_pins_with_hashes_and_names_no_address(lock: Path) -> None:
    assert "://" not in lock.read_text("utf-8")
    for entries in pins(lock).values():
        for requirement, hashes in entries:
            assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), str(requirement)
            assert hashes, f"{requirement} has no hash"


def test_there_is_a_lock_for_each_install_and_no_other() -> None:
    assert {lock.stem for lock in LOCKS} == set(dev.LOCKS)


def test_dev_lock_holds_the_core_lock_unchanged() -> None:
    core, everything = (pins(ROOT / "requirements" / f"{name}.lock") for name in ("core", "dev"))
    assert len(core) > len(PROJECT["dependencies"])
    for name, entries in core.items():
        assert [str(one) for one, _ in everything[name]] == [str(one) for one, _ in entries]


@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        ("core", PROJECT["dependencies"]),
        ("dev", [*EXTRAS["test"], *EXTRAS["lint"], *EXTRAS["parquet"]]),
    ],
)
def test_lock_answers_pyproject(lock: str, wanted: list[str]) -> None:
    locked = pins(ROOT / "requirements" / f"{lock}.lock")
    for requirement in map(Requirement, wanted):
        for pin, _ in locked[canonicalize_name(requirement.name)]:
            version = str(pin.specifier).removeprefix("==")
            assert requirement.specifier.contains(version), f"{requirement}: run dev.py lock"


def test_environment_agrees_with_pyproject() -> None:
    text = (ROOT / "environment.yml").read_text("utf-8")
    assert conda_specifiers(text) == conda_wanted()
    assert text.endswith("  - pip:\n      - -e .\n")
    assert re.search(r"^channels:\n  - conda-forge\n  - nodefaults\n", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("line", "planted"),
    [
        ("  - pandas>=3.0\n", ""),
        ("  - pandas>=3.0\n", "  - pandas>=2.0\n"),
        ("  - pandas>=3.0\n", "  - pandas\n"),
        ("  - pandas>=3.0\n", "  - pandas>=3.0\n  - numba>=0.60\n"),
        ("  - folium>=0.20,<0.21\n", "  - folium>=0.20\n"),
    ],
)
def test_environment_check_sees_planted_faults(line: str, planted: str) -> None:
    text = (ROOT / "environment.yml").read_text("utf-8")
    assert line in text
    assert conda_specifiers(text.replace(line, planted)) != conda_wanted()


@pytest.mark.parametrize(
    "place", ["dev.py", "Makefile", ".ci/run", ".pre-commit-config.yaml", "environment.yml"]
)
def test_installing_names_no_address(place: str) -> None:
    assert "://" not in (ROOT / place).read_text("utf-8")


def test_hooks_are_local() -> None:
    repositories = re.findall(r"repo: (\S+)", (ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert repositories
    assert set(repositories) == {"local"}


def test_ci_ends_with_the_tests() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert script.splitlines()[-2:] == ["python3 dev.py lint", "python3 dev.py test"]
    assert re.search(r"^set -eu$", script, re.MULTILINE)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as a release would, without network, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (archive,) = folder.glob("*.whl")
    assert archive.name == f"gisplan-{gisplan.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder / "installed")
    return folder / "installed"


def test_wheel_holds_the_package_and_the_layers(wheel: Path) -> None:
    def below(folder: Path) -> set[str]:
        places = {place.relative_to(folder) for place in folder.rglob("*") if place.is_file()}
        return {place.as_posix() for place in places if "__pycache__" not in place.parts}

    shipped = below(wheel / "gisplan")
    layers = below(ROOT / "layers")
    assert {"plan.toml", "zones.geojson", "corridors.geojson", "projects.csv"} <= layers
    assert shipped == below(ROOT / "gisplan") | {f"_layers/{name}" for name in layers}
    assert {"py.typed", "locale/zh/terms.toml", "locale/en/terms.toml"} <= shipped
    assert {place.name.split("-")[0] for place in wheel.iterdir()} == {"gisplan"}


def test_demo_runs_from_the_wheel(wheel: Path, tmp_path: Path) -> None:
    environ = os.environ | {"PYTHONPATH": str(wheel), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "gisplan", "demo", "-o", "out"]
    done = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {"wenfeng.html", "siting.xlsx"} <= {place.name for place in (tmp_path / "out").iterdir()}


def test_wheel_metadata_offers_the_command(wheel: Path) -> None:
    (facts,) = wheel.glob("*.dist-info")
    assert "gisplan = gisplan.cli:main" in (facts / "entry_points.txt").read_text("utf-8")
    metadata = (facts / "METADATA").read_text("utf-8")
    assert "\nLicense-Expression: MIT\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata


CARRIED = {
    "dask": "distributed", "fontTools": "matplotlib", "jinja2": "folium", "lxml": "python-docx",
    "pydantic_core": "pydantic",
}  # fmt: skip
"""Libraries that come with another of ours, which cannot do without them."""
NAMED_OTHERWISE = {"docx": "python-docx"}


def test_every_library_that_is_imported_is_asked_for() -> None:
    """By the package itself, or by the one extra that its line names."""
    asked = {
        canonicalize_name(Requirement(text).name): extra
        for extra, texts in [("", PROJECT["dependencies"]), *EXTRAS.items()]
        for text in texts
        if extra not in ("test", "lint", "docs", "notebook")
    }
    used: set[str] = set()
    for path in (ROOT / "gisplan").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                used |= {one.name.split(".")[0] for one in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                used.add(node.module.split(".")[0])
    used -= set(sys.stdlib_module_names) | {"gisplan"}
    names = {canonicalize_name(NAMED_OTHERWISE.get(CARRIED.get(one, one), CARRIED.get(one, one)))
             for one in used}  # fmt: skip
    assert names <= set(asked), names - set(asked)
    assert set(asked) == names, f"asked for and never used: {set(asked) - names}"


def test_what_an_extra_brings_is_imported_only_where_it_is_used() -> None:
    """``import gisplan`` and a check need no extra."""
    bare = {canonicalize_name(Requirement(text).name) for text in PROJECT["dependencies"]}
    extra = {"docx", "typst", "exactextract", "scipy", "pyarrow", "numba", "distributed", "psycopg"}
    assert not {canonicalize_name(name) for name in extra} & bare
    code = (
        "import sys\n"
        f"class Without:\n    def find_spec(self, name, *_):\n"
        f"        if name.split('.')[0] in {extra!r}: raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Without())\n"
        "import gisplan\n"
        "plan = gisplan.open_plan()\n"
        "projects = gisplan.read_projects(plan.folder / 'projects.csv')\n"
        "assert len(plan.check(projects)) == len(projects)\n"
        "plan.explore(projects).get_root().render()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_a_strict_program_type_checks_against_the_wheel(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=False)
    (inside,) = (tmp_path / "venv").glob("[Ll]ib/**/site-packages")
    shutil.copytree(wheel, inside, dirs_exist_ok=True)
    # Its libraries are those of the tests; what stands in its own folder comes first.
    (inside / "libraries.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    program = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    shutil.copy(ROOT / "tests" / "user_program.py", tmp_path / "program.py")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(program),
         "--cache-dir", str(tmp_path / "cache"), "program.py"],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_public_names_are_spelled_out() -> None:
    assert set(gisplan.__all__) == {"__version__", *gisplan._HOMES}


def test_sdist_holds_what_a_packager_needs(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    wanted = """
        LICENSE README.md README.zh-CN.md CHANGELOG.md CITATION.cff environment.yml dev.py
        layers/plan.toml notebooks/01_explore.ipynb docs/conf.py docs/start.md docs/plan.schema.json
        scripts/make_docs.py tests/conftest.py gisplan/py.typed requirements/core.lock
        benchmarks/facts.py maps/wenfeng.png
    """
    assert set(wanted.split()) <= names
    assert not [name for name in names if name.endswith(".pyc") or name.startswith("build/")]


def command() -> str:
    return str(Path(sys.executable).parent / "gisplan")


@pytest.mark.parametrize(
    ("words", "expected"),
    [("gisplan ch", "check"), ("gisplan check --la", "--lang"), ("gisplan layers ", "add"),
     ("gisplan check x.csv --lang ", "en")],
)  # fmt: skip
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_is_told_how_to_complete(shell: str, words: str, expected: str) -> None:
    at = len(words.split(" ")) - 1
    environ = os.environ | {
        "_GISPLAN_COMPLETE": f"{shell}_complete", "COMP_WORDS": words,
        "COMP_CWORD": words.rpartition(" ")[2] if shell == "fish" else str(at),
    }  # fmt: skip
    done = subprocess.run([command()], env=environ, capture_output=True, text=True)
    assert re.search(rf"(?m)(^|,){re.escape(expected)}(\t|$)", done.stdout), done.stdout


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
def test_bash_completes_for_real() -> None:
    """The documented line, then what bash does at a press of Tab."""
    script = (
        'set -e; eval "$(_GISPLAN_COMPLETE=bash_source gisplan)"; COMP_WORDS=(gisplan conv); '
        'COMP_CWORD=1; _gisplan_completion gisplan conv gisplan; echo "${COMPREPLY[@]}"'
    )
    path = os.pathsep.join([str(Path(command()).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", script], env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert done.stdout.split() == ["convert"], done.stderr


def test_the_module_is_the_command() -> None:
    asked = ([sys.executable, "-m", "gisplan"], [command()])
    told = [subprocess.run([*one, "--version"], capture_output=True, text=True) for one in asked]
    assert told[0].stdout == told[1].stdout == f"gisplan, version {gisplan.__version__}\n"


def test_dev_without_a_task_says_what_there_is() -> None:
    for words in ([], ["tset"]):
        done = subprocess.run(
            [sys.executable, str(ROOT / "dev.py"), *words], capture_output=True, text=True
        )
        assert done.returncode == 1
        assert all(
            f"dev.py {task}" in done.stderr for task in ("demo", "test", "lint", "docs", "lock")
        )


def test_a_browser_that_does_not_start_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sham = tmp_path / "chromium"
    sham.write_text("#!/bin/sh\necho install the snap >&2\nexit 1\n", "utf-8")
    sham.chmod(0o755)
    monkeypatch.setenv("GISPLAN_BROWSER", str(sham))
    assert dev.find_browser() is None
    monkeypatch.setenv("GISPLAN_BROWSER", str(tmp_path / "missing"))
    assert dev.find_browser() is None


def test_a_warm_install_runs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp alone decides; a changed lock or another checkout asks for an install."""
    asked: list[tuple[object, ...]] = []
    (tmp_path / "requirements").mkdir()
    for place in ("pyproject.toml", "requirements/core.lock"):
        (tmp_path / place).write_bytes((ROOT / place).read_bytes())
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(dev, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(dev, "uv", lambda *words: asked.append(words))
    (tmp_path / ".venv").mkdir()
    dev.install("core")
    assert len(asked) == 2
    assert "--require-hashes" in asked[0]
    dev.install("core")
    assert len(asked) == 2
    with (tmp_path / "requirements" / "core.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    dev.install("dev")
    assert len(asked) == 4
    dev.install("core")
    assert len(asked) == 4, "the dev lock holds the core"


def test_the_citation_names_this_version() -> None:
    text = (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\nversion: {gisplan.__version__}\n" in text
    assert f"\nlicense: {PROJECT['license']}\n" in text
