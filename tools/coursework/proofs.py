"""Opens nbgrader's pages for graders, where people read the proofs beside their rubrics.

python -m tools.coursework.proofs --course course

The server listens on this computer only, and wants the token that stands in the printed address.
What students wrote cannot act on these pages: their HTML is shown as text, pages load nothing from
elsewhere, and the server starts no kernel and no terminal.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
from importlib.util import find_spec
from pathlib import Path

from nbconvert.exporters import HTMLExporter
from nbgrader.server_extensions.formgrader import handlers

from tools.coursework import course as courses
from tools.coursework.course import CourseError
from tools.coursework.gradebook import database, standings, update
from tools.coursework.html import TEMPLATES
from tools.coursework.source import Assignment, sources

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "frame-ancestors 'self'"
)


def graded(course: Path, root: Path = courses.ROOT) -> list[Assignment]:
    """The assignments of which the course has results."""
    return [a for a in sources(root) if any((course / "graded" / a.name).glob("*.json"))]


def mathjax() -> Path:
    """The folder that holds the folder `mathjax`."""
    found = find_spec("sphinx-mathjax-offline")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "static"


def _templates() -> list[str]:
    """Where the templates of nbgrader's pages for graders lie."""
    bases = [handlers.template_path]
    return HTMLExporter(template_name="formgrade", extra_template_basedirs=bases).template_paths


def configuration(course: Path, port: int) -> dict:
    """What Jupyter and nbgrader have to know."""
    place = (course / "nbgrader").resolve()
    return {
        "CourseDirectory": {
            "root": str(place),
            "course_id": "course",
            "db_url": f"sqlite:///{database(course).resolve()}",
            "submitted_directory": "autograded",  # nbgrader counts submissions there
        },
        "Exchange": {"root": str(place / "exchange")},  # unused; nbgrader looks whether it is there
        "HTMLExporter": {
            "template_paths": [str(TEMPLATES), *_templates()],
            "filters": {"markdown2html": "tools.coursework.safe_markdown.markdown2html"},
        },
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": port,
            "port_retries": 0,
            "open_browser": False,
            "root_dir": str(place),
            "jpserver_extensions": {"nbgrader.server_extensions.formgrader": True},
            "extra_static_paths": [str(mathjax())],
            "allow_root": True,
            "terminals_enabled": False,
            "tornado_settings": {"headers": {"Content-Security-Policy": POLICY}},
        },
        "KernelSpecManager": {"ensure_native_kernel": False, "allowed_kernelspecs": ["none"]},
        "Application": {"log_level": "ERROR"},
    }


def prepare(course: Path, port: int, found: list[Assignment]) -> tuple[list[str], dict[str, str]]:
    """The command and environment of the server; its configuration lies in the course."""
    folder = course / "nbgrader"
    for needed in ("exchange", *(f"source/{a.name}" for a in found)):
        (folder / needed).mkdir(parents=True, exist_ok=True)  # nbgrader lists what has a source
    text = json.dumps(configuration(course, port), indent=1).encode()
    courses.write_private(folder / "jupyter_server_config.json", text)
    courses.write_private(folder / "nbgrader_config.py", b"# See jupyter_server_config.json.\n")
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder.resolve()),  # not what else this computer has set up
        "JUPYTER_NO_CONFIG": "",
        "PYTHONPATH": os.pathsep.join(
            filter(None, [str(courses.ROOT), os.environ.get("PYTHONPATH", "")])
        ),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
    }
    return [sys.executable, "-m", "jupyter_server"], environment


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--course", type=Path, default=Path("course"))
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    try:
        found = graded(given.course)
        if not found:
            raise CourseError(f"{given.course} has no results: run `make grade` first.")
        for assignment in found:
            update(given.course, assignment)
            standing = standings(given.course, assignment).values()
            open_ones = sum(s.status.startswith("to be graded") for s in standing)
            print(f"{assignment.name}: {open_ones} students wait for a person.")
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    command, environment = prepare(given.course, given.port, found)
    environment["JUPYTER_TOKEN"] = secrets.token_urlsafe(24)
    address = f"http://127.0.0.1:{given.port}/formgrader/gradebook"
    print(f"{address}?token={environment['JUPYTER_TOKEN']}\nStop with Ctrl-C.", flush=True)
    os.chdir(given.course / "nbgrader")
    os.execve(command[0], command, environment)


if __name__ == "__main__":
    sys.exit(main())
