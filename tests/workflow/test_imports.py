"""The import graph: modalities know nothing of each other, and no folder stands in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
# What no other test runs, since it takes minutes to hours.
LONG = [*(ROOT / "resources/benchmarks").rglob("*.py"), *(ROOT / "tests/campaigns").glob("*.py")]
FILES = {
    ".".join(file.relative_to(SCRIPTS).with_suffix("").parts): file
    for file in SCRIPTS.rglob("*.py")
    if file.name != "__init__.py"
}
ENTRIES = [name for name in FILES if "." not in name]
MODALITIES = ("cells", "dendrites", "neurons", "organelles")


def imported(file: Path) -> set[str]:
    """The modules of this project that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names & set(FILES)


IMPORTS = {name: imported(file) for name, file in FILES.items()}


def between(place) -> dict[str, set[str]]:
    """The graph of imports from one place to another; ``place`` says where a module is."""
    graph: dict[str, set[str]] = {}
    for name, others in IMPORTS.items():
        graph.setdefault(place(name), set()).update(map(place, others))
    return {here: there - {here} for here, there in graph.items()}


def area(name: str) -> str:
    """The folder of the library that a module is in; one in none is an area of its own."""
    return ".".join(name.split(".")[:2])


def folder(name: str) -> str:
    """The innermost folder of a module; one at the top of the library is a folder of its own."""
    return name if name.count(".") < 2 else name.rpartition(".")[0]


def test_the_graph_is_that_of_the_library():
    assert len(ENTRIES) > 40 and len(FILES) > 300
    assert all(IMPORTS[entry] for entry in ENTRIES)
    assert "morphoflow.reading.quality" in IMPORTS["morphoflow.cells.reading.prepare"]


@pytest.mark.parametrize("modality", MODALITIES)
def test_no_modality_imports_another(modality):
    others = {f"morphoflow.{name}" for name in MODALITIES if name != modality}
    graph = between(area)
    assert graph[f"morphoflow.{modality}"] and not graph[f"morphoflow.{modality}"] & others


@pytest.mark.parametrize("place", [area, folder, str])
def test_no_two_folders_or_modules_import_each_other_even_through_others(place):
    order = list(TopologicalSorter(between(place)).static_order())  # raises CycleError at a circle
    assert len(order) == len(set(map(place, FILES)))


def test_entry_scripts_are_imported_by_nobody():
    assert [name for name, others in IMPORTS.items() if others & set(ENTRIES)] == []


def test_every_folder_is_a_package_with_an_empty_init_file():
    folders = {file.parent for name, file in FILES.items() if name not in ENTRIES}
    texts = {folder: (folder / "__init__.py").read_text() for folder in folders}
    assert texts and not any(texts.values())


def defined(file: Path) -> set[str]:
    """The names that a module defines or imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add(node.asname or node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@pytest.mark.parametrize("file", LONG, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_long_scripts_import_what_there_is(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in FILES:
            names = {alias.name for alias in node.names}
            modules = {name for name in names if f"{node.module}.{name}" in FILES}
            assert names <= defined(FILES[node.module]) | modules
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("morphoflow"):
            # A folder of the library.
            assert {f"{node.module}.{alias.name}" for alias in node.names} <= set(FILES)
