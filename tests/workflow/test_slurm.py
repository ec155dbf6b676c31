"""The workflow on a real SLURM with two simulated nodes, one of which has GPUs that are none.

What takes minutes is left to `make test-slurm`, which also installs SLURM where it is missing.
"""

import copy
import os
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from slurm import runs
from slurm.cluster import Cluster, Unavailable
from slurm.disk import mounted
from slurm.held import LOG
from slurm.runs import BASELINE, SAMPLES
from slurm.stops import cancel, interrupt_driver, of_rule, preempt
from slurm.submitted import MODEL, Submitted
from workflow import results

WHOLE = os.environ.get("MORPHOFLOW_SLURM") == "yes"


@pytest.fixture(scope="module", autouse=True)
def heard():
    """Both signals end these tests as Ctrl-C does, with all that they started.

    The background of a script ignores SIGINT, and SIGTERM would leave the cluster behind.
    """
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {each: signal.signal(each, signal.default_int_handler) for each in signals}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture(scope="module")
def cluster(heard):
    """A cluster of this session alone."""
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    made = Cluster(folder)
    try:
        made.up(install=WHOLE)
        yield made
    except Unavailable as error:
        pytest.skip(f"no SLURM here: {error}")
    finally:
        made.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def laptop(cluster, tmp_path_factory):
    """The workflow, run on this machine without SLURM; in short, up to the baseline's model."""
    workflow = Submitted(tmp_path_factory.mktemp("laptop"), cluster)
    try:
        workflow.snakemake(*(["embeddings"] if WHOLE else [*SAMPLES, BASELINE]))
        yield workflow
    finally:
        workflow.stop()


@pytest.fixture(scope="module")
def refused(cluster, laptop, tmp_path_factory):
    """A run whose training fails twice; in short, on the samples that the laptop made."""
    workflow = Submitted(tmp_path_factory.mktemp("cluster"), cluster)
    try:
        yield runs.refuse(workflow, None if WHOLE else laptop)
    finally:
        workflow.stop()


@pytest.fixture(scope="module")
def whole():
    """For tests that take minutes."""
    if not WHOLE:
        pytest.skip("it takes minutes: `make test-slurm` runs it")


@pytest.fixture(scope="module")
def stopped(whole, refused):
    """What the log of the run's training says after each of the ways in which it was stopped."""
    return runs.stop_in_every_way(refused.workflow)


@pytest.fixture(scope="module")
def finished(stopped, refused):
    """The run, called once more after its driver was killed while a job went on."""
    return runs.go_on(refused.workflow)


@pytest.fixture
def again(whole, laptop, tmp_path):
    """A copy of the finished workflow."""
    workflow = copy.copy(laptop)
    workflow.folder = shutil.copytree(laptop.folder, tmp_path / "copy")
    yield workflow
    workflow.stop()


def test_a_job_that_trains_gets_a_gpu_and_its_partition_and_no_other_does(refused):
    training = of_rule(refused.jobs, "train")
    assert {job["TresPerJob"] for job in training} == {"gres:gpu:1"}
    assert {job["Partition"] for job in training} == {"gpu"}
    others = [job for job in refused.jobs if job not in training]
    assert len(others) == (5 if WHOLE else 1)
    for job in others:
        assert job["Partition"] == "cpu" and not [key for key in job if key.startswith("TresPer")]


def test_memory_and_time_rise_with_the_attempt(refused):
    asked = [(job["MinMemoryNode"], job["TimeLimit"]) for job in of_rule(refused.jobs, "train")]
    assert asked == [("1600M", "00:31:00"), ("3200M", "01:02:00")]


def test_a_failing_job_shows_its_log_and_what_does_not_depend_on_it_is_made(refused):
    assert refused.code != 0
    assert "error: 1 GPU granted but torch" in refused.said
    assert not (refused.workflow.folder / MODEL).exists()


def test_the_cluster_and_a_laptop_make_the_same_bytes(refused, laptop):
    made = results(refused.workflow)
    assert BASELINE.removeprefix("results/") in made
    assert made.items() <= results(laptop).items()


def test_finished_jobs_are_noticed_without_accounting(cluster, refused):
    assert "accounting storage is disabled" in cluster.call("sacct", check=False)
    assert len(re.findall(r"; \d+ of \d+ jobs done", refused.said)) == (5 if WHOLE else 1)


