"""The integration's files that are imported by importing one of them, read from the source."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "custom_components" / "aqara_zigbee"


def start_files() -> list[Path]:
    """The package and the platforms of its entities: what Home Assistant imports to start an entry."""
    text = (PACKAGE / "platforms.py").read_text()
    (names,) = (
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "PLATFORMS"
    )
    assert isinstance(names, ast.List)
    platforms = [name.attr.lower() for name in names.elts if isinstance(name, ast.Attribute)]
    return [PACKAGE / "__init__.py", *(PACKAGE / f"{name}.py" for name in platforms)]


def needed(files: Iterable[Path]) -> set[Path]:
    """Those files and all that importing them imports."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        if (path := waiting.pop()) not in found:
            found.add(path)
            waiting += imported(path)
    return found


@cache
def imported(path: Path) -> frozenset[Path]:
    """The files that a file imports at import time: not in functions, not for type checking."""
    packages = {
        parent / "__init__.py" for parent in path.parents if PACKAGE in (parent, *parent.parents)
    }
    targets = {
        file for node in _executed(ast.parse(path.read_text())) for file in modules(path, node)
    }
    return frozenset((packages | targets) - {path})


def _executed(node: ast.AST) -> Iterator[ast.ImportFrom]:
    """The relative imports that are executed at import."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom) and child.level:
            yield child
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            yield from (found for other in child.orelse for found in _executed(other))
        elif not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _executed(child)


def modules(path: Path, node: ast.ImportFrom) -> Iterator[Path]:
    """The files that a relative import in a file names."""
    base = path.parents[node.level - 1]
    target = base / node.module.replace(".", "/") if node.module else base
    for place in (target.with_suffix(".py"), target / "__init__.py"):
        if place.exists():
            yield place
    for alias in node.names:
        for place in (target / f"{alias.name}.py", target / alias.name / "__init__.py"):
            if place.exists():
                yield place
