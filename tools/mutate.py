"""Asks whether a wrong formula would be noticed: one mutant at a time, do the tests turn red?

A mutant multiplies one constant or one returned value of one module by 1.05. It exists in memory
only; the tree is never written to. Each mutant runs in a fork of a process that has imported the
heavy libraries already, against the examples of its module and `tests/unit/test_<module>*.py`.

Mutants that survive are listed in CONTRIBUTING.md, each with a reason. A survivor that is not in
the table fails the run, and so does a row that survives no longer.
"""

from __future__ import annotations

import argparse
import ast
import doctest
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from tools.mutants import Mutant, install, mutants_of, only_other_values_seen

SURVIVED, KILLED, NO_NUMBER = 0, 1, 2
WORDS = {SURVIVED: "SURVIVED", KILLED: "killed", NO_NUMBER: "no number"}
BEGIN, END = "<!-- surviving mutants: begin -->", "<!-- surviving mutants: end -->"
SECONDS_PER_MUTANT = 120


def tests_of(module: str, tests: Path) -> list[Path]:
    """The test files of a module such as `theory.estimation`: its last name, or all of it."""
    names = {module.rpartition(".")[2], module.replace(".", "_")}
    found = {path for name in names for path in tests.glob(f"test_{name}.py")}
    found |= {path for name in names for path in tests.glob(f"test_{name}_*.py")}
    if not found:
        raise SystemExit(f"Module {module} has no test file; add {tests}/test_{module}.py.")
    return sorted(found)


def formula_modules(package: Path, only: str | None = None) -> list[Path]:
    """Every module of the package outside `book` that holds code of its own."""
    found = [
        path
        for path in sorted(package.rglob("*.py"))
        if path.name != "__init__.py" and path.relative_to(package).parts[0] != "book"
    ]
    return [path for path in found if only in (None, _dotted(path, package))]


def _dotted(path: Path, package: Path) -> str:
    return ".".join(path.relative_to(package).with_suffix("").parts)


def preload(paths: Iterable[Path], package: Path) -> None:
    """Import what the files import, the package and its tests excepted: done once, not per fork."""
    names = {"pytest", "hypothesis"}
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    for name in sorted(names):
        if name.split(".")[0] not in (package.name, "tests"):
            importlib.import_module(name)


