"""The atlas of a dataset: one page in which all its embeddings are looked at object by object."""

from pathlib import Path

import numpy as np

from morphoflow.atlas.page import atlas
from morphoflow.atlas.thumbnails import Sheet, sheet_of_crops, sheet_of_neurons
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.files import whole


def main(
    *, dataset: str, analysed: list[Path], pictures: list[Path], trees: list[Path], output: Path
) -> None:
    """Write the page of the ``analysed`` embeddings of a dataset.

    ``pictures`` is the store with a picture of each object, or ``trees`` that of neurons.
    """
    if not analysed:
        raise InputError(f"'{dataset}' has no runs to show; add rows of it to the table of runs.")
    runs = {"/".join(path.parent.parts[-3:]): read_embedding(path) for path in analysed}
    ids = next(iter(runs.values())).obs_names.to_numpy(dtype=object)
    text = atlas(f"{dataset}: atlas", runs, _sheet(ids, pictures, trees))
    with whole(output) as partial:
        partial.write_text(text, encoding="utf-8")
    print(f"{len(ids)} objects, {len(runs)} runs, {len(text) / 1e6:.1f} MB")


def _sheet(ids: np.ndarray, pictures: list[Path], trees: list[Path]) -> Sheet:
    return sheet_of_crops(pictures[0], ids) if pictures else sheet_of_neurons(trees[0], ids)


if __name__ == "__main__":
    run(main)
