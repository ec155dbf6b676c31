"""The atlas of a dataset: one page in which all its embeddings are looked at object by object."""

from pathlib import Path
from urllib.parse import quote

import numpy as np
import pandas as pd

from morphoflow.atlas.page import Links, atlas
from morphoflow.atlas.thumbnails import Sheet, sheet_of_crops, sheet_of_neurons
from morphoflow.command import run
from morphoflow.embedding import read_embedding
from morphoflow.errors import InputError
from morphoflow.file_names import file_names
from morphoflow.files import whole
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance


def main(
    *,
    dataset: str,
    analysed: list[Path],
    pictures: list[Path],
    trees: list[Path],
    masks: list[Path],
    output: Path,
) -> None:
    """Write the page of the ``analysed`` embeddings of a dataset.

    ``pictures`` is the store with a picture of each object, or ``trees`` that of neurons, whose
    SWC files lie beside it; ``masks`` a folder with links to organelles in their volume.
    """
    if not analysed:
        raise InputError(f"'{dataset}' has no runs to show; add rows of it to the table of runs.")
    runs = {"/".join(path.parent.parts[-3:]): read_embedding(path) for path in analysed}
    ids = next(iter(runs.values())).obs_names.to_numpy(dtype=object)
    links = swc_links(ids) if trees else mask_links(masks[0], ids) if masks else None
    text = atlas(f"{dataset}: atlas", runs, _sheet(ids, pictures, trees), links)
    with whole(output) as partial:
        partial.write_text(text, encoding="utf-8")
    inputs = [*analysed, *pictures, *trees, *masks]
    list_files([output], provenance(inputs=inputs, settings={"dataset": dataset}))
    print(f"{len(ids)} objects, {len(runs)} runs, {len(text) / 1e6:.1f} MB")


def _sheet(ids: np.ndarray, pictures: list[Path], trees: list[Path]) -> Sheet:
    return sheet_of_crops(pictures[0], ids) if pictures else sheet_of_neurons(trees[0], ids)


def swc_links(ids: np.ndarray) -> Links:
    """Links to the SWC files of neurons, in a folder beside the page."""
    return Links("the neuron (SWC)", [f"swc/{quote(name)}.swc" for name in file_names(list(ids))])


def mask_links(folder: Path, ids: np.ndarray) -> Links | None:
    """The links that a folder of masks lists, as far as it has any."""
    listed = pd.read_csv(folder / "objects.csv", dtype={"id": str}, keep_default_na=False)
    if "neuroglancer" not in listed:
        return None
    found = listed.set_index("id")["neuroglancer"].reindex(ids, fill_value="")
    return Links("it in neuroglancer", found.tolist())


if __name__ == "__main__":
    run(main)
