"""Cut what one field alone shows out of the three fields in which neuron-stitch shows a neuron.

python resources/benchmarks/class_iv/fields.py neuron-stitch/images data/fields
"""

import sys
from pathlib import Path

from PIL import Image

# Left, top, right and bottom in pixels. Neuron_b lies 1304 pixels above Neuron_a and 128 to its
# right, Neuron_c 600 above and 1056 to the right (by cross-correlation at an eighth of the size,
# .85 and .65). A dendrite at the edge of a part is 280 pixels or more from the next part's.
PARTS = {
    "Neuron_a": (0, 0, 2048, 2048),
    "Neuron_b": (0, 0, 2048, 1024),
    "Neuron_c": (1536, 0, 2048, 2048),
}


def main(images: Path, folder: Path) -> None:
    """Write the part of each field in ``images`` that no other part shows into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, box in PARTS.items():
        Image.open(images / f"{name}.png").convert("L").crop(box).save(folder / f"{name}.png")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
