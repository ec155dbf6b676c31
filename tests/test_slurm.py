"""The workflow on a real SLURM with two simulated nodes, one of which has GPUs that are none."""

import copy
import os
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from slurm.cluster import Cluster, Unavailable
from slurm.held import LOG, hold_training
from slurm.submitted import MODEL, Submitted
from test_workflow_runs import results

# The cap `--resources gpu=0` would hold where jobs are submitted, but not within them.
ON_CPU = ("--set-resources", "train:gpu=0", "embed:gpu=0")


@dataclass
class Outcome:
    """What a run on the cluster left: its exit code, its output and the jobs of the cluster."""

    workflow: Submitted
    code: int
    said: str
    jobs: list[dict[str, str]]


@pytest.fixture(scope="module")
def cluster():
    """A cluster of this session alone, whose packages are installed where that can be done."""
    if os.environ.get("MORPHOFLOW_SLURM") != "yes":
        pytest.skip("it takes some ten minutes: `make test-slurm` runs it")
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    made = Cluster(folder)
    try:
        made.up(install=True)
    except Unavailable as error:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"no SLURM here: {error}")
    yield made
    made.down()


@pytest.fixture(scope="module")
def laptop(cluster, tmp_path_factory):
    """The workflow, finished on this machine without SLURM."""
    workflow = Submitted(tmp_path_factory.mktemp("laptop"), cluster)
    workflow.snakemake("embeddings")
    return workflow


@pytest.fixture(scope="module")
def refused(cluster, tmp_path_factory):
    """A run whose training fails twice, since the GPU that SLURM gives it is none."""
    workflow = Submitted(tmp_path_factory.mktemp("cluster"), cluster)
    options = ("--keep-going", "--retries", "1")
    done = workflow.snakemake("models", *options, profile="slurm", check=False)
    return Outcome(workflow, done.returncode, done.stdout, cluster.jobs())


@pytest.fixture(scope="module")
def stopped(refused):
    """The run, called again for the CPU: its training is stopped in every way there is.

    Returns what the training's log said after each.
    """
    cluster, workflow = refused.workflow.cluster, refused.workflow
    driver = workflow.start("embeddings", *ON_CPU, profile="slurm")
    said = {}
    for stop in (preempt, cancel, run_out_of_time, interrupt_driver):
        held = hold_training(workflow, driver)
        stop(cluster, of_rule(cluster.jobs(), "train")[-1]["JobId"], driver)
        held.wait(timeout=120)
        said[stop] = (workflow.folder / LOG).read_text()
    driver.communicate(timeout=120)
    driver = workflow.start("embeddings", *ON_CPU, profile="slurm")
    held = hold_training(workflow, driver)
    said[kill_driver] = (workflow.folder / LOG).read_text()
    kill_driver(driver)
    held.resume()
    return said


def preempt(cluster, job, driver):
    cluster.call("scontrol", "requeue", job)


def cancel(cluster, job, driver):
    cluster.call("scancel", job)


def run_out_of_time(cluster, job, driver):
    cluster.call("scontrol", "update", f"JobId={job}", "EndTime=now+1")


def interrupt_driver(cluster, job, driver):
    driver.send_signal(signal.SIGINT)


def kill_driver(driver):
    driver.kill()
    driver.communicate()


@pytest.fixture(scope="module")
def finished(stopped, refused):
    """The run, called once more after its driver was killed while a job went on."""
    cluster, workflow = refused.workflow.cluster, refused.workflow
    orphan = of_rule(cluster.jobs(), "train")[-1]["JobId"]
    assert cluster.wait(orphan) == "COMPLETED"
    workflow.snakemake("--unlock", profile="slurm")
    done = workflow.snakemake("embeddings", *ON_CPU, profile="slurm")
    return Outcome(workflow, done.returncode, done.stdout, cluster.jobs())


def of_rule(jobs, rule: str) -> list[dict[str, str]]:
    """The jobs of a rule."""
    return [job for job in jobs if job["Comment"].startswith(f"rule_{rule}_")]


