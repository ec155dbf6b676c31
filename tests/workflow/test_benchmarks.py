"""The scripts of the benchmarks: what they take from the library is defined where they say."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / "resources/benchmarks").rglob("*.py"))


def defined(module):
    """The names that a module of the library defines."""
    nodes = ast.parse((ROOT / "scripts" / f"{module.replace('.', '/')}.py").read_text()).body
    names = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    targets = [target for node in nodes if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in nodes if isinstance(node, ast.AnnAssign)]
    return names | {node.id for t in targets for node in ast.walk(t) if isinstance(node, ast.Name)}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_benchmark_finds_what_it_takes_from_the_library(script):
    for node in ast.walk(ast.parse(script.read_text())):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("morphoflow"):
            continue
        for name in (alias.name for alias in node.names):
            module = ROOT / "scripts" / node.module.replace(".", "/")
            there = (module / f"{name}.py").is_file() or (module / name).is_dir()
            assert there or name in defined(node.module), f"{node.module}.{name}"
