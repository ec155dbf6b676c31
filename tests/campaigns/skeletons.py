"""How often the skeleton of a tube of known shape has wrong branches or a wrong length.

`python tests/campaigns/skeletons.py [NUMBER [SEED]]` makes so many random tubes of each kind (50)
on voxels of 8 nm and of 30 x 8 x 8 nm, and prints a row for each kind.
"""

import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from drawn_tubes import KINDS, random_tube  # noqa: E402
from morphoflow.organelles.shapes.skeleton import skeleton_measures  # noqa: E402

SPACINGS = ((8.0, 8.0, 8.0), (30.0, 8.0, 8.0))
FAR = 0.1


def campaign(kind: str, spacing: tuple[float, float, float], number: int, seed: int) -> str:
    """A row of the table: wrong branches, wrong lengths, and what one tube took."""
    rng = np.random.default_rng(seed)
    wrong, far, ratios, seconds = 0, 0, [], 0.0
    for _ in range(number):
        tube = random_tube(kind, np.array(spacing), rng)
        start = time.process_time()
        found = skeleton_measures(tube.mask, np.array(spacing) / 1000)
        seconds += time.process_time() - start
        ends = found["branch_points"], found["end_points"]
        wrong += ends != (tube.branch_points, tube.end_points)
        ratios.append(found["skeleton_length_um"] * 1000 / tube.length_nm)
        far += abs(ratios[-1] - 1) > FAR
    low, middle, high = np.quantile(ratios, (0.05, 0.5, 0.95))
    return (
        f"{kind:9} {spacing[0]:2.0f} nm: {wrong:3} of {number} wrong branches, {far:3} lengths off "
        f"by more than {FAR:.0%} (5, 50, 95 %: {low:.2f} {middle:.2f} {high:.2f}), "
        f"{seconds / number * 1000:.0f} ms each"
    )


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    for spacing in SPACINGS:
        for kind in KINDS:
            print(campaign(kind, spacing, number, seed), flush=True)
