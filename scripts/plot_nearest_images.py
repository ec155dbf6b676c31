"""Generated images beside the training images that they are most like."""

from pathlib import Path

import numpy as np
import pandas as pd

from morphoflow.command import run
from morphoflow.dendrites.realism.memorisation import laid_upon
from morphoflow.errors import InputError
from morphoflow.figures.nearest_images import plot_nearest_images, shown_rows
from morphoflow.figures.save import save_figure
from morphoflow.store import read_samples
from morphoflow.tables import read_table


def main(
    *, nearest: Path, samples: Path, generated: Path, threshold: float, svg: Path, png: Path
) -> None:
    """Draw the table ``nearest``; above ``threshold`` an image is called a copy."""
    table = read_table(nearest)
    shown = shown_rows(table)
    made = images_of(generated, shown["id"])
    near = laid_upon(images_of(samples, shown["nearest"]), shown)
    pairs = np.concatenate([made, near], axis=1)
    save_figure(plot_nearest_images(table, shown, pairs, threshold), svg, png)


def images_of(path: Path, ids: pd.Series) -> np.ndarray:
    """The images (n, 1, s, s) of a store with the given ids, in their order."""
    store = read_samples(path)
    place = pd.Index(store.ids).get_indexer(ids)
    if (place < 0).any():
        raise InputError(f"{path} lacks '{ids.iloc[place.argmin()]}'; measure realism anew.")
    rows, inverse = np.unique(place, return_inverse=True)
    return np.asarray(store.x.oindex[rows])[inverse]


if __name__ == "__main__":
    run(main)
