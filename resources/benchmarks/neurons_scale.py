"""Time and memory of reading, measuring and sampling neurons, by the number of their files.

Generated neurons with some 2,000 nodes each, one SWC file a neuron; each number of files is
measured in a process of its own, after some files that compile the kernels. From the root of the
project, with the workflow's environment active:

    PYTHONPATH=scripts python resources/benchmarks/neurons_scale.py --files 300 3000
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from machine import cpu_model

from morphoflow.forest import Forest
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.neurons.samples.distances import (
    cable_points,
    gromov_wasserstein,
    inner_distances,
)
from morphoflow.neurons.samples.reach import choose_stride
from morphoflow.neurons.samples.resample import mean_spacing, resample
from morphoflow.neurons.samples.sections import sections
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.swc_files import write_swc

POPULATIONS = 3
BLOCK = 500
FINER = 10  # times as many nodes as generated neurons have
N_WALKS, N_POINTS = 256, 50
COMPARED = (
    24  # neurons of which all pairs are compared: the landmarks that there are without others
)
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/neurons_scale.py --files"


def write_files(folder: Path, number: int) -> None:
    """So many neurons as SWC files in a folder, a block at a time so as to hold few of them."""
    for first in range(0, number, BLOCK):
        of = min(BLOCK, number - first)
        forest = generate_toy_set("three", -(-of // POPULATIONS), seed=first)[0]
        forest = resample(forest, mean_spacing(forest) / FINER).select(np.arange(of))
        names = np.array([f"block{first}_{name}" for name in forest.ids], dtype=object)
        write_swc(folder / f"block{first}", replace(forest, ids=names))


def read(folder: Path) -> Forest:
    """The neurons of a folder, read by one process."""
    forest, _ = read_neurons(
        [Part(sorted(folder.rglob("*.swc")))],
        compartments=["axon", "dendrite", "apical", "other"],
        roots="join",
        on_bad_input="stop",
    )
    return forest


def measure(number: int) -> dict:
    """CPU seconds of each stage, and the most memory before and after all but distances."""
    with tempfile.TemporaryDirectory() as name:
        for folder, files in (("few", 2 * POPULATIONS), ("many", number)):
            write_files(Path(name) / folder, files)
        stages(Path(name) / "few")
        before = memory_mb()
        seconds, forest = stages(Path(name) / "many")
    return {
        "files": number,
        "nodes": int(forest.n_nodes.mean()),
        "cpu_s": {stage: round(of, 2) for stage, of in seconds.items()},
        "start_mb": round(before),
        "most_mb": round(memory_mb()),
        "gromov_wasserstein_ms_a_pair": round(1000 * seconds_a_pair(forest), 2),
    }


def stages(folder: Path) -> tuple[dict[str, float], Forest]:
    """CPU seconds of each stage with the neurons of a folder, and these."""
    seconds, start = {}, time.process_time()

    def done(stage: str) -> None:
        nonlocal start
        now = time.process_time()
        seconds[stage], start = now - start, now

    forest = read(folder)
    done("reading")
    morphometrics(forest)
    done("morphometrics")
    stride = choose_stride(forest, None, None)
    even = resample(forest, stride.spacing_um)
    done("spacing of walks and resampling")
    sample_walks(even, n_walks=N_WALKS, n_steps=stride.steps, children="tips", seed=0)
    done(f"{N_WALKS} walks of each")
    sections(even)
    done("sections")
    return seconds, forest


def seconds_a_pair(forest: Forest) -> float:
    """CPU seconds of a distance between two neurons with ``N_POINTS`` points each."""
    few = np.unique(np.linspace(0, forest.n - 1, COMPARED, dtype=int))
    points = np.stack([cable_points(forest.neuron(int(k)), N_POINTS) for k in few])
    gromov_wasserstein(inner_distances(points[:2]))
    start = time.process_time()
    gromov_wasserstein(inner_distances(points))
    return (time.process_time() - start) / (len(few) * (len(few) - 1) / 2)


def memory_mb() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure each number of files in its own process and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", required=True)
    parser.add_argument("--here", action="store_true", help="measure in this process, and print")
    options = parser.parse_args()
    if options.here:
        print(json.dumps([measure(number) for number in options.files]))
        return
    found = []
    for number in options.files:
        command = [sys.executable, __file__, "--here", "--files", str(number)]
        made = subprocess.run(command, check=True, capture_output=True, text=True)
        found += json.loads(made.stdout.splitlines()[-1])
        print(found[-1], flush=True)
    record = {
        "command": " ".join([COMMAND, *map(str, options.files)]),
        "machine": {"cpu": cpu_model()},
        "what": "generated neurons as SWC files, process CPU seconds of one process; the most "
        f"memory before the files were read, and in all; distances with {N_POINTS} points a neuron",
        "numbers": found,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
