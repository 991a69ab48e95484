"""Writes the environment in which Binder opens the published notebooks.

Binder builds an image from the files of the branch that the site is published to, so they are part
of the site, in `binder/`: the pins of what the notebooks import, and JupyterLab. PyTorch comes from
its own index of CPU builds, which the README names, because Binder has no GPU and little room.
"""

import re
import tomllib
from pathlib import Path

from site_address import repository

PYTHON = "python-3.11\n"
PROGRAMS = ["jupyterlab", "ipykernel"]


def environment(root):
    """The lines of Binder's requirements: the book's pins of the library's dependencies."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [re.findall(r"^[\w.-]+", one)[0] for one in project["dependencies"]] + PROGRAMS
    pins = dict(
        re.findall(r"(?m)^([\w.-]+)==(\S+)", (root / "requirements.txt").read_text("utf-8"))
    )
    cpu_builds = re.findall(r"https://\S+/whl/cpu", (root / "README.md").read_text("utf-8"))[0]
    return [f"--extra-index-url {cpu_builds}", *(f"{name}=={pins[name]}" for name in wanted)]


def write(app, exception):
    if exception is not None or app.builder.name != "html" or repository() is None:
        return
    folder = Path(app.outdir) / "binder"
    folder.mkdir(exist_ok=True)
    lines = environment(Path(app.srcdir))
    (folder / "requirements.txt").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "runtime.txt").write_text(PYTHON, "utf-8")


def setup(app):
    app.connect("build-finished", write)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
