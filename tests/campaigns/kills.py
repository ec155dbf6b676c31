"""Kill the small workflow and single jobs of it at random times, and compare how it ends.

    python tests/campaigns/kills.py --kills 200 --seed 1
    python tests/campaigns/kills.py --kills 5 --target results/tiny/figures/walks.svg

The workflow runs once undisturbed, and in another folder again and again until it is done; each
time it is killed, by turns all of it or one of its jobs, by SIGKILL or SIGTERM. Where it is done
before there were enough kills, it begins anew. Ends with 1 unless every end has the bytes of the
undisturbed run, and no partial file is left.
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
from pathlib import Path

import psutil

from workflow import Workflow, environment, results

# A part of the time that the undisturbed run takes, after which a run is killed at the latest.
LATEST = 0.4
SIGNALS = (signal.SIGKILL, signal.SIGTERM)


def main(kills: int, seed: int, targets: list[str]) -> int:
    """Print a line a kill and the counts of all."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        calm, shaken = (Workflow(_new(Path(folder) / name)) for name in ("calm", "shaken"))
        begun = time.monotonic()
        calm.snakemake(*targets)
        lasted, wanted = time.monotonic() - begun, results(calm)
        print(f"undisturbed: {len(wanted)} files in {lasted:.0f} s", flush=True)
        counts: Counter = Counter()
        while counts["kills"] < kills:
            done = disturbed(shaken, targets, chance, LATEST * lasted, counts)
            if done or counts["kills"] == kills:
                finish(shaken, targets, wanted, counts)
        print(", ".join(f"{n} {name}" for name, n in counts.items()))
    return int(bool(counts["ends that differ"] or counts["partial files left"]))


def disturbed(
    workflow: Workflow, targets: list[str], chance: random.Random, latest: float, counts: Counter
) -> bool:
    """Run the workflow and kill it or a job of it; True if it was done before."""
    command = workflow.command("--rerun-incomplete", "--nolock", *targets)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(
        command, cwd=workflow.folder, env=environment(), start_new_session=True, **quiet
    )
    try:
        process.wait(chance.uniform(0, latest))
        return process.returncode == 0
    except subprocess.TimeoutExpired:
        sign, jobs = chance.choice(SIGNALS), jobs_of(process.pid)
        single = bool(jobs) and chance.random() < 0.5
        if single:
            chance.choice(jobs).send_signal(sign)
        else:
            os.killpg(process.pid, sign)
        process.wait()
        counts["kills"] += 1
        counts[f"{'of a job' if single else 'of all'} by {sign.name}"] += 1
        return process.returncode == 0
    finally:
        _end(process.pid)


def jobs_of(number: int) -> list[psutil.Process]:
    """The processes below one that run a script of the project."""
    found = []
    for child in psutil.Process(number).children(recursive=True):
        try:
            words = child.cmdline()
        except psutil.Error:
            continue
        if len(words) > 1 and Path(words[1]).parent.name == "scripts":
            found.append(child)
    return found


def finish(workflow: Workflow, targets: list[str], wanted: dict[str, str], counts: Counter) -> None:
    """Let the workflow end, compare what there is, and clear it away."""
    workflow.snakemake("--rerun-incomplete", "--nolock", *targets)
    folder, found = workflow.folder / "results", results(workflow)
    left = sorted(folder.rglob(".*.partial-*"))
    other = sorted(name for name in {*wanted, *found} if wanted.get(name) != found.get(name))
    other = [name for name in other if ".partial-" not in name]
    for name in (*other, *left):
        print(f"differs or is left: {name}", flush=True)
    counts["ends"] += 1
    counts["ends that differ"] += bool(other)
    counts["partial files left"] += len(left)
    shutil.rmtree(folder)
    shutil.rmtree(workflow.folder / ".snakemake")


def _end(group: int) -> None:
    """End what is left of a process group."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", nargs="*", default=[], help="files; all of them if left out")
    asked = parser.parse_args()
    sys.exit(main(asked.kills, asked.seed, asked.target))
