"""A rule's code inputs are all the modules behind its script, and no others."""

import subprocess
import sys
from pathlib import Path

import pytest

from morphoflow.dependencies import code
from places import ROOT

ENTRIES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("scripts/*.py"))

LOADED = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="imported")
for name, module in sys.modules.items():
    if name.startswith("morphoflow.") and getattr(module, "__file__", None):
        print(module.__file__)
"""


@pytest.mark.parametrize("script", ENTRIES)
def test_nothing_that_python_loads_is_missing(script, monkeypatch):
    """Held against the interpreter: what it really imports must be among the inputs."""
    monkeypatch.chdir(ROOT)
    done = subprocess.run(
        [sys.executable, "-c", LOADED, script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "scripts", "PATH": ""},
    )
    loaded = {Path(line) for line in done.stdout.splitlines()}
    loaded = {path for path in loaded if path.name != "__init__.py"}
    assert loaded, "the script imports nothing of the library"
    assert {path.relative_to(ROOT).as_posix() for path in loaded} <= set(code(script))


def test_packages_have_empty_init_files_so_that_nothing_depends_on_everything():
    assert [path for path in ROOT.glob("scripts/**/__init__.py") if path.read_text()] == []


def test_further_entries_count_and_absolute_paths_stay_absolute(monkeypatch):
    monkeypatch.chdir(ROOT)
    entry = "scripts/morphoflow/files.py"
    assert entry in code("scripts/morphoflow/errors.py", entry)
    absolute = code(str(ROOT / "scripts/morphoflow/store.py"))
    assert str(ROOT / "scripts/morphoflow/files.py") in absolute
