"""Print the plan of the house as a table: per package its modules, its imports, and circles among them.

Usage: .venv/bin/python -m scripts.rooms [FOLDER]   (another check-out than this one; its packages are found there)
"""

import sys
from pathlib import Path

import grimp
from grimp import ImportGraph

WITH_NOUNS = "waste"
"""A package whose nouns are listed by themselves, too."""


def packages_in(root: Path) -> list[str]:
    """Top-level packages, without tests, scripts and pages."""
    found = (path.parent.name for path in root.glob("*/__init__.py"))
    return sorted(name for name in found if name not in ("tests", "scripts", "web"))


def rooms(graph: ImportGraph, package: str) -> set[str]:
    """Modules of a package, without ``__init__`` and migrations."""
    found = {m for m in graph.find_descendants(package) if ".migrations" not in m}
    return {m for m in found if not graph.find_descendants(m)} or {package}


def arrows(graph: ImportGraph, modules: set[str]) -> tuple[int, set[str]]:
    """Imports among the modules, and the modules outside that they import."""
    targets = [(m, t) for m in modules for t in graph.find_modules_directly_imported_by(m)]
    return sum(t in modules for _, t in targets), {t for _, t in targets if t not in modules}


def circles(graph: ImportGraph, modules: set[str]) -> int:
    """Strongly connected groups of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found = 0

    def visit(module: str) -> None:
        nonlocal found
        index[module] = low[module] = len(index)
        stack.append(module)
        for target in graph.find_modules_directly_imported_by(module) & modules:
            if target not in index:
                visit(target)
                low[module] = min(low[module], low[target])
            elif target in stack:
                low[module] = min(low[module], index[target])
        if low[module] == index[module]:
            group = stack[stack.index(module) :]
            del stack[stack.index(module) :]
            found += len(group) > 1

    for module in sorted(modules):
        if module not in index:
            visit(module)
    return found


def table(root: Path) -> str:
    """The table in Markdown."""
    names = packages_in(root)
    graph = grimp.build_graph(*names, cache_dir=None)
    lines = [
        "| package | rooms | arrows inside | imports of others | imports these packages | circles |",
        "|---|---|---|---|---|---|",
    ]
    nouns = sorted({".".join(m.split(".")[:2]) for m in graph.modules if m.startswith(f"{WITH_NOUNS}.")})
    listed = [name for name in names if name in graph.modules]
    listed += [noun for noun in nouns if graph.find_descendants(noun)]
    for name in sorted(listed):
        modules = rooms(graph, name)
        inside, outside = arrows(graph, modules)
        others = sorted({t.split(".")[0] for t in outside} - {name.split(".")[0]})
        lines.append(
            f"| `{name}` | {len(modules)} | {inside} | {len(outside)} | {', '.join(others) or '–'}"
            f" | {circles(graph, modules)} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    sys.path.insert(0, str(folder))
    print(table(folder))
