"""One browser for all tests, and tests that need hardware: skipped and listed where it is missing.

`hardware.json` holds, for each such test, the commit on which it last passed. A run on a machine
that has the hardware writes it; commit the file with what was tested.
"""

import json
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tools.commit import checked_out

HERE = Path(__file__).parent
HARDWARE = {"needs_cuda": "CUDA", "needs_mps": "MPS"}
ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(autouse=True)
def the_digits(monkeypatch):
    """Tests run on the bundled digits, whatever images the book was just built on."""
    monkeypatch.delenv("MATHDL_IMAGES", raising=False)


@pytest.fixture(scope="session")
def chromium():
    """A browser; Playwright starts only once in a process, so all tests share it."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        reason = "no chromium is installed"
        if os.environ.get("MATHDL_REQUIRE_BROWSER") == "1":
            pytest.fail(f"{reason}, and MATHDL_REQUIRE_BROWSER=1 requires one.", pytrace=False)
        pytest.skip(f"PAGES ARE NOT TESTED IN A BROWSER: {reason}. Install chromium to test them.")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


def _is_present(name: str) -> bool:
    import torch

    return torch.cuda.is_available() if name == "CUDA" else torch.backends.mps.is_available()


def pytest_configure(config):
    for marker, name in HARDWARE.items():
        config.addinivalue_line("markers", f"{marker}: runs where a device with {name} is found")


def pytest_collection_modifyitems(items):
    for marker, name in HARDWARE.items():
        marked = [item for item in items if marker in item.keywords]
        if marked and not _is_present(name):
            for item in marked:
                item.add_marker(pytest.mark.skip(reason=f"no {name} device on this machine"))


def pytest_terminal_summary(terminalreporter, config):
    if hasattr(config, "workerinput"):  # pytest-xdist asks its workers too
        return
    record = HERE / "hardware.json"
    passes = json.loads(record.read_text(encoding="utf-8"))
    found = {
        outcome: list(terminalreporter.stats.get(outcome, ())) for outcome in ("passed", "skipped")
    }
    commit = None
    for marker, name in HARDWARE.items():
        passed, skipped = (
            sorted(report.nodeid for report in reports if marker in report.keywords)
            for reports in found.values()
        )
        if passed:
            commit = commit or checked_out(HERE, untracked=False) or "an unknown commit"
            passes[name] = {**passes.get(name, {}), **dict.fromkeys(passed, commit)}
        if skipped:
            terminalreporter.section(f"not tested: no {name} device on this machine")
            last = Counter((id.split("[")[0], passes.get(name, {}).get(id)) for id in skipped)
            for (test, when), count in last.items():
                times = f" ({count} cases)" if count > 1 else ""
                said = f"last passed on {when}" if when else "has never been run"
                terminalreporter.write_line(f"{test}{times}: {said}")
    if commit:
        record.write_text(json.dumps(passes, indent=1, sort_keys=True) + "\n", encoding="utf-8")
