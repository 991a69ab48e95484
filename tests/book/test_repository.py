"""What surrounds the book: workflows, README, CONTRIBUTING, citation, import contracts, wheel."""

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from tools.mutate import read_table
from tools.pages import Book
from tools.site_complete import missing

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
WHEEL_INDEX = re.search(r"https://\S+/whl/cpu", README)[0]  # the one place that names it
# Written so that they do not match themselves.
FOREIGN = {
    "a path of one machine": r"(?<![\w.])/(?:root|work)/|\.\.[/]shared",
    "a package registry": r"(?:pypi|anaconda|npmjs)[.](?:org|com)|pythonhosted[.]|[a]rtifactory",
    "the index of CPU wheels": r"download[.]pytorch",
}


def run(*command, **options):
    return subprocess.run(
        [str(part) for part in command], cwd=ROOT, capture_output=True, text=True, **options
    )


def tracked() -> list[Path]:
    listed = run("git", "ls-files", "-z")
    if listed.returncode:
        pytest.skip("not a git checkout: no list of tracked files")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def direct_requirements() -> list[str]:
    ours = REQUIREMENTS.split("# what those need")[0]
    return re.findall(r"^([\w.-]+)==", ours, re.MULTILINE)


@pytest.mark.parametrize(
    ("schema", "files"),
    [
        ("github-workflows", ".github/workflows/*.yml"),
        ("github-issue-forms", ".github/ISSUE_TEMPLATE/mathematical-error.yml"),
        ("github-issue-config", ".github/ISSUE_TEMPLATE/config.yml"),
        ("citation-file-format", "CITATION.cff"),
    ],
)
def test_files_that_github_reads_are_valid(schema, files):
    paths = sorted(ROOT.glob(files))
    assert paths
    options = ["--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    check = CliRunner().invoke(check_jsonschema, options)
    assert check.exit_code == 0, check.output


def test_error_button_opens_the_form_and_fills_a_field_that_it_has():
    buttons = (ROOT / "_ext" / "page_buttons.py").read_text()
    template, field = re.search(r"issues/new\?template=([\w.-]+)&(\w+)=", buttons).groups()
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / template).read_text())
    assert field in [part.get("id") for part in form["body"]]


def test_a_broken_workflow_would_be_noticed(tmp_path):
    broken = tmp_path / "broken.yml"
    broken.write_text("on: push\njobs:\n  build:\n    steps: []\n")
    options = ["--builtin-schema", "vendor.github-workflows", str(broken)]
    assert CliRunner().invoke(check_jsonschema, options).exit_code == 1


def test_pre_commit_is_valid_and_downloads_nothing():
    config = ROOT / ".pre-commit-config.yaml"
    assert run(BIN / "pre-commit", "validate-config", config).returncode == 0
    for repository in yaml.safe_load(config.read_text())["repos"]:
        assert repository["repo"] == "local"
        assert {hook["language"] for hook in repository["hooks"]} == {"system"}


def test_ci_and_workflow_are_the_same():
    steps = workflow_steps("build.yml", "build")
    assert any(step.get("run") == "bash .ci/run" for step in steps)
    script = (ROOT / ".ci" / "run").read_text()
    assert "set -euo pipefail" in script and "make lint" in script and "make test" in script


def workflow_steps(name: str, job: str) -> list[dict]:
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text())["jobs"][job]["steps"]


def test_workflow_reads_the_index_of_cpu_wheels_from_the_readme():
    step = next(s for s in workflow_steps("build.yml", "build") if "PIP_EXTRA" in s.get("run", ""))
    found = re.search(r"\$\((grep.*?)\)", step["run"])[1]
    assert run("bash", "-c", found).stdout.strip() == WHEEL_INDEX


def test_weekly_run_loosens_every_direct_pin(tmp_path):
    step = next(
        s for s in workflow_steps("weekly.yml", "newest") if s.get("name") == "Loosen the pins"
    )
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    subprocess.run(["bash", "-c", step["run"]], cwd=tmp_path, check=True)
    lines = (tmp_path / "newest.txt").read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith("#")]
    loose = [name if name != "jupyter-book" else "jupyter-book<2" for name in direct_requirements()]
    assert packages == [*loose, "-e ."]


def test_site_without_a_page_is_not_published(tmp_path):
    book = Book(ROOT)
    assert len(missing(book, tmp_path)) == 2 + 2 * len(book.pages)
    for name in missing(book, tmp_path):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("content")
    assert missing(book, tmp_path) == []
    page = book.pages[0].document
    (tmp_path / f"{page}.html").write_text("")
    assert missing(book, tmp_path) == [f"{page}.html"]


