"""Time the joining of walks to a tree against the published way, both in the same run.

The published way (Laturnus and Berens, ICML 2021) is written out here plainly, from the paper's
method: walks are cut at sharp turns, the nodes of each step are clustered by Ward's linkage from
the tips inwards, clusters whose walks were together one step farther out are merged, and
successive clusters are joined. Times are process CPU seconds per neuron; ours are also given with
the decoding of the latents, by a network of the published size with random weights.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import sklearn
import torch
from machine import cpu_model
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.cluster import AgglomerativeClustering

from morphoflow.model import Model
from morphoflow.models.morphvae.latents import decode_latents
from morphoflow.models.morphvae.network import MorphVAE
from morphoflow.neurons.demo.toy import generate_toy_set
from morphoflow.neurons.rebuild.rebuild import rebuild, turn_cut
from morphoflow.neurons.samples.walks import sample_walks

COMMAND = "PYTHONPATH=scripts python resources/benchmarks/neuron_rebuild.py"
# Neurons that are decoded at once, as in generation.
BLOCK = 64
N_WALKS, JITTER_UM, WARD_UM, TOLERANCE_UM, TURN_DEG = 256, 0.05, 0.5, 0.5, 75.0
# CPU seconds for one neuron of 256 walks with the published code: sampled, clustered and joined.
PUBLISHED_SECONDS = {16: [0.075, 0.075], 32: [0.13, 0.21]}
SETTINGS = {
    "embedding_size": 32,
    "hidden_size": 32,
    "layers": 2,
    "dropout": 0.1,
    "pooling": "max",
    "latent": "vmf",
    "latent_size": 32,
    "kappa": 500,
    "n_draws": 1,
}


def main() -> None:
    """Time both ways with walks of 16 and 32 steps, and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    record = {
        "what": f"one tree from {N_WALKS} walks of a toy neuron (set three, 2 of each population), "
        f"each node moved by {JITTER_UM} um at random, so that all walks differ",
        "command": COMMAND,
        "unit": "process CPU seconds per neuron",
        "repeats": options.repeats,
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
            "torch": torch.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "cases": [compare(steps, options.repeats) for steps in (16, 32)],
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")
    print(options.output.read_text())


def compare(n_steps: int, repeats: int) -> dict:
    """Time both ways on the same walks."""
    forest = generate_toy_set("three", 2, seed=17)[0]
    x, length = sample_walks(forest, n_walks=N_WALKS, n_steps=n_steps, children="uniform", seed=0)
    noise = np.random.default_rng(0).normal(scale=JITTER_UM, size=x.shape)
    neurons = list(zip((x + noise).astype(np.float32), length.astype(np.int64), strict=True))
    model, z = untrained(n_steps)
    published = timed(lambda: [published_tree(*walks) for walks in neurons], repeats, len(neurons))
    ours = timed(lambda: [our_tree(*walks) for walks in neurons], repeats, len(neurons))
    many = np.tile(z, (BLOCK, 1))
    decoding = timed(lambda: decode_latents(model, many, torch.device("cpu")), repeats, BLOCK)
    whole = [a + b for a, b in zip(ours, decoding, strict=True)]
    low, high = PUBLISHED_SECONDS[n_steps]
    return {
        "steps": n_steps,
        "published_way_joining": summary(published),
        "ours_joining": summary(ours),
        "ours_decoding": summary(decoding),
        "ours_whole": summary(whole),
        "ratio_joining_to_published_whole": [
            round(s / float(np.median(ours)), 1) for s in (low, high)
        ],
        "ratio_joining": round(float(np.median(published) / np.median(ours)), 1),
        "published_code_whole_seconds": [low, high],
        "ratio_whole": [round(s / float(np.median(whole)), 1) for s in (low, high)],
    }


def our_tree(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The tree as the project builds it, cut at the same turns."""
    length = turn_cut(x, length, TURN_DEG)
    return rebuild(x, length, tolerance=TOLERANCE_UM, max_children=8)


def published_tree(x: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and the edges between them by the published method."""
    length = turn_cut(x, length, TURN_DEG)
    label, n_nodes = np.full(x.shape[:2], -1), 0
    for step in reversed(range(x.shape[1])):
        rows = np.flatnonzero(length > step)
        if len(rows) == 0:
            continue
        clusters = np.zeros(len(rows), dtype=np.int64)
        if len(rows) > 1:
            ward = AgglomerativeClustering(n_clusters=None, distance_threshold=WARD_UM)
            clusters = ward.fit_predict(x[rows, step])
        if step + 1 < x.shape[1]:
            clusters = merged(clusters, label[rows, step + 1])
        label[rows, step] = clusters + n_nodes
        n_nodes += clusters.max() + 1
    nodes, edges = np.zeros((n_nodes, 3)), set()
    for node in range(n_nodes):
        nodes[node] = x[label == node].mean(axis=0)
    for walk in range(len(x)):
        edges.update(
            zip(label[walk, : length[walk] - 1], label[walk, 1 : length[walk]], strict=True)
        )
    return nodes, np.array(sorted(edges))


def merged(clusters: np.ndarray, farther: np.ndarray) -> np.ndarray:
    """Clusters, those merged whose walks are in one cluster one step farther out."""
    n = clusters.max() + 1
    known = farther >= 0
    pairs = [(clusters[known][farther[known] == f]) for f in np.unique(farther[known])]
    first = np.concatenate([np.full(len(group), group[0]) for group in pairs] or [clusters[:0]])
    other = np.concatenate(pairs or [clusters[:0]])
    graph = coo_array((np.ones(len(first)), (first, other)), shape=(n, n))
    return connected_components(graph, directed=False)[1][clusters].astype(np.int64)


def untrained(n_steps: int) -> tuple[Model, np.ndarray]:
    """A network of the published size that has learned nothing, and latents of one neuron."""
    generator = torch.Generator().manual_seed(0)
    network = MorphVAE(SETTINGS, 0, generator)
    facts = {"classes": [], "steps": n_steps, "scale_um": 1.0}
    z = torch.nn.functional.normalize(torch.randn((N_WALKS, 32), generator=generator), dim=1)
    return Model("morphvae", SETTINGS, facts, network.state_dict(), {}), z.numpy()


def timed(job: Callable[[], object], repeats: int, n: int) -> list[float]:
    """CPU seconds of each repeat, per neuron, after one that is not counted."""
    job()
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        job()
        seconds.append((time.process_time() - start) / n)
    return seconds


def summary(seconds: list[float]) -> dict[str, float]:
    """The least and the median of the repeats."""
    return {"min": float(f"{min(seconds):.3g}"), "median": float(f"{np.median(seconds):.3g}")}


if __name__ == "__main__":
    main()
