"""The built site, a server for it, and the browser that opens it."""

import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from reading import SITE, prefix


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


@pytest.fixture(scope="session")
def browser(site, chromium):
    return chromium
