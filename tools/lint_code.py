"""Rules about the code of a page: where numbers and randomness come from, how figures are shown."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.pages import Directive, Page
from tools.taint import analyze, without_magics

CODE_WIDTH = 79  # characters; a wider line is cut on the page
ALT_LENGTH = 20  # characters; less cannot say what a picture shows
SHOWS = ("show", "explore")
# Sources of randomness that do not follow the seed of the book.
RANDOM_MODULES = ("numpy.random", "random", "secrets", "torch.random", "torch.cuda.manual_seed")
RANDOM_TORCH = {
    "Generator", "bernoulli", "initial_seed", "manual_seed", "multinomial", "normal", "poisson",
    "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "seed",
}  # fmt: skip
DRAWING = ("subplots", "figure", "subplot_mosaic", "gcf", "plot", "imshow", "hist", "semilogy")


def code_problems(page: Page) -> Iterator[tuple[int, str]]:
    """All rules about the cells of a page."""
    cells = [cell for cell in page.cells if cell.depth == 0]
    for cell in page.cells:
        if cell.depth > 0:
            yield cell.line, "a code-cell inside another directive never runs: move it out."
    yield from analyze([(cell.body_line, cell.body) for cell in cells])
    paths: dict[str, str] = {}
    for cell in cells:
        for line, code in enumerate(cell.body.splitlines(), cell.body_line):
            if len(code) > CODE_WIDTH:
                yield line, f"this line of code has over {CODE_WIDTH} characters: break it."
        try:
            tree = ast.parse(without_magics(cell.body))
        except SyntaxError:
            continue  # reported by the taint analysis
        ast.increment_lineno(tree, cell.body_line - 1)
        paths |= imported_paths(tree)
        yield from random_problems(tree, paths)
        yield from figure_problems(tree, paths, cell)


def imported_paths(tree: ast.AST) -> dict[str, str]:
    """The dotted path behind every imported name."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.split(".")[0]
                found[name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def dotted(node: ast.AST, paths: dict[str, str]) -> str:
    """The dotted path that a name or attribute stands for, or nothing."""
    if isinstance(node, ast.Name):
        return paths.get(node.id, "")
    if isinstance(node, ast.Attribute):
        base = dotted(node.value, paths)
        return f"{base}.{node.attr}" if base else ""
    return ""


def random_problems(tree: ast.AST, paths: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Randomness that is not `device.generator(label)`."""
    for node in ast.walk(tree):
        path = dotted(node, paths)
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            module = getattr(node, "module", None)
            candidates = [f"{module}.{name}" for name in names] if module else names
            path = next((name for name in candidates if is_random(name)), "")
        elif isinstance(node, ast.keyword) and node.arg == "random_state":
            given = node.value
            if isinstance(given, ast.Constant):
                yield given.lineno, "`random_state` is a fixed number: draw it from the page's rng."
            continue
        if is_random(path):
            yield (
                getattr(node, "lineno", 1),
                f"`{path}` does not follow the book's seed: use `rng = device.generator(label)`.",
            )


def is_random(path: str) -> bool:
    in_module = any(path == name or path.startswith(f"{name}.") for name in RANDOM_MODULES)
    allowed = path in ("numpy.random.Generator", "numpy.random", "torch.random")
    torch = path.startswith("torch.") and path.split(".")[1] in RANDOM_TORCH
    return torch or (in_module and not allowed)


def figure_problems(
    tree: ast.Module, paths: dict[str, str], cell: Directive
) -> Iterator[tuple[int, str]]:
    """Figures that bypass `show` and `explore`, and those without alt text."""
    shown = False
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        path = dotted(node.func, paths)
        if path.startswith("mathdl.book.") and path.split(".")[-1] in SHOWS:
            shown = True
            yield from alt_problems(node, path.split(".")[-1])
        elif isinstance(node.func, ast.Attribute) and node.func.attr == "show":
            yield node.lineno, "`.show()` has no alt text: use show(fig, alt=...)."
    for node in top_level_calls(tree):
        path = dotted(node.func, paths)
        draws = path.startswith("matplotlib.pyplot.") and path.split(".")[-1] in DRAWING
        if draws and not shown:
            yield node.lineno, "this cell draws a figure and never calls show(fig, alt=...)."
            shown = True
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and ast.unparse(last.value).split(".")[0] in ("fig", "figure"):
        yield last.lineno, "a figure at the end of a cell has no alt text: use show(fig, alt=...)."


def top_level_calls(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls that run when the cell runs, not those inside functions."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        waiting += ast.iter_child_nodes(node)


def alt_problems(node: ast.Call, name: str) -> Iterator[tuple[int, str]]:
    alt = next((k.value for k in node.keywords if k.arg == "alt"), None)
    if alt is None and name == "show" and len(node.args) > 1:
        alt = node.args[1]
    text = typed_text(alt)
    if alt is None or (text is not None and len(" ".join(text.split())) < ALT_LENGTH):
        yield (
            node.lineno,
            f"{name}(...) without alt text: say in {ALT_LENGTH} characters or more what it shows.",
        )


def typed_text(node: ast.expr | None) -> str | None:
    """The text of a string as far as it is typed; None if it is computed."""
    if isinstance(node, ast.Constant):
        return str(node.value or "")
    if isinstance(node, ast.JoinedStr):
        return "".join(str(p.value) if isinstance(p, ast.Constant) else "…" for p in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = typed_text(node.left), typed_text(node.right)
        return None if parts[0] is None or parts[1] is None else parts[0] + parts[1]
    return None
