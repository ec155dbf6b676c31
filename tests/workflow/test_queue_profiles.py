"""The profiles for PBS and LSF, by stand-ins for their commands: neither runs here."""

import os
import subprocess
import sys

import pytest

from places import ROOT
from slurm.submitted import CONFIG, RUNS
from workflow import PIPE, Workflow, environment

pytest.importorskip("snakemake_executor_plugin_cluster_generic")

# A queue without waiting: it notes what it is asked for, and does it at once.
QUEUES = {
    "pbs": {
        "qsub": 'echo "$@" > asked; for job; do :; done; sh "$job" > said 2>&1; echo $? > code\n'
        "echo 7.server\n",
        "qstat": 'echo "Job Id: 7.server"; echo "    job_state = F"\n'
        'echo "    Exit_status = $(cat code)"\n',
    },
    "lsf": {
        "bsub": 'echo "$@" > asked; for job; do :; done; sh "$job" > said 2>&1; echo $? > code\n'
        'echo "Job <7> is submitted to default queue <normal>."\n',
        "bjobs": "[ $(cat code) = 0 ] && echo DONE || echo EXIT\n",
    },
}
ASKED = {
    "pbs": {
        "0": "-l select=1:ncpus=3:mem=500mb -l walltime=1200",
        "1": "-l select=1:ncpus=3:mem=500mb:ngpus=1 -l walltime=1200",
        "2": "-l select=1:ncpus=6:mem=500mb:ngpus=2 -l walltime=1200",
    },
    "lsf": {
        "0": "-n 3 -R span[hosts=1] rusage[mem=500MB] -M 500MB -W 20",
        "1": "-n 3 -R span[hosts=1] rusage[mem=500MB] -M 500MB -W 20",
        "2": "-n 6 -R span[hosts=1] rusage[mem=500MB] -M 500MB -W 20",
    },
}
SAID = {
    "pbs": {
        'echo "    job_state = R"': "running",
        'echo "    job_state = F"; echo "    Exit_status = 0"': "success",
        'echo "    job_state = F"; echo "    Exit_status = 271"': "failed",
        # Torque
        '[ "$1" = -f ] || exit 1; echo "    job_state = C"; echo "    exit_status = 0"': "success",
        'echo "qstat: Unknown Job Id 7" >&2; exit 153': "failed",
        'echo "qstat: cannot connect to server" >&2; exit 111': "running",
    },
    "lsf": {
        "echo PEND": "running",
        "echo DONE": "success",
        "echo EXIT": "failed",
        'echo "Job <7> is not found" >&2; exit 255': "failed",
        'echo "LSF is down. Please wait ..." >&2; exit 255': "running",
    },
}


def stand_in(folder, commands: dict[str, str]) -> dict[str, str]:
    """The environment in which ``commands``, shell scripts, are those of a queue."""
    bin = folder / "bin"
    bin.mkdir()
    for name, text in commands.items():
        (bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (bin / name).chmod(0o755)
    given = environment()
    return given | {"PATH": f"{bin}{os.pathsep}{given['PATH']}"}


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("gpus", ["0", "1", "2"])
def test_a_job_asks_for_what_its_rule_says(tmp_path, queue, gpus):
    (tmp_path / "job").write_text("true\n")
    line = ["sh", ROOT / "profiles" / queue / "submit", "train", "3", "500", "20", gpus, "job"]
    env = stand_in(tmp_path, QUEUES[queue])
    done = subprocess.run(line, cwd=tmp_path, env=env, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == {"pbs": "7.server", "lsf": "7"}[queue]
    asked = (tmp_path / "asked").read_text()
    assert ASKED[queue][gpus] in asked
    if queue == "lsf":
        assert ("-gpu" in asked) == (gpus != "0")
        assert gpus == "0" or f"-gpu num={gpus}:" in asked


@pytest.mark.parametrize(
    ("queue", "answer", "status"),
    [(queue, answer, status) for queue, said in SAID.items() for answer, status in said.items()],
)
def test_the_state_of_a_job_is_read_and_silence_is_no_failure(tmp_path, queue, answer, status):
    command = {"pbs": "qstat", "lsf": "bjobs"}[queue]
    line = ["sh", ROOT / "profiles" / queue / "status", "7"]
    env = stand_in(tmp_path, {command: answer})
    done = subprocess.run(line, env=env, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [status]


def test_a_rule_is_run_through_the_queue(tmp_path):
    workflow = Workflow(tmp_path, CONFIG, RUNS)
    target = "results/sources/toy_three_n8_s0.zip"
    line = [sys.executable, "-m", "snakemake", target, "--profile", "profiles/pbs"]
    line += ["--configfile", "small.yaml", "--seconds-between-status-checks", "1"]
    env = stand_in(tmp_path, QUEUES["pbs"])
    done = subprocess.run(line, cwd=tmp_path, env=env, text=True, timeout=300, **PIPE)
    assert done.returncode == 0, done.stdout
    assert (workflow.folder / target).exists()
    assert "generate_neurons" in (tmp_path / "asked").read_text()
