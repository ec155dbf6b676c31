"""The library as a package: what a wheel holds, one name and one version, wherever it is used."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from morphoflow.dependencies import code
from morphoflow.errors import InputError
from morphoflow.provenance import provenance

ROOT = Path(__file__).resolve().parents[2]
CACHE = "__pycache__"
LIBRARY = ROOT / "scripts/morphoflow"
VERSION = (LIBRARY / "VERSION").read_text().strip()
BUILD = "from setuptools.build_meta import build_wheel; print(build_wheel('.'))"


def python(*arguments: str, folder: Path, path: str = "") -> str:
    """What Python prints, called in ``folder`` with ``path`` before what is installed."""
    environment = {**os.environ, "PYTHONPATH": path}
    line = [sys.executable, *arguments]
    done = subprocess.run(line, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    built = python("-c", BUILD, folder=folder).splitlines()[-1]
    return folder / built


def test_a_wheel_holds_the_whole_library_and_no_script(wheel):
    kept = [path for path in LIBRARY.rglob("*") if path.is_file() and path.parent.name != CACHE]
    files = {f"morphoflow/{path.relative_to(LIBRARY).as_posix()}" for path in kept}
    names = set(zipfile.ZipFile(wheel).namelist())
    assert wheel.name == f"morphoflow-{VERSION}-py3-none-any.whl"
    information = f"morphoflow-{VERSION}.dist-info/"
    packed = {name for name in names if not name.startswith(information)}
    assert packed == files


def test_the_library_is_imported_from_a_wheel_in_any_folder(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    question = (
        "import importlib.metadata, morphoflow.models.interface as interface\n"
        "from morphoflow.neurons.samples.walks import sample_walks\n"
        "module = interface.load_model('baselines/morphometry.py', interface.Baseline)\n"
        "print(importlib.metadata.version('morphoflow'), module.__file__)"
    )
    found = python("-c", question, folder=tmp_path, path=str(tmp_path / "site")).split()
    assert found == [VERSION, str(tmp_path / "site/morphoflow/models/baselines/morphometry.py")]


def test_the_workflow_takes_the_library_beside_it_wherever_it_is_called_from(tmp_path):
    other = tmp_path / "other/morphoflow"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise ImportError('this is another morphoflow')\n")
    config = tmp_path / "lab/config"
    config.mkdir(parents=True)
    (config / "config.yaml").write_text("runs: runs.tsv\nneurons: {toys: {sources: [toy: three]}}")
    rows = "dataset\tmodel\tvariant\tseed\ntoys\tmorphometry\tdefault\t0\n"
    (tmp_path / "lab/runs.tsv").write_text(rows)
    where = ["--snakefile", str(ROOT / "Snakefile"), "--directory", str(tmp_path / "lab")]
    listed = python(
        "-m", "snakemake", *where, "--list-rules", folder=tmp_path, path=str(other.parent)
    )
    assert "read_neurons" in listed


def test_a_result_records_the_version_which_is_no_input_of_a_job(monkeypatch):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", "scripts/fit.py", raising=False)
    record = provenance(inputs=[], settings={})
    assert (record["command"], record["versions"]["morphoflow"]) == ("fit.py", VERSION)
    assert [path for path in code("scripts/fit.py") if "VERSION" in path] == []


def test_a_session_without_a_script_has_no_provenance(monkeypatch):
    monkeypatch.delattr(sys.modules["__main__"], "__file__", raising=False)
    with pytest.raises(InputError, match="write the result from a script"):
        provenance(inputs=[], settings={})


def test_the_changelog_knows_the_version():
    assert VERSION in (ROOT / "CHANGELOG.md").read_text()


def test_the_citation_names_the_four_published_systems():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    found = {reference["title"] for reference in citation["references"]}
    assert found == {"MorphVAE", "EManalysis", "neuron-gan", "O2-VAE"}
    assert all(reference["type"] and reference["authors"] for reference in citation["references"])
