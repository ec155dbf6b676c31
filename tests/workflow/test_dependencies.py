"""What a job's digest of code covers: all modules that its script uses, and no others."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from morphoflow.dependencies import code, code_digest
from places import ROOT

ENTRIES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("scripts/*.py"))

# Each script in a child of one process that has loaded the large packages: they are not ours, and
# take a hundred times as long as our own modules.
LOADED = """
import json, os, runpy, sys
import anndata, hdbscan, lightning_fabric, matplotlib.figure, numba, scipy.stats, sklearn.ensemble
import skimage.measure, tensorstore, tifffile, torch, umap, zarr

def loaded(script):
    runpy.run_path(script, run_name="imported")
    ours = [module for name, module in sys.modules.items() if name.startswith("morphoflow.")]
    return [module.__file__ for module in ours if getattr(module, "__file__", None)]

for script in sys.argv[1:]:
    if os.fork() == 0:
        print(json.dumps([script, loaded(script)]), flush=True)
        os._exit(0)
    if os.wait()[1] != 0:
        sys.exit(f"{script} cannot be loaded")
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, set[str]]:
    """The modules of the library that Python loads for each script, relative to the project."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *ENTRIES],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={"PYTHONPATH": "scripts", "PATH": ""},
    )
    pairs = (json.loads(line) for line in done.stdout.splitlines())
    return {
        script: {
            Path(file).relative_to(ROOT).as_posix()
            for file in files
            if not file.endswith("__init__.py")
        }
        for script, files in pairs
    }


@pytest.mark.parametrize("script", ENTRIES)
def test_nothing_that_python_loads_is_missing(script, loaded, monkeypatch):
    """Held against the interpreter: what it really imports must be covered."""
    monkeypatch.chdir(ROOT)
    assert loaded[script], "the script imports nothing of the library"
    assert loaded[script] <= set(code(script))


def test_packages_have_empty_init_files_so_that_nothing_depends_on_everything():
    assert [path for path in ROOT.glob("scripts/**/__init__.py") if path.read_text()] == []


def test_further_entries_count_and_absolute_paths_stay_absolute(monkeypatch):
    monkeypatch.chdir(ROOT)
    entry = "scripts/morphoflow/files.py"
    assert entry in code("scripts/morphoflow/errors.py", entry)
    absolute = code(str(ROOT / "scripts/morphoflow/store.py"))
    assert str(ROOT / "scripts/morphoflow/files.py") in absolute


def test_the_digest_follows_every_module_and_not_the_place(tmp_path, monkeypatch):
    """Rules and provenance name code by it; a clone elsewhere has the same."""
    monkeypatch.chdir(ROOT)
    here = code_digest("scripts/join_samples.py")
    assert here == code_digest(str(ROOT / "scripts/join_samples.py"))
    copy = tmp_path / "scripts"
    shutil.copytree(ROOT / "scripts", copy, ignore=shutil.ignore_patterns("__pycache__"))
    assert _digest_in(copy) == here
    module = copy / "morphoflow/files.py"
    module.write_text(module.read_text() + "# edited\n")
    assert _digest_in(copy) != here


def _digest_in(scripts: Path) -> str:
    ask = "from morphoflow.dependencies import code_digest as digest; print(digest('{}'))"
    command = [sys.executable, "-c", ask.format(scripts / "join_samples.py")]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(scripts)}
    )
    return done.stdout.strip()