def test_readme_explains_every_make_target():
    targets = re.findall(r"^([a-z]+):.*##|^(setup):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    names = ["".join(pair) for pair in targets]
    assert {"book", "test", "page", "ledger", "setup"} <= set(names)
    explained = re.findall(r"^\| `make (\w+)", README, re.MULTILINE)
    assert sorted(set(names)) == sorted(set(names) & set(explained))
    named = re.findall(r"(?:`|^)make (\w+)", README + CONTRIBUTING, re.MULTILINE)
    assert set(named) <= set(names)


def test_readme_installs_the_pinned_torch_and_shows_an_existing_picture():
    torch = re.search(r"^torch==.*$", REQUIREMENTS, re.MULTILINE)[0]
    assert f"install {torch} --index-url {WHEEL_INDEX}" in README
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (ROOT / target).exists(), target


def test_readme_names_pages_that_exist():
    names = {page.name for page in Book(ROOT).pages}
    assert set(re.findall(r"PAGE=([\w/-]+)", README)) - {"x"} <= names


def test_contributing_explains_every_dependency_and_no_other():
    section = CONTRIBUTING.split("## Dependencies")[1]
    explained = re.findall(r"^\| `([\w.-]+)` \| .{3,} \|$", section, re.MULTILINE)
    assert explained == direct_requirements()


def test_library_and_pins_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}
    assert wanted <= set(direct_requirements())
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_surviving_mutant_has_a_reason():
    assert all(read_table(CONTRIBUTING).values())


def test_changelog_knows_the_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text()
    assert "## [Unreleased]" in changelog and version in changelog


def test_tracked_files_name_no_machine_and_no_registry():
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in FOREIGN.items():
            allowed = path == ROOT / "README.md" and "CPU" in what
            if re.search(pattern, text) and not allowed:
                found.append(f"{path.relative_to(ROOT)} names {what}")
    assert found == []


def test_import_contracts_hold():
    contracts = run(BIN / "lint-imports", "--no-cache")
    assert contracts.returncode == 0, contracts.stdout
    assert "3 kept" in contracts.stdout


def test_every_module_of_the_library_stands_in_the_contracts():
    """A new module that no contract names could import whatever it likes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    modules = {
        f"mathdl.{path.stem}"
        for path in (ROOT / "lib" / "mathdl").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"mathdl.__init__"}
    for contract in project["tool"]["importlinter"]["contracts"]:
        named = set(contract["source_modules"]) | set(contract["forbidden_modules"])
        assert modules <= named, (contract["name"], modules - named)


def test_import_contract_breaks_when_a_prediction_imports_what_it_predicts(tmp_path):
    copy = tmp_path / "lib"
    shutil.copytree(ROOT / "lib", copy, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (copy / "mathdl" / "theory" / "approximation.py").open("a") as module:
        module.write("\nfrom mathdl import kernels\n")
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
    ]
    contracts = subprocess.run(
        [*command, "--no-cache"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(copy), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert contracts.returncode == 1, contracts.stdout + contracts.stderr
    assert "2 kept, 1 broken" in contracts.stdout


def test_library_installs_from_a_wheel_in_a_clean_environment(tmp_path):
    source, wheels, clean = tmp_path / "source", tmp_path / "wheels", tmp_path / "clean"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    unwanted = shutil.ignore_patterns("*.egg-info", "__pycache__")
    shutil.copytree(ROOT / "lib", source / "lib", ignore=unwanted)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    offline = ["--no-deps", "--no-index"]
    built = run(*pip, "wheel", source, *offline, "--no-build-isolation", "-w", wheels)
    assert built.returncode == 0, built.stderr
    assert run(sys.executable, "-m", "venv", "--without-pip", clean).returncode == 0
    python = (
        clean / "bin" / "python" if (clean / "bin").exists() else clean / "Scripts" / "python.exe"
    )
    installed = run(*pip, "--python", python, "install", *offline, *wheels.iterdir())
    assert installed.returncode == 0, installed.stderr
    modules = [
        ".".join(path.relative_to(ROOT / "lib").with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "lib" / "mathdl").rglob("*.py"))
    ]
    code = f"import importlib; print(*[importlib.import_module(n).__file__ for n in {modules}])"
    imported = subprocess.run(
        [str(python), "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": sysconfig.get_path("purelib")},  # the pins, but not the editable mathdl
        capture_output=True,
        text=True,
    )
    assert imported.returncode == 0, imported.stderr
    files = imported.stdout.split()
    assert len(files) == len(modules) and all(file.startswith(str(clean)) for file in files)
