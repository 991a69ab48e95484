"""Prints how a function or class is called, in lines that fit on a telephone."""

from __future__ import annotations

import ast

NARROW = 38  # characters of code that fit on a telephone


def decorators(node: ast.FunctionDef | ast.ClassDef) -> set[str]:
    """The names after the @ signs, without arguments."""
    return {ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}


def signature(node: ast.FunctionDef | ast.ClassDef, method: bool) -> str:
    """How it is called, with annotations and defaults; one argument a line where it is long."""
    if isinstance(node, ast.ClassDef):
        return _class_signature(node)
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    marks = decorators(node)
    if "property" in marks or "cached_property" in marks:
        return f"{node.name}{returns}"
    bound = method and "staticmethod" not in marks
    return _call(node.name, _arguments(node.args, skip_first=bound), returns)


def _class_signature(node: ast.ClassDef) -> str:
    init = next(
        (n for n in node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"), None
    )
    if init is not None:
        return _call(f"class {node.name}", _arguments(init.args, skip_first=True), "")
    bases = [ast.unparse(base) for base in node.bases]
    if "NamedTuple" in bases or any("dataclass" in name for name in decorators(node)):
        fields = [
            ast.unparse(item)
            for item in node.body
            if isinstance(item, ast.AnnAssign)
            and not ast.unparse(item.target).startswith("_")
            and "ClassVar" not in ast.unparse(item.annotation)
            and "init=False" not in ast.unparse(item)
        ]
        return _call(f"class {node.name}", fields, "")
    return _call(f"class {node.name}", bases, "") if bases else f"class {node.name}"


def _arguments(arguments: ast.arguments, skip_first: bool) -> list[str]:
    """Each argument with annotation and default, as it stands in the source."""
    positional = arguments.posonlyargs + arguments.args
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    listed = [_argument(*pair) for pair in zip(positional, defaults, strict=True)]
    if arguments.posonlyargs:
        listed.insert(len(arguments.posonlyargs), "/")
    if skip_first:
        listed = listed[1:]
    if arguments.vararg:
        listed.append("*" + _argument(arguments.vararg, None))
    elif arguments.kwonlyargs:
        listed.append("*")
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    listed += [_argument(*pair) for pair in keywords]
    if arguments.kwarg:
        listed.append("**" + _argument(arguments.kwarg, None))
    return listed


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    text = ast.unparse(argument)
    if default is None:
        return text
    equals = " = " if argument.annotation else "="
    return f"{text}{equals}{ast.unparse(default)}"


def _call(name: str, arguments: list[str], returns: str) -> str:
    line = f"{name}({', '.join(arguments)}){returns}"
    if len(line) <= NARROW or not arguments:
        return line
    return "\n".join([f"{name}(", *(f"    {argument}," for argument in arguments), f"){returns}"])
