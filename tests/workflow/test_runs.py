"""The workflow in earnest, small: what reruns, what does not, equal bytes, interruption."""

import os
import re
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from model_settings import cards
from morphoflow.dependencies import code
from morphoflow.models.interface import (
    Baseline,
    Decoding,
    Embedding,
    Filming,
    Generating,
    Trained,
    TreeMaking,
    WalkProbing,
    model_file,
)
from morphoflow.tables import read_objects, read_table
from morphoflow.verify import verify
from places import ROOT
from workflow import Workflow, environment, results

# `registered` would take the demo's cells too.
REGISTERED = "results/discs/registered.parquet"
TARGETS = ("all", "masks", "dendrites", "sweeps", REGISTERED)
# All models and embeddings; what is made of those of neurons, for that of all; masks of one run.
REPEATED = (
    *("embeddings", "neurons", REGISTERED),
    "results/shapes/features/default/seed0/masks",
    "results/arbors/progressive_gan/tiny/seed0/timelapse.mp4",
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A workflow that has been run to its end."""
    workflow = Workflow(tmp_path_factory.mktemp("finished"))
    workflow.snakemake(*TARGETS)
    return workflow


def test_everything_is_made(finished):
    made = results(finished)
    run = "tiny/morphvae/tiny/seed0"
    for name in ("model.pt", "history.parquet", "embedding.h5ad", "clusters.parquet"):
        assert f"{run}/{name}" in made
    run = "discs/o2vae/tiny/seed0"
    for name in ("reconstructions", "image_map", "invariance", "retrieval", "history"):
        assert f"{run}/figures/{name}.svg" in made and f"{run}/figures/{name}.png" in made
    run = "shapes/combination/form_and_points/seed0"
    for name in ("embedding.h5ad", "figures/cluster_slice.svg", "masks/objects.csv"):
        assert f"{run}/{name}" in made
    run = "arbors/progressive_gan/tiny/seed0"
    for name in ("generated/grid.png", "realism.parquet", "timelapse.mp4", "figures/nearest.svg"):
        assert f"{run}/{name}" in made
    assert "sweeps/bins/figures/sweep.png" in made
    assert "tiny/comparison/scores.parquet" in made
    report = (finished.folder / "results/report/index.html").read_text()
    for dataset in ("tiny", "discs", "shapes", "arbors"):
        assert f'id="{dataset}"' in report
    assert "MorphVAE" in report and "progressive GAN" in report
    assert not list((finished.folder / "results/checkpoints").glob("*"))


def test_all_results_are_what_they_were_and_no_folder_lacks_its_manifest(finished):
    verified = verify(finished.folder / "results")
    assert verified.damaged == [] and verified.stale == [] and verified.unlisted == []
    folders = {path.parent.name for path in verified.results if path.name == "files.json"}
    assert folders >= {"figures", "generated", "generated_trees", "masks", "phantom", "report"}


def test_nothing_is_done_twice_whatever_is_touched_and_under_any_profile(finished):
    for path in finished.folder.rglob("*"):
        if path.is_file() and path.relative_to(finished.folder).parts[0] in ("scripts", "rules"):
            os.utime(path)
    for profile in ("laptop", "workstation", "slurm"):
        assert finished.planned(*TARGETS, profile=profile) == {}, profile


@pytest.mark.parametrize(
    "module",
    [
        "morphoflow/neurons/samples/walks.py",
        "morphoflow/models/baselines/morphometry.py",
        "morphoflow/images/rotate.py",
        "morphoflow/figures/image_map.py",
        "morphoflow/organelles/volumes/boxes.py",
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
        reasons = finished.planned(*TARGETS)
    finally:
        path.write_text(before)
    said = ("Params have changed", module)
    because_of_it = {rule for rule, why in reasons.items() if any(text in why for text in said)}
    importing = importing_rules(module)
    assert because_of_it and because_of_it <= importing <= set(reasons)
    for rule in set(reasons) - importing:
        assert "updated by another job" in reasons[rule], f"{rule} has no need to run"
    assert finished.planned(*TARGETS) == {}, "the edit was taken back"


DECODING = ["o2vae", "prealigned_vae", "volume_vae", "point_ae"]
GENERATING = ["progressive_gan"]
NOT_DECODING = ["morphvae", *GENERATING]
BASELINES = ["morphometry", "shape_features", "features", "arbor_statistics"]
# The models of the small workflow that a rule runs, and which of their functions.
MODELS_OF = {
    "train": ([*DECODING, *NOT_DECODING], [Trained]),
    "fit": (BASELINES, [Baseline]),
    "embed": (NOT_DECODING, [Embedding]),
    "embed_and_decode": (DECODING, [Decoding]),
    "measure_invariance": (["o2vae"], [Embedding]),
    "generate_images": (GENERATING, [Generating, Filming]),
    "generate_trees": (["morphvae"], [TreeMaking]),
    "probe_walks": (["morphvae"], [WalkProbing]),
    "draw_run": (GENERATING, [Filming]),
}
# The small workflow makes all its data itself, in one volume, and retrains no model.
UNUSED = (
    "fetch_neurons",
    "fetch_cells",
    "find_instances",
    "join_sources",
    "write_masks_of_sources",
    "retrain_in_folds",
)


def importing_rules(module: str) -> set[str]:
    """The rules whose script or model module needs the module, by the import statements."""
    using = set()
    for rule, script in SCRIPTS.items():
        names, kinds = MODELS_OF.get(rule, ([], []))
        codes = [cards()[name]["code"] for name in names]
        models = [str(model_file(code, kind)) for code in codes for kind in kinds]
        entry = f"scripts/{script}.py"
        if f"scripts/{module}" in {entry, *_code(entry, *models)}:
            using.add(rule)
    return using


SCRIPTS = {
    rule: script
    for path in (ROOT / "rules").glob("*.smk")
    for rule, script in re.findall(
        r'^rule (\w+):\n(?:(?!^rule ).*\n)*?        script=entry\("(\w+)"\)',
        path.read_text(),
        re.M,
    )
    if rule not in UNUSED
}


def _code(*entries):
    return {str(Path(path).relative_to(ROOT)) for path in code(*(str(ROOT / e) for e in entries))}


def test_a_changed_setting_reruns_what_depends_on_it(finished):
    small = finished.folder / "small.yaml"
    before = small.read_text()
    small.write_text(before.replace("number: 8", "number: 9"))
    planned = finished.planned(*TARGETS)
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
    training_job(tmp_path, running).terminate()
    assert running.wait(timeout=120) != 0
    assert list((tmp_path / "results/checkpoints").rglob("*.pt"))
    assert not (tmp_path / "results/tiny/morphvae/tiny/seed0/model.pt").exists()
    again.snakemake(*REPEATED)
    log = (tmp_path / "results/logs/train/tiny/morphvae/tiny/seed0.log").read_text()
    assert "resum" in log.lower() or "goes on" in log.lower()
    repeated, made = results(again), results(finished)
    assert repeated.items() <= made.items()
    kinds, swept = ("model.pt", "embedding.h5ad"), ("sweeps/", "tiny/persistence/")
    expected = {name for name in made if name.endswith(kinds) and not name.startswith(swept)}
    run = "tiny/morphvae/tiny/seed0"
    expected |= {f"{run}/clusters.parquet", f"{run}/maps.parquet", f"{run}/figures/maps.svg"}
    assert expected <= set(repeated)


BROKEN = "1 1 0 0 0 5 -1\n2 3 10 0 nan 1 1\n"
WHOLE = "1 1 0 0 0 5 -1\n2 3 10 0 {i} 1 1\n3 3 20 5 0 1 2\n4 3 20 -5 {i} 1 2\n"


@pytest.fixture
def own_neurons(tmp_path):
    """A workflow on a user's folder of neurons, one of which has a NaN coordinate."""
    workflow = Workflow(tmp_path, OWN, "dataset\tmodel\tvariant\tseed\nmine\tmorphvae\ttiny\t0\n")
    folder = tmp_path / "data"
    folder.mkdir()
    for i in range(8):
        (folder / f"n{i}.swc").write_text(WHOLE.format(i=i))
    (folder / "bad.swc").write_text(BROKEN)
    labels = "".join(f"n{i},{'ab'[i % 2]}\n" for i in range(8))
    (tmp_path / "labels.csv").write_text(f"id,label\nbad,a\n{labels}")
    return workflow


OWN = """
runs: runs.tsv
neurons:
  mine: {sources: [{folder: data}], labels: labels.csv, on_bad_input: stop}
"""


def test_a_broken_file_stops_before_training_with_file_line_value_and_remedy(own_neurons):
    done = own_neurons.snakemake("models", check=False)
    assert done.returncode != 0
    for part in ("bad.swc, line 2", "nan", "on_bad_input"):
        assert part in done.stdout
    assert not (own_neurons.folder / "results/logs/train").exists()


def test_a_broken_file_is_listed_and_skipped_where_the_config_says_so(own_neurons):
    config = own_neurons.folder / "small.yaml"
    config.write_text(config.read_text().replace("stop", "skip"))
    own_neurons.snakemake("results/mine/objects.parquet")
    quality = read_table(own_neurons.folder / "results/mine/quality.parquet")
    refused = quality[quality["severity"] == "refused"]
    assert refused[["id", "code", "line"]].values.tolist() == [["bad", "bad_coordinate", 2]]
    objects = read_objects(own_neurons.folder / "results/mine/objects.parquet")
    assert sorted(objects["id"]) == [f"n{i}" for i in range(8)]


def training_job(folder: Path, running: subprocess.Popen) -> psutil.Process:
    """The process that trains in ``folder``, once it has said something of an epoch."""
    log = folder / "results/logs/train/tiny/morphvae/tiny/seed0.log"
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline and running.poll() is None:
        if log.is_file() and "epoch" in log.read_text():
            for process in psutil.Process(running.pid).children(recursive=True):
                if is_training(process):
                    return process
        time.sleep(0.02)
    raise AssertionError("no training was seen")


def is_training(process: psutil.Process) -> bool:
    """Whether a process is the Python of the job that trains MorphVAE."""
    try:
        line = process.cmdline()
        return line[1:2] == ["scripts/train.py"] and "morphvae" in line
    except psutil.Error:
        return False
