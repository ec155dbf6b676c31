"""Kill small workflows at random times, and compare how they end with one that was left alone.

    python tests/campaigns/kills.py --kills 200 --seed 1
    python tests/campaigns/kills.py --kills 20 --workflow all --folder FOLDER

A workflow runs once undisturbed. Then, until there were enough kills, its results are set back to
some moment of that run and it goes on. Up to JOBS of its jobs are killed one after the other, each
of which it tries again, then all of it; this up to WHOLE times. Then it runs to its end. All that
by SIGKILL, SIGTERM or SIGINT. Ends with 1 unless every end has the bytes of the undisturbed run,
with no partial file or checkpoint left.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from morphoflow.files import whole
from workflow import CONFIG, RUNS, Workflow, environment, forking, of_kind, results

# Their configuration and runs, and what is made.
WORKFLOWS = {
    "neurons": (*of_kind("neurons"), ("figures",)),
    "dendrites": (*of_kind("dendrites"), ("dendrites", "figures")),
    "all": (CONFIG, RUNS, ("all", "masks", "dendrites", "sweeps")),
}
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
# Between the moment to which a workflow is set back and its end, how often all of it is killed at
# most, and how many of its jobs before each time.
WHOLE, JOBS = 4, 16
# Seconds that a workflow may take to end.
PATIENCE = 300
MARK = ".snakemake_timestamp"


def main(kills: int, seed: int, name: str, folder: Path | None) -> int:
    """Print the counts of all kills and ends; ``folder`` keeps the undisturbed run for more."""
    # A shell has what it starts in the background, and all that this starts, ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    chance = random.Random(seed)
    config, runs, targets = WORKFLOWS[name]
    counts: Counter = Counter()
    with tempfile.TemporaryDirectory() as place:
        calm = (folder or Path(place)) / name
        if not calm.exists():
            with whole(calm) as partial:
                Workflow(_new(partial), config, runs).snakemake(*targets)
        moments = [when(output) for output in outputs(calm / "results")]
        shaken = Workflow.copy_of(calm, Path(place) / "shaken")
        wanted = results(shaken)
        pace = (max(moments) - min(moments)) / len(moments)
        while counts["kills"] < kills:
            set_back(calm, shaken.folder, chance.uniform(min(moments), max(moments)))
            for _ in range(chance.randint(1, WHOLE)):
                if killed(shaken, targets, chance, pace, counts):
                    break
            shaken.snakemake(*OPTIONS, *targets)
            compare(shaken, wanted, counts)
            print(", ".join(f"{n} {each}" for each, n in sorted(counts.items())), flush=True)
    return int(any(counts[fault] for fault in FAULTS))


FAULTS = ("faults: ends that differ", "faults: files left", "faults: did not end")
# What is said by the documentation after a power cut: a lock and half results may be there.
OPTIONS = ("--rerun-incomplete", "--nolock")
TRIES = ("--retries", str(JOBS))


def set_back(finished: Path, folder: Path, moment: float) -> None:
    """Give a workflow's folder what another, which is finished, held at a moment."""
    for part in ("results", ".snakemake"):
        shutil.rmtree(folder / part, ignore_errors=True)
        shutil.copytree(finished / part, folder / part)
    for output in [path for path in outputs(folder / "results") if when(path) > moment]:
        shutil.rmtree(output) if output.is_dir() else output.unlink()


def outputs(folder: Path) -> Iterator[Path]:
    """The files, and the folders that are one output, below a folder of results."""
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not (path / MARK).exists():
            yield from outputs(path)
        elif path.name != MARK:
            yield path


def when(output: Path) -> float:
    """The time at which an output was there."""
    return ((output / MARK) if output.is_dir() else output).stat().st_mtime


def killed(
    workflow: Workflow,
    targets: tuple[str, ...],
    chance: random.Random,
    pace: float,
    counts: Counter,
) -> bool:
    """Run the workflow, kill some of its jobs and then all of it; True if it was done before.

    Between two kills there are about ``pace`` seconds in which jobs run.
    """
    process = subprocess.Popen(
        workflow.command(*OPTIONS, *TRIES, *targets),
        cwd=workflow.folder,
        env=environment() | forking(),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for left in range(chance.randint(0, JOBS), -1, -1):
            wait(process)
            time.sleep(chance.uniform(0, 2 * pace))
            if process.poll() is None:
                send(chance, process, counts, single=left > 0)
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        counts["faults: did not end"] += 1
    finally:
        end(process)
    return process.returncode == 0


def wait(process: subprocess.Popen) -> None:
    """Wait until a job runs, or the workflow has ended."""
    while process.poll() is None and not jobs():
        time.sleep(0.05)


def end(process: subprocess.Popen) -> None:
    """End what is left of a workflow; its jobs end with it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    psutil.wait_procs(jobs(), PATIENCE)


def send(
    chance: random.Random, process: subprocess.Popen, counts: Counter, *, single: bool
) -> None:
    """Send a signal to one job of a workflow, or to all of its processes."""
    sign, running = chance.choice(SIGNALS), jobs()
    if single and not running:
        return
    if not single:
        os.killpg(process.pid, sign)
    for job in [chance.choice(running)] if single else running:
        try:
            job.send_signal(sign)
        except psutil.NoSuchProcess:
            continue
    counts["kills"] += 1
    counts[f"{'of a job' if single else 'of all'} by {sign.name}"] += 1


def jobs() -> list[psutil.Process]:
    """The processes that run a script of the project, which the server has forked."""
    return psutil.Process(int(forking()["FORKING_SERVER"])).children()


def compare(workflow: Workflow, wanted: dict[str, str], counts: Counter) -> None:
    """Count what differs from the undisturbed run, and what is left."""
    found, folder = results(workflow), workflow.folder / "results"
    other = {name for name in {*wanted, *found} if wanted.get(name) != found.get(name)}
    left = [path for path in folder.rglob(".*.partial-*")]
    left += (folder / "checkpoints").rglob("*.pt")
    for name in (*sorted(other), *left):
        print(f"differs or is left: {name}", flush=True)
    counts["ends"] += 1
    counts["faults: ends that differ"] += bool(other)
    counts["faults: files left"] += len(left)


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workflow", choices=WORKFLOWS, default="neurons")
    parser.add_argument("--folder", type=Path, help="where the undisturbed run is kept for more")
    asked = parser.parse_args()
    sys.exit(main(asked.kills, asked.seed, asked.workflow, asked.folder))
