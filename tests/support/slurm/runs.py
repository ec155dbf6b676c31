"""Runs of the small workflow on a cluster, in one piece and in pieces."""

import shutil
from dataclasses import dataclass

from slurm.held import LOG, hold_training
from slurm.stops import (
    cancel,
    crash,
    interrupt_driver,
    kill_driver,
    of_rule,
    preempt,
    run_out_of_time,
)
from slurm.submitted import MODEL, Submitted

BASELINE = "results/tiny/density/default/seed0/model.pt"
# What a training and the baseline's fit begin with.
SAMPLES = ("results/tiny/samples/walks.zarr", "results/tiny/samples/densities.zarr")


@dataclass
class Outcome:
    """What a run on the cluster left: its exit code, its output and the jobs of the cluster."""

    workflow: Submitted
    code: int
    said: str
    jobs: list[dict[str, str]]


def run(workflow: Submitted, *arguments: str, check: bool = True) -> Outcome:
    """Run the workflow on its cluster."""
    done = workflow.snakemake(*arguments, profile="slurm", check=check)
    return Outcome(workflow, done.returncode, done.stdout, workflow.cluster.jobs())


def refuse(workflow: Submitted, begun: Submitted | None) -> Outcome:
    """A run whose training fails twice, since the GPU that SLURM gives it is none.

    It goes on from the samples of a workflow that was ``begun``, if there is one.
    """
    if begun:
        shutil.copytree(begun.folder, workflow.folder, dirs_exist_ok=True)
        (workflow.folder / BASELINE).unlink()
    return run(workflow, "models", "--keep-going", "--retries", "1", check=False)


def stop_in_every_way(workflow: Submitted) -> dict:
    """Call the workflow again, on a site without GPUs, and stop its training in every way.

    Returns what the training's log said after each.
    """
    workflow.change_site(gpus_at_once=0)
    driver = workflow.start("embeddings", profile="slurm")
    said = {}
    for stop in (preempt, crash, cancel, run_out_of_time, interrupt_driver):
        held = hold_training(workflow, driver)
        stop(workflow.cluster, of_rule(workflow.cluster.jobs(), "train")[-1]["JobId"], driver)
        held.wait(timeout=300)
        said[stop] = (workflow.folder / LOG).read_text()
    driver.communicate(timeout=300)
    driver = workflow.start("embeddings", profile="slurm")
    held = hold_training(workflow, driver)
    said[kill_driver] = (workflow.folder / LOG).read_text()
    kill_driver(workflow.cluster, None, driver)
    held.resume()
    return said


def go_on(workflow: Submitted) -> Outcome:
    """Call the workflow once more after its driver was killed while a job went on."""
    orphan = of_rule(workflow.cluster.jobs(), "train")[-1]["JobId"]
    assert workflow.cluster.wait(orphan) == "COMPLETED"
    workflow.snakemake("--unlock", profile="slurm")
    return run(workflow, "embeddings")


def train_on_gpus(workflow: Submitted, *seeds: int, gpus: int) -> list[dict[str, str]]:
    """The jobs of trainings on GPUs, all of which fail, since the GPUs are none."""
    before = len(workflow.cluster.jobs())
    models = [MODEL.replace("seed0", f"seed{seed}") for seed in seeds]
    options = ("--set-resources", f"train:gpu={gpus}", "--retries", "0", "--keep-going")
    done = run(workflow, *models, *options, check=False)
    assert f"error: {gpus} GPU granted but torch" in done.said
    return done.jobs[before:]
