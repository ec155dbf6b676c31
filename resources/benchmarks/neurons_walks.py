"""Time random walks against the published code of MorphVAE, both in the same call.

The published code is not part of this project. It needs a checkout of its repository and an
interpreter with its old dependencies (numpy 1.26.4, networkx 2.8.8, scipy 1.10.1, pandas 1.5.3,
shapely 1.8.5, morphopy 0.7.6). Times are process CPU seconds per neuron, from trees in memory to
walks in memory; reading files is left out on both sides, compiling the kernels on ours, building
the child tables is counted.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
from machine import cpu_model

from morphoflow.forest import Forest
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.reading.prepare import Part, read_neurons
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.swc_files import write_swc

N_WALKS, N_STEPS = 256, 16
COMMAND = (
    "PYTHONPATH=scripts python resources/benchmarks/neurons_walks.py"
    " --published CHECKOUT --published-python PYTHON --swc NAVIS_SWC_FILE"
)
# Runs in the interpreter of the published code.
DRIVER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
sys.path.insert(0, sys.argv[1])
import networkx, numpy, pandas, scipy
from morphopy.neurontree import NeuronTree
from utils.rw_utils import get_rw_representation
n_walks, n_steps, repeats = map(int, sys.argv[2:5])
columns = ["n", "type", "x", "y", "z", "radius", "parent"]
tables = [pandas.DataFrame(numpy.loadtxt(name), columns=columns) for name in sys.argv[5:]]
whole = {"n": int, "type": int, "parent": int}
neurons = [NeuronTree.NeuronTree(swc=table.astype(whole)) for table in tables]
seconds, nodes = [], []
for _ in range(repeats):
    start = time.process_time()
    nodes = [get_rw_representation(neuron, n_steps, n_walks)[1] for neuron in neurons]
    seconds.append((time.process_time() - start) / len(neurons))
print(json.dumps({
    "seconds": seconds,
    "mean_length": float(numpy.mean([numpy.isfinite(n).sum(axis=1).mean() for n in nodes])),
    "versions": {m.__name__: m.__version__ for m in (numpy, networkx, scipy, pandas)},
}))
"""


def main() -> None:
    """Time both codes on toy neurons and on the neuron given, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True, help="checkout of morphvae")
    parser.add_argument("--published-python", required=True, help="interpreter for it")
    parser.add_argument("--swc", type=Path, help="a real neuron")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    cases = {"toy set three, 2 of each population": toy(2)}
    if options.swc:
        cases[f"real neuron {options.swc.stem}, as shipped by navis 1.12.0"] = real(options.swc)
    code = (options.published / "utils" / "rw_utils.py").read_bytes()
    record = {
        "what": f"{N_WALKS} walks of at most {N_STEPS} steps per neuron, uniform child",
        "command": COMMAND,
        "unit": "process CPU seconds per neuron",
        "repeats": options.repeats,
        "counted": "child tables and sampling; not: reading files, compiling our kernels",
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        },
        "published_rw_utils_sha256": hashlib.sha256(code).hexdigest(),
        "cases": [compare(name, forest, options) for name, forest in cases.items()],
        "ours_on_600_toy_neurons_in_one_call": summary(timed_walks(toy(200), options, 3)),
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")
    print(options.output.read_text())


def compare(name: str, forest: Forest, options: argparse.Namespace) -> dict:
    """Time both codes on the neurons of a forest."""
    published = run_published(forest, options)
    alone = [forest.neuron(i) for i in range(forest.n)]
    together = timed_walks(forest, options, 100)
    one_by_one = timed(lambda: [walk(neuron) for neuron in alone], forest.n, options.repeats, 100)
    return {
        "case": name,
        "neurons": forest.n,
        "nodes": int(forest.n_nodes.mean()),
        "mean_length": {
            "published": round(published["mean_length"], 2),
            "ours": round(float(walk(forest)[1].mean()), 2),
        },
        "published": summary(published["seconds"]),
        "published_versions": published["versions"],
        "ours_in_one_call": summary(together),
        "ours_one_neuron_a_call": summary(one_by_one),
        "ratio_in_one_call": ratio(published["seconds"], together),
        "ratio_one_neuron_a_call": ratio(published["seconds"], one_by_one),
    }


def walk(forest: Forest) -> tuple[np.ndarray, np.ndarray]:
    """The walks that are timed."""
    return sample_walks(forest, n_walks=N_WALKS, n_steps=N_STEPS, children="uniform", seed=0)


def timed_walks(forest: Forest, options: argparse.Namespace, times: int) -> list[float]:
    """CPU seconds per neuron of walks through a forest in one call."""
    return timed(lambda: walk(forest), forest.n, options.repeats, times)


def timed(job: Callable[[], object], n_neurons: int, repeats: int, times: int) -> list[float]:
    """CPU seconds per neuron, each the mean over so many runs of the job."""
    job()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        for _ in range(times):
            job()
        seconds.append((time.process_time() - start) / times / n_neurons)
    return seconds


def run_published(forest: Forest, options: argparse.Namespace) -> dict:
    """Run the published code on the neurons, written as SWC."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / "swc" / f"{name}.swc" for name in forest.ids]
        write_swc(Path(folder) / "swc", as_soma_and_dendrite(forest))
        sizes = [str(n) for n in (N_WALKS, N_STEPS, options.repeats)]
        command = [options.published_python, "-c", DRIVER, options.published, *sizes, *files]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def as_soma_and_dendrite(forest: Forest) -> Forest:
    """The published code needs a node of type 1 in each file."""
    kind = np.where(forest.parent < 0, 1, 3).astype(np.uint8)
    return replace(forest, compartment=kind)


def toy(n_per_population: int) -> Forest:
    """Toy neurons of 200 nodes, of the three populations of MorphVAE."""
    return generate_toy_set("three", n_per_population, seed=17)[0]


def real(path: Path) -> Forest:
    """A real neuron with all its nodes; its units do not matter here."""
    forest, _ = read_neurons(
        [Part([path])],
        compartments=["axon", "dendrite", "apical", "other"],
        roots="largest",
        on_bad_input="stop",
    )
    return forest


def summary(seconds: list[float]) -> dict[str, float]:
    """The least and the median of the repeats."""
    return {"min": float(f"{min(seconds):.4g}"), "median": float(f"{np.median(seconds):.4g}")}


def ratio(published: list[float], ours: list[float]) -> dict[str, int]:
    """How many times less time ours takes, by the least and by the median of the repeats."""
    return {
        "min": round(min(published) / min(ours)),
        "median": round(float(np.median(published) / np.median(ours))),
    }


if __name__ == "__main__":
    main()
