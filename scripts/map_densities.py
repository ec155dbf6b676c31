"""Maps of cable length around the soma of every neuron of a dataset, as a sample store."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.densities import density_maps, enclosing_cube
from morphoflow.provenance import provenance
from morphoflow.store import write_samples
from morphoflow.tables import align_objects, read_objects


def main(*, trees: Path, objects: Path, settings: dict, samples: Path) -> None:
    """Map ``trees`` in the smallest cube that holds the wanted share of the training cable."""
    forest = Forest.read(trees)
    rows = align_objects(read_objects(objects), forest.ids, str(trees))
    train = forest.select(np.flatnonzero(rows["split"] == "train"))
    extent_um = enclosing_cube(train, fraction=settings["coverage"])
    x, outside_um = density_maps(forest, bins=settings["bins"], extent_um=extent_um)
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "x", "y", "z"],
        units="um of cable per voxel",
        facts={"extent_um": extent_um, "outside_um": outside_um.tolist()},
        provenance=provenance(inputs=[trees, objects], settings=settings),
    )
    print(f"{forest.n} maps of +-{extent_um[0][1]:.0f} um, {outside_um.sum():.0f} um outside")


if __name__ == "__main__":
    run(main)
