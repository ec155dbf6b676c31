"""Every neuron of a dataset as an image stack, for tools that start from images."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.file_names import file_names
from morphoflow.forest import Forest
from morphoflow.manifest import whole_folder
from morphoflow.neurons.samples.stacks import (
    draw_stack,
    drawn_radius,
    grid_of,
    outside_share,
    write_stack,
)
from morphoflow.provenance import provenance
from morphoflow.tables import write_table

# Thinner cable is drawn with this radius in voxels, so that none is lost.
LEAST_RADIUS_VOXELS = 0.5


def main(*, trees: Path, settings: dict, folder: Path, table: Path) -> None:
    """Draw ``trees`` as ``settings`` (size, voxel_um, radius_um) say.

    ``folder`` gets ``<id>.ome.tif`` of each, as far as ids can be names of files; ``table`` the
    file of each, its voxel size, the place of its first voxel relative to the soma, and the share
    of its nodes that lie outside.
    """
    forest = Forest.read(trees)
    rows = []
    record = provenance(inputs=[trees], settings=settings)
    with whole_folder(folder, record) as partial:
        partial.mkdir()
        ids = [str(name) for name in forest.ids]
        for i, (name, file) in enumerate(zip(ids, file_names(ids), strict=True)):
            neuron = forest.neuron(i)
            radius = drawn_radius(neuron, settings.get("radius_um"))
            grid = grid_of(neuron, radius, settings["size"], settings.get("voxel_um"))
            stack = draw_stack(neuron, grid, radius, LEAST_RADIUS_VOXELS)
            write_stack(partial / f"{file}.ome.tif", stack, grid, name)
            origin = dict(zip(("x_um", "y_um", "z_um"), grid.origin_um, strict=True))
            outside = outside_share(neuron, grid)
            place = {"id": name, "file": f"{file}.ome.tif"}
            rows.append({**place, "voxel_um": grid.voxel_um, **origin, "outside": outside})
    listed = pd.DataFrame(rows)
    write_table(table, listed, record)
    finest, coarsest = listed["voxel_um"].min(), listed["voxel_um"].max()
    print(f"{forest.n} stacks of voxels of {finest:.3g} to {coarsest:.3g} um")


if __name__ == "__main__":
    run(main)