def test_a_job_that_trains_gets_a_gpu_and_its_partition_and_no_other_does(refused):
    training = of_rule(refused.jobs, "train")
    assert {job["TresPerJob"] for job in training} == {"gres:gpu:1"}
    assert {job["Partition"] for job in training} == {"gpu"}
    others = [job for job in refused.jobs if job not in training]
    assert len(others) == 5
    for job in others:
        assert job["Partition"] == "cpu" and not [key for key in job if key.startswith("TresPer")]


def test_memory_and_time_rise_with_the_attempt(refused):
    asked = [(job["MinMemoryNode"], job["TimeLimit"]) for job in of_rule(refused.jobs, "train")]
    assert asked == [("8000M", "04:00:00"), ("16000M", "08:00:00")]


def test_a_failing_job_shows_its_log_and_what_does_not_depend_on_it_is_made(refused):
    assert refused.code != 0
    assert "error: 1 GPU granted but torch" in refused.said
    assert not (refused.workflow.folder / MODEL).exists()
    assert (refused.workflow.folder / "results/tiny/density/default/seed0/model.pt").exists()


def test_finished_jobs_are_noticed_without_accounting(cluster, refused):
    assert "accounting storage is disabled" in cluster.call("sacct", check=False)
    assert refused.said.count("Finished jobid") == 5


def test_a_stopped_training_leaves_a_checkpoint_and_the_next_goes_on_from_it(stopped, refused):
    jobs = of_rule(refused.workflow.cluster.jobs(), "train")[len(of_rule(refused.jobs, "train")) :]
    states = [job["JobState"] for job in jobs]
    assert states[:3] == ["CANCELLED", "TIMEOUT", "CANCELLED"] and len(states) == 4
    assert int(jobs[0]["Restarts"]) == 1
    for stop, said in stopped.items():
        assert ("resumed after epoch" in said) == (stop is not preempt), said
    for stop in (preempt, cancel, interrupt_driver):
        assert "the checkpoint is written" in stopped[stop], stopped[stop]


def test_a_killed_driver_loses_nothing(finished):
    assert "rule train:" not in finished.said and "rule embed:" in finished.said


def test_the_results_have_the_bytes_of_an_uninterrupted_run_on_a_laptop(finished, laptop):
    assert results(finished.workflow) == results(laptop)
    assert not list((laptop.folder / "results/checkpoints").glob("*"))


def test_another_profile_reruns_nothing(finished, laptop):
    assert finished.workflow.planned("embeddings", profile="laptop") == {}
    assert laptop.planned("embeddings", profile="slurm") == {}


def test_a_deleted_file_is_made_by_one_job(finished):
    workflow, before = finished.workflow, results(finished.workflow)
    (workflow.folder / "results/tiny/density/default/seed0/embedding.h5ad").unlink()
    workflow.snakemake("embeddings", *ON_CPU, profile="slurm")
    (new,) = workflow.cluster.jobs()[len(finished.jobs) :]
    assert new["Comment"] == "rule_embed_wildcards_tiny_density_default_0"
    assert results(workflow) == before


MANY = [f"results/tiny/density/default/seed{seed}/model.pt" for seed in (1, 2, 3)]
GROUPED = ("--groups", "fit=fits", "--group-components", "fits=3")
SMALL = ("--set-resources", "fit:small=1", "fit:runtime=10")


def test_many_small_jobs_go_as_one_that_asks_for_the_sum_of_times_and_the_memory_of_one(
    laptop, tmp_path
):
    workflow = copy.copy(laptop)
    workflow.folder = shutil.copytree(laptop.folder, tmp_path / "copy")
    before = len(workflow.cluster.jobs())
    workflow.snakemake(*MANY, *GROUPED, *SMALL, profile="slurm")
    (job,) = workflow.cluster.jobs()[before:]
    assert job["Comment"] == "rule_fits_fit"
    asked = [job[key] for key in ("MinMemoryNode", "TimeLimit", "NumCPUs", "Partition")]
    assert asked == ["4000M", "00:30:00", "1", "cpu"]
    assert all((workflow.folder / model).exists() for model in MANY)
