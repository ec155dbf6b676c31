"""How often the skeleton of a tube of known shape has wrong branches or a wrong length.

`python tests/campaigns/skeletons.py [NUMBER [SEED [KIMIMARO]]]` makes so many random tubes of each
kind (50) on voxels of 8 nm and of 30 x 8 x 8 nm, and prints a row for each kind. KIMIMARO is the
command of that name (version 5.8, `pip install kimimaro` in an environment of its own), which is
then given the same tubes, at its own settings but for an invalidation that reaches two radii and
nothing beyond, which suits tubes.
"""

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from drawn_tubes import KINDS, random_tube  # noqa: E402
from morphoflow.organelles.shapes.skeleton import skeleton_measures  # noqa: E402

SPACINGS = ((8.0, 8.0, 8.0), (30.0, 8.0, 8.0))
FAR = 0.1


def ours(masks: list, spacing: tuple[float, float, float]) -> list[tuple[int, int, float]]:
    """Branch points, ends and length in nm of the skeletons by this project."""
    found = [skeleton_measures(mask, np.array(spacing) / 1000) for mask in masks]
    return [
        (row["branch_points"], row["end_points"], row["skeleton_length_um"] * 1000) for row in found
    ]


def by_kimimaro(command: str):
    """The same by the skeletons that the ``command`` writes as SWC in nm."""

    def measure(masks: list, spacing: tuple[float, float, float]) -> list[tuple[int, int, float]]:
        with TemporaryDirectory() as folder:
            np.save(Path(folder) / "labels.npy", in_a_row(masks).transpose(2, 1, 0))
            size = ",".join(f"{n:g}" for n in spacing[::-1])
            line = [command, "forge", "labels.npy", "--anisotropy", size, "--scale", "2"]
            line += ["--const", "0", "--dust", "0", "--soma-detect", "1e9", "-o", "made"]
            subprocess.run(line, cwd=folder, check=True, capture_output=True)
            files = [Path(folder, "made", f"{k}.swc") for k in range(1, len(masks) + 1)]
            return [graph_measures(np.loadtxt(file, ndmin=2)) for file in files]

    return measure


def in_a_row(masks: list) -> np.ndarray:
    """The masks as the labels 1, 2, … of one volume, one behind the other along z."""
    side = np.max([mask.whole.shape[1:] for mask in masks], axis=0)
    parts = []
    for label, mask in enumerate(masks, start=1):
        inside = mask.whole
        room = [(1, 1), *((1, n + 1 - m) for n, m in zip(side, inside.shape[1:], strict=True))]
        parts.append(np.pad(inside.astype(np.uint16) * label, room))
    return np.concatenate(parts)


def graph_measures(nodes: np.ndarray) -> tuple[int, int, float]:
    """Branch points, ends and length of the nodes (n, 7) of an SWC file."""
    row = {int(number): k for k, number in enumerate(nodes[:, 0])}
    edges = [(k, row[int(up)]) for k, up in enumerate(nodes[:, 6]) if int(up) in row]
    degree = np.bincount(np.ravel(edges), minlength=len(nodes))
    steps = np.subtract(*nodes[np.array(edges).T, 2:5])
    return (
        int((degree > 2).sum()),
        int((degree == 1).sum()),
        float(np.linalg.norm(steps, axis=1).sum()),
    )


def campaign(
    kind: str, spacing: tuple[float, float, float], number: int, seed: int, measure
) -> str:
    """A row of the table: wrong branches, wrong lengths, and what one tube took."""
    rng = np.random.default_rng(seed)
    tubes = [random_tube(kind, np.array(spacing), rng) for _ in range(number)]
    start = time.process_time()
    found = measure([tube.mask for tube in tubes], spacing)
    seconds = time.process_time() - start
    right = [(tube.branch_points, tube.end_points) for tube in tubes]
    wrong = sum(row[:2] != known for row, known in zip(found, right, strict=True))
    ratios = [row[2] / tube.length_nm for row, tube in zip(found, tubes, strict=True)]
    far = np.count_nonzero(np.abs(np.array(ratios) - 1) > FAR)
    low, middle, high = np.quantile(ratios, (0.05, 0.5, 0.95))
    return (
        f"{kind:9} {spacing[0]:2.0f} nm: {wrong:3} of {number} wrong branches, {far:3} lengths off "
        f"by more than {FAR:.0%} (5, 50, 95 %: {low:.2f} {middle:.2f} {high:.2f})"
        + (f", {seconds / number * 1000:.0f} ms each" if measure is ours else "")
    )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    ways = {"ours": ours}
    if len(sys.argv) > 3:
        ways["kimimaro"] = by_kimimaro(sys.argv[3])
    for name, measure in ways.items():
        for spacing in SPACINGS:
            for kind in KINDS:
                print(name, campaign(kind, spacing, number, seed, measure), flush=True)