def test_a_stopped_training_leaves_a_checkpoint_and_the_next_goes_on_from_it(stopped, refused):
    jobs = of_rule(refused.workflow.cluster.jobs(), "train")[len(of_rule(refused.jobs, "train")) :]
    states = [job["JobState"] for job in jobs]
    assert states[:3] == ["CANCELLED", "TIMEOUT", "CANCELLED"] and len(states) == 4
    # The first was preempted, and its node crashed.
    assert int(jobs[0]["Restarts"]) == 2
    for stop, said in stopped.items():
        assert ("resumed after epoch" in said) == (stop is not preempt), said
    for stop in (preempt, cancel, interrupt_driver):
        assert "the checkpoint is written" in stopped[stop], stopped[stop]


def test_a_killed_driver_loses_nothing(finished):
    assert "] train " not in finished.said and "] embed " in finished.said


def test_the_results_have_the_bytes_of_an_uninterrupted_run_on_a_laptop(finished, laptop):
    assert results(finished.workflow) == results(laptop)
    assert not list((laptop.folder / "results/checkpoints").glob("*"))


def test_another_profile_reruns_nothing(finished, laptop):
    assert finished.workflow.planned("embeddings", profile="laptop") == {}
    assert laptop.planned("embeddings", profile="slurm") == {}


def test_a_deleted_file_is_made_by_one_job(finished):
    workflow, before = finished.workflow, results(finished.workflow)
    (workflow.folder / BASELINE).with_name("embedding.h5ad").unlink()
    (new,) = runs.run(workflow, "embeddings").jobs[len(finished.jobs) :]
    assert new["Comment"] == "rule_results_fit"
    assert results(workflow) == before


def test_a_full_disk_costs_no_training_and_leaves_nothing_half_written(again, laptop):
    expected = results(laptop)
    again.change_site(gpus_at_once=0)
    with mounted(again.folder / "results") as disk:
        shutil.copytree(laptop.folder / "results", disk.folder, dirs_exist_ok=True)
        size = (again.folder / MODEL).stat().st_size
        (again.folder / MODEL).unlink()
        # Room for the checkpoint, and not for the model besides.
        disk.fill(left=int(4.5 * size))
        options = ("models", "--retries", "0")
        failed = runs.run(again, *options, check=False)
        assert failed.code and "No space left on device" in failed.said
        disk.clear()
        left = results(again)
        assert left.items() < expected.items() and MODEL.removeprefix("results/") not in left
        runs.run(again, *options)
        assert "resumed after epoch 60 of 60" in (again.folder / LOG).read_text()
        assert results(again) == expected


def test_two_gpus_are_on_one_node_with_a_core_for_each_and_one_task(again):
    (job,) = runs.train_on_gpus(again, 1, gpus=2)
    asked = [job[key] for key in ("TresPerJob", "NumNodes", "NumTasks", "NumCPUs")]
    assert asked == ["gres:gpu:2", "1", "1", "2"]


def test_trainings_run_side_by_side_each_on_a_gpu_of_its_own(again):
    first, second = runs.train_on_gpus(again, 1, 2, gpus=1)
    assert first["TresPerJob"] == second["TresPerJob"] == "gres:gpu:1"
    assert second["StartTime"] < first["EndTime"] and first["StartTime"] < second["EndTime"]


MANY = [BASELINE.replace("seed0", f"seed{seed}") for seed in (1, 2, 3)]
GROUPED = ("--groups", "fit=fits", "--group-components", "fits=3")
SMALL = ("--set-resources", "fit:small=1", "fit:runtime=10")


def test_many_small_jobs_go_as_one_that_asks_for_the_sum_of_times_and_the_memory_of_one(again):
    before = len(again.cluster.jobs())
    (job,) = runs.run(again, *MANY, *GROUPED, *SMALL).jobs[before:]
    assert job["Comment"] == "rule_fits_fit"
    asked = [job[key] for key in ("MinMemoryNode", "TimeLimit", "NumCPUs", "Partition")]
    assert asked == ["1600M", "00:30:00", "1", "cpu"]
    assert all((again.folder / model).exists() for model in MANY)


def test_analysis_and_figures_of_a_run_are_one_job_with_the_sum_of_their_times(again):
    figures = BASELINE.replace("model.pt", "figures")
    before = len(again.cluster.jobs())
    measured, job = runs.run(again, figures).jobs[before:]
    assert measured["Comment"].startswith("rule_measure_morphometrics")
    assert job["Comment"].startswith("rule_results_")
    asked = [job[key] for key in ("MinMemoryNode", "TimeLimit", "NumCPUs", "Partition")]
    assert asked == ["1600M", "01:01:00", "1", "cpu"]
    assert (again.folder / figures / "maps.svg").exists()
