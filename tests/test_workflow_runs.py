"""The workflow in earnest, small: what reruns, what does not, equal bytes, interruption."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from morphoflow.dependencies import code
from morphoflow.files import sha256
from workflow import ROOT, Workflow, environment

pytestmark = pytest.mark.xdist_group("runs")
NOT_RESULTS = ("logs", "benchmarks", "report.html", "checkpoints")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workflow that has been run to its end."""
    workflow = Workflow(tmp_path_factory.mktemp("finished"))
    workflow.snakemake("all")
    return workflow


def results(workflow) -> dict[str, str]:
    """The checksum of every result file; logs, benchmarks and the report hold times."""
    root = workflow.folder / "results"
    return {
        path.relative_to(root).as_posix(): sha256(path)
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.relative_to(root).parts[0] not in NOT_RESULTS
        and path.name != ".snakemake_timestamp"
    }


def test_everything_is_made(finished):
    made = results(finished)
    run = "tiny/morphvae/tiny/seed0"
    for name in ("model.pt", "history.parquet", "embedding.h5ad", "clusters.parquet"):
        assert f"{run}/{name}" in made
    assert "tiny/comparison/scores.parquet" in made
    report = (finished.folder / "results/report.html").read_text()
    assert "morphvae" in report and len(report) > 100_000
    assert not list((finished.folder / "results/checkpoints").glob("*"))


def test_nothing_is_done_twice_whatever_is_touched_and_under_any_profile(finished):
    for path in finished.folder.rglob("*"):
        if path.is_file() and path.relative_to(finished.folder).parts[0] in ("scripts", "rules"):
            os.utime(path)
    for profile in ("laptop", "workstation", "slurm"):
        assert finished.planned("all", profile=profile) == {}, profile


@pytest.mark.parametrize(
    "module",
    [
        "morphoflow/neurons/walks.py",
        "morphoflow/models/density.py",
        "morphoflow/analysis/clusters.py",
        "morphoflow/training/loop.py",
        "sample_walks.py",
    ],
)
def test_an_edit_reruns_exactly_the_rules_that_use_the_module(finished, module):
    path = finished.folder / "scripts" / module
    before = path.read_text()
    path.write_text(f"{before}\n# edited\n")
    try:
        reasons = finished.planned("all")
    finally:
        path.write_text(before)
    direct = {rule for rule, reason in reasons.items() if module in reason}
    assert direct == importing_rules(module)
    assert finished.planned("all") == {}, "the edit was taken back"


def importing_rules(module: str) -> set[str]:
    """The rules whose script or model module needs the module, by the import statements."""
    scripts = {f"scripts/{path.name}": path.stem for path in (ROOT / "scripts").glob("*.py")}
    models = [
        f"scripts/morphoflow/models/{name}.py" for name in ("morphvae", "morphometry", "density")
    ]
    using = set()
    for script, rule in scripts.items():
        entries = [script, *models] if rule in ("train", "fit", "embed") else [script]
        if f"scripts/{module}" in {script, *_code(*entries)}:
            using.add(rule)
    return using


def _code(*entries):
    return {str(Path(path).relative_to(ROOT)) for path in code(*(str(ROOT / e) for e in entries))}


def test_a_changed_setting_reruns_what_depends_on_it(finished):
    small = finished.folder / "small.yaml"
    before = small.read_text()
    small.write_text(before.replace("number: 8", "number: 9"))
    planned = finished.planned("all")
    small.write_text(before)
    assert "sample_walks" in planned and "train" in planned
    assert not {"read_neurons", "map_densities", "measure_morphometrics"} & set(planned)


def test_a_deleted_file_is_made_again_with_the_same_bytes_and_nothing_else(finished):
    before = results(finished)
    name = "tiny/morphvae/tiny/seed0/clusters.parquet"
    (finished.folder / "results" / name).unlink()
    finished.snakemake(f"results/{name}")
    assert results(finished) == before


def test_an_interrupted_training_goes_on_and_two_runs_give_equal_bytes(finished, tmp_path):
    again = Workflow(tmp_path)
    line = again.command("models")
    running = subprocess.Popen(
        line, cwd=tmp_path, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    pid = training_job(tmp_path, running)
    os.kill(pid, signal.SIGTERM)
    assert running.wait(timeout=120) != 0
    assert list((tmp_path / "results/checkpoints").rglob("*.pt"))
    assert not (tmp_path / "results/tiny/morphvae/tiny/seed0/model.pt").exists()
    again.snakemake("all")
    log = (tmp_path / "results/logs/train/tiny/morphvae/tiny/seed0.log").read_text()
    assert "resum" in log.lower() or "goes on" in log.lower()
    assert results(again) == results(finished)


def training_job(folder: Path, running: subprocess.Popen) -> int:
    """The process that trains in ``folder``, once it has printed a line about an epoch."""
    log = folder / "results/logs/train/tiny/morphvae/tiny/seed0.log"
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and running.poll() is None:
        if log.is_file() and "epoch" in log.read_text():
            for process in Path("/proc").glob("[0-9]*"):
                if trains_in(process, folder):
                    return int(process.name)
        time.sleep(0.05)
    raise AssertionError("no training was seen")


def trains_in(process: Path, folder: Path) -> bool:
    """Whether a process is a training job of the copy in ``folder``."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
        return words[1:2] == [b"scripts/train.py"] and (process / "cwd").resolve() == folder
    except OSError:
        return False
