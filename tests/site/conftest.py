"""The built site, a server for it, and a browser that reaches nothing else."""

import functools
import os
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reading import SITE, prefix

ARGUMENTS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="session")
def site() -> Path:
    if not (SITE / "index.html").exists():
        pytest.fail("There is no _build/html/index.html: run make book first.", pytrace=False)
    return SITE


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves the site at the root and, as a host of projects does, under its own prefix."""

    def translate_path(self, path):
        return super().translate_path("/" + path.removeprefix(prefix()).lstrip("/"))

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="session")
def address(site):
    """The address of the site on a server of its own, with a slash at its end."""
    handler = functools.partial(QuietHandler, directory=site)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def without_browser(reason: str) -> None:
    """Skip the test, or fail it where a browser is required."""
    if os.environ.get("MATHDL_REQUIRE_BROWSER") == "1":
        pytest.fail(f"{reason}, and MATHDL_REQUIRE_BROWSER=1 requires one.", pytrace=False)
    pytest.skip(f"THE SITE IS NOT TESTED: {reason}. Install chromium to test it.")


@pytest.fixture(scope="session")
def browser(site):
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = next(filter(None, map(shutil.which, names)), None)
    if executable is None:
        without_browser("no chromium is installed")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()
