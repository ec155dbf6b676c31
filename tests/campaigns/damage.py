"""Damage every kind of result in every way, and count what reading it says.

``make damage``, or ``python tests/campaigns/damage.py [FLIPS]`` with the number of flips of each
kind of result (400). Ends with 1 if any damage is silent or raises a raw error.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from damaged import READERS, content_of, damages, outcome, write_results

FLIPS = 400
OUTCOMES = ("named", "same", "raw", "silent")


def main(flips: int) -> int:
    """Print a table of outcomes: a row a kind of result and of damage."""
    counts: dict[tuple[str, str], Counter] = {}
    with tempfile.TemporaryDirectory() as folder:
        write_results(Path(folder))
        for name in READERS:
            result = Path(folder) / name
            clean = content_of(result)
            for kind, _ in damages(result, flips, seed=0):
                counts.setdefault((name, kind), Counter())[outcome(result, clean)] += 1
    print(f"{'result':16} {'damage':9}" + "".join(f"{name:>8}" for name in OUTCOMES))
    for (name, kind), found in counts.items():
        print(f"{name:16} {kind:9}" + "".join(f"{found[each]:8}" for each in OUTCOMES))
    return int(any(found["raw"] + found["silent"] for found in counts.values()))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else FLIPS))