def verdict(mutant: Mutant | None, module: str, tests: list[Path]) -> int:
    """Run the module's examples and tests in this process: do they pass all the same?"""
    import hypothesis
    import pytest

    few = hypothesis.settings(max_examples=20, derandomize=True, database=None, deadline=None)
    hypothesis.settings.register_profile("mutate", few)
    if mutant:
        install(mutant, module)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    if doctest.testmod(importlib.import_module(module), optionflags=flags).failed:
        return KILLED
    options = ["-x", "-q", "--hypothesis-profile=mutate", "-p", "no:cacheprovider"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
    if pytest.main([*options, *map(str, tests)]) != pytest.ExitCode.OK:
        return KILLED
    if mutant and mutant.is_return and only_other_values_seen():
        return NO_NUMBER
    return SURVIVED


def start(mutant: Mutant | None, module: str, tests: list[Path], output: int) -> int:
    """Fork a process that judges one mutant and exits with its verdict; returns its id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = KILLED
    try:
        signal.alarm(SECONDS_PER_MUTANT)  # a mutant that never ends is noticed
        sys.dont_write_bytecode = True
        os.dup2(output, 1)
        os.dup2(output, 2)
        code = verdict(mutant, module, tests)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def judge(
    mutants: list[tuple[Mutant, str, list[Path]]], processes: int, deadline: float
) -> dict[Mutant, int]:
    """The verdict on each mutant that could be started before the deadline."""
    verdicts: dict[Mutant, int] = {}
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = list(reversed(mutants))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        while waiting or running:
            while waiting and len(running) < processes and time.monotonic() < deadline:
                mutant, module, tests = waiting.pop()
                running[start(mutant, module, tests, nowhere)] = mutant, time.monotonic()
            if not running:
                break
            child, status = os.wait()
            mutant, began = running.pop(child)
            verdicts[mutant] = os.WEXITSTATUS(status) if os.WIFEXITED(status) else KILLED
            print(
                f"[{len(verdicts):3d}/{len(mutants)}] {WORDS[verdicts[mutant]]:9s}"
                f"{time.monotonic() - began:6.1f} s  {mutant.place}  {mutant.shown}",
                flush=True,
            )
    finally:
        for child in running:
            os.kill(child, signal.SIGKILL)
        os.close(nowhere)
    return verdicts


def require_green(modules: dict[str, list[Path]]) -> None:
    """Stop unless the tests pass without any mutant: red tests would kill everything."""
    for module, tests in modules.items():
        _, status = os.waitpid(start(None, module, tests, sys.stderr.fileno()), 0)
        if status:
            raise SystemExit(f"The tests of {module} fail without a mutant; mend them first.")


def read_table(text: str) -> dict[tuple[str, str], str]:
    """The rows between the two markers: (function, mutated line) -> reason."""
    if BEGIN not in text or END not in text:
        raise SystemExit(f"The table of survivors is missing: put {BEGIN} and {END} around it.")
    rows = {}
    for line in text.split(BEGIN)[1].split(END)[0].splitlines():
        cells = [cell.strip().replace("\0", "|") for cell in _cells(line)]
        if len(cells) == 3 and cells[0].startswith("`"):
            rows[cells[0].strip("`"), cells[1].strip("`")] = cells[2]
    return rows


def _cells(line: str) -> list[str]:
    return line.strip().strip("|").replace(r"\|", "\0").split("|")


def row(mutant: Mutant) -> str:
    """The row of a survivor, its reason still to be written."""
    shown = mutant.shown.replace("|", r"\|")
    return f"| `{mutant.function}` | `{shown}` | |"


def compare(survivors: list[Mutant], table: dict[tuple[str, str], str]) -> list[str]:
    """What is wrong between the survivors and the table, one sentence each."""
    keys = {(mutant.function, mutant.shown): mutant for mutant in survivors}
    unlisted = [mutant for key, mutant in keys.items() if not table.get(key)]
    found = [
        f"{mutant.place}: a mutant survives; write a test that kills it, or list it in "
        f"CONTRIBUTING.md with a reason:\n  {row(mutant)}"
        for mutant in unlisted
    ]
    found += [
        f"CONTRIBUTING.md lists a survivor that is none any more; remove it: {function}: {shown}"
        for function, shown in table
        if (function, shown) not in keys
    ]
    return found


def main() -> None:
    """Multiply each constant and each returned value of the formulas by 1.05, one at a time."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--package", type=Path, default=Path("lib/mathdl"))
    parser.add_argument("--tests", type=Path, default=Path("tests/unit"))
    parser.add_argument("--table", type=Path, default=Path("CONTRIBUTING.md"))
    parser.add_argument("--module", help="only this one, for example theory.approximation.barron")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=90)
    options = parser.parse_args()
    if not hasattr(os, "fork"):
        raise SystemExit("Mutants need os.fork, which this system lacks; use Linux or macOS.")
    began = time.monotonic()
    package = options.package.resolve()
    sys.path[:0] = [str(package.parent), str(Path.cwd())]
    paths = formula_modules(package, options.module)
    if not paths:
        raise SystemExit(f"--module {options.module} is not a formula module of {package.name}.")
    table = read_table(options.table.read_text(encoding="utf-8"))

    os.environ["OMP_NUM_THREADS"] = "1"
    tests = {
        _dotted(path, package): tests_of(_dotted(path, package), options.tests) for path in paths
    }
    preload(
        [*package.rglob("*.py"), *(test for files in tests.values() for test in files)], package
    )
    names = {module: f"{package.name}.{module}" for module in tests}
    require_green({names[module]: files for module, files in tests.items()})
    queue = [
        (mutant, names[module], tests[module])
        for path in paths
        for module in [_dotted(path, package)]
        for mutant in mutants_of(path, module)
    ]
    verdicts = judge(queue, options.processes, began + 60 * options.minutes)

    survivors = [mutant for mutant, code in verdicts.items() if code == SURVIVED]
    if options.module:
        inside = f"{options.module}."
        table = {key: why for key, why in table.items() if f"{key[0]}.".startswith(inside)}
    wrong = compare(survivors, table)
    if len(verdicts) < len(queue):
        wrong.append(f"{len(queue) - len(verdicts)} mutants were not tried: time was up.")
    count = {word: sum(code == key for code in verdicts.values()) for key, word in WORDS.items()}
    print(
        f"{count['killed']} killed, {count['SURVIVED']} survived, {count['no number']} returned "
        f"no number, in {(time.monotonic() - began) / 60:.1f} minutes."
    )
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
