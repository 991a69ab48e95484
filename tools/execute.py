"""Executes the pages in parallel, each at most once for each state of what it depends on.

An executed page is a file `_build/executed/<page>/<fingerprint>.ipynb`, written in one step, so
that a build killed at any moment leaves finished pages or none. Sphinx reads them from a
jupyter-cache that is made anew from these files before every build.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import grimp
import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import read_myst_markdown_notebook
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from tools.commit import checked_out
from tools.kernels import kernel
from tools.pages import Book, Page

KEPT_PER_PAGE = 12  # executions of one page under other seeds or library states
CELL_TIMEOUT = 600  # seconds; a page is meant to take less than 60 in all
PARSING = threading.Lock()  # CPython 3.11 counts the depth of trees for all threads together


@dataclass(frozen=True)
class Execution:
    """An executed page: its notebook with outputs, and what it cost."""

    notebook: NotebookNode
    seconds: float
    executed: str  # time of day, ISO 8601 in UTC
    commit: str | None  # that the page was executed from, with a + if the tree had local changes
    fresh: bool  # executed now, not found from before


class PageFailed(Exception):
    """A cell of a page raised; the message shows page, cell and traceback."""


@cache
def _library() -> tuple[Path, grimp.ImportGraph]:
    """The folder of the installed `mathdl` and who imports whom in it."""
    spec = find_spec("mathdl")
    if spec is None or spec.origin is None:
        raise SystemExit("mathdl is not installed: run `make book`, or `pip install -e .`.")
    return Path(spec.origin).parent, grimp.build_graph("mathdl", cache_dir=None)


def imported_modules(code: str) -> set[str]:
    """The modules of `mathdl` that the code runs, whether it names them or they import them."""
    named = {"mathdl"}
    with PARSING:
        tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    _, graph = _library()
    reached = {name for name in named if name in graph.modules}
    for name in set(reached):
        reached |= graph.find_upstream_modules(name)
    for name in set(reached):  # importing a.b.c runs a and a.b too
        parts = name.split(".")
        reached |= {".".join(parts[:i]) for i in range(1, len(parts))}
    return reached


def _source(module: str) -> bytes:
    folder, _ = _library()
    path = folder.joinpath(*module.split(".")[1:])
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_bytes()


def fingerprint(page: Page, seed: int, full: bool = False) -> str:
    """A digest of everything the outputs of a page depend on; its prose is not among it."""
    code = "\n\n".join(cell.body for cell in page.cells)
    digest = hashlib.sha256(f"{seed} {full} {platform.python_version()} {code}".encode())
    digest.update(os.environ.get("MATHDL_DEVICE", "").encode())
    modules = imported_modules(code)
    for module in sorted(modules):
        digest.update(module.encode() + _source(module))
    requirements = page.root / "requirements.txt"
    inputs = [requirements] if requirements.exists() else []
    if folder := own_images(page):
        digest.update(b"own images")  # a folder without files is not the book's images
        for path in sorted(p for p in Path(folder).glob("*") if p.is_file()):
            digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    if "mathdl.datasets" in modules:
        inputs += sorted(p for p in (page.root / "data").rglob("*") if p.is_file())
    for path in inputs:
        digest.update(path.relative_to(page.root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def stored_path(page: Page, seed: int, full: bool = False) -> Path:
    return page.root / "_build" / "executed" / page.name / f"{fingerprint(page, seed, full)}.ipynb"


def load(page: Page, seed: int, full: bool = False) -> Execution | None:
    """The execution of the page as it is now, if there is one."""
    path = stored_path(page, seed, full)
    if not path.exists():
        return None
    notebook = nbformat.read(path, as_version=4)
    facts = notebook.metadata["mathdl"]
    return Execution(
        notebook, facts["seconds"], facts["executed"], facts.get("commit"), fresh=False
    )


def own_images(page: Page) -> str:
    """The folder of MATHDL_IMAGES, for a page that runs on `datasets.images`; else empty."""
    folder = os.environ.get("MATHDL_IMAGES", "").strip()
    reads = any("datasets.images" in cell.body for cell in page.cells)
    return os.path.abspath(folder) if folder and reads else ""


def kernel_environment(page: Page, seed: int, full: bool) -> dict[str, str]:
    """What a page's kernel sees: one thread a process, the seed, images, static sliders."""
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(threads, "1"),
        "MATHDL_SEED": str(seed),
        "MATHDL_IMAGES": own_images(page),  # a page runs in its own folder
        "MATHDL_STATIC": "1",
        "MATHDL_FULL": "1" if full else "0",
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }


def _run(page: Page, seed: int, full: bool, keep_going: bool) -> Execution:
    notebook = read_myst_markdown_notebook(page.text)
    client = NotebookClient(
        notebook,
        timeout=None if full else CELL_TIMEOUT,
        allow_errors=keep_going,
        record_timing=False,  # timings in the cells' metadata would hide the page from Sphinx
        resources={"metadata": {"path": str(page.path.parent)}},
        extra_arguments=["--HistoryManager.enabled=False"],
    )
    commit = checked_out(page.root)
    start = time.perf_counter()
    try:
        with kernel() as client.km:
            client.execute(cleanup_kc=True, env=kernel_environment(page, seed, full))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise PageFailed(f"{page.path.relative_to(page.root)}: {error}") from error
    seconds = round(time.perf_counter() - start, 2)
    executed = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    facts = {"seconds": seconds, "executed": executed, "commit": commit, "seed": seed}
    notebook.metadata["mathdl"] = facts
    return Execution(notebook, seconds, executed, commit, fresh=True)


def _store(path: Path, execution: Execution) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.tmp")
    nbformat.write(execution.notebook, unfinished)
    os.replace(unfinished, path)
    older = sorted(path.parent.glob("*.ipynb"), key=lambda p: p.stat().st_mtime, reverse=True)
    for surplus in older[KEPT_PER_PAGE:]:
        surplus.unlink(missing_ok=True)


def _say(line: str) -> None:
    print(line, flush=True)  # progress is for now, also in a log file


def execute(
    pages: list[Page],
    seed: int = 0,
    full: bool = False,
    keep_going: bool = False,
) -> dict[str, Execution]:
    """Execute what has not been executed yet, one process a core.

    With `keep_going` the cells after a failing one still run, and the failure stays in the
    outputs. Otherwise all pages are tried, and then `PageFailed` names every page that failed.
    """
    pages = [page for page in pages if page.executes]
    done = {page.name: found for page in pages if (found := load(page, seed, full)) is not None}
    if not keep_going:
        done = {name: run for name, run in done.items() if not has_error(run.notebook)}
    waiting = [page for page in pages if page.name not in done]
    if not waiting:
        return done
    workers = min(len(waiting), os.cpu_count() or 1)
    _say(
        f"executing {len(waiting)} pages ({len(done)} unchanged), {workers} at a time, seed {seed}"
    )
    failures: list[str] = []

    def work(page: Page) -> Execution:
        path = stored_path(page, seed, full)  # before the run: an edit meanwhile is not what ran
        _say(f"  start {page.name}")
        execution = _run(page, seed, full, keep_going)
        _store(path, execution)
        return execution

    with ThreadPoolExecutor(workers) as pool:
        futures = {pool.submit(work, page): page for page in waiting}
        for count, future in enumerate(as_completed(futures), 1):
            page = futures[future]
            left = f"{len(waiting) - count} left"
            try:
                done[page.name] = future.result()
                _say(f"  done  {page.name}  {done[page.name].seconds:.1f} s  ({left})")
            except PageFailed as failure:
                failures.append(str(failure))
                _say(f"  FAILED {page.name}  ({left})")
    if failures:
        raise PageFailed("\n\n".join(failures))
    return done


def has_error(notebook: NotebookNode) -> bool:
    """Whether a cell of an executed page raised."""
    return any(
        output.output_type == "error"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


def fill_sphinx_cache(book: Book, executions: dict[str, Execution]) -> Path:
    """Make the jupyter-cache that Sphinx reads, from these executions and nothing else."""
    folder = book.root / "_build" / ".jupyter_cache"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    sphinx_cache = get_cache(folder)
    for name, execution in executions.items():
        sphinx_cache.cache_notebook_bundle(
            CacheBundleIn(
                execution.notebook,
                str(book.page(name).path),
                data={"execution_seconds": execution.seconds},
            ),
            check_validity=False,
            overwrite=True,
        )
    return folder
