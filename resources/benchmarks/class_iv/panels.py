"""Cut the 16 images out of the montage in which neuron-gan shows them.

python resources/benchmarks/class_iv/panels.py science_2022_demo.jpg data/class_iv/panels
"""

import sys
from pathlib import Path

from PIL import Image

# Each panel of the 4 x 4 has a border of 2 pixels.
PITCH, BORDER = 180, 2


def main(montage: Path, folder: Path) -> None:
    """Write the panels of ``montage`` into ``folder``, as panel_<row><column>.png."""
    picture = Image.open(montage).convert("L")
    folder.mkdir(parents=True, exist_ok=True)
    for row in range(4):
        for column in range(4):
            left, top = (PITCH * place + BORDER for place in (column, row))
            right, bottom = (first + PITCH - 2 * BORDER for first in (left, top))
            panel = picture.crop((left, top, right, bottom))
            panel.save(folder / f"panel_{row}{column}.png")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
