"""Random walks of every neuron of a dataset, as a sample store, and how much they reach."""

from pathlib import Path

import numpy as np

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.reach import choose_stride, reach_table
from morphoflow.neurons.samples.resample import resample
from morphoflow.neurons.samples.walks import walks_and_visits
from morphoflow.provenance import provenance
from morphoflow.store import write_samples
from morphoflow.tables import align_objects, read_objects, write_table

AUTO = "auto"


def main(*, trees: Path, objects: Path, settings: dict, samples: Path, reach: Path) -> None:
    """Sample walks from ``trees`` as ``settings`` (number, steps, children, seed) say.

    Steps, and the spacing of nodes ``resample_um``, may be "auto": chosen from training neurons.
    """
    forest = Forest.read(trees)
    rows = align_objects(read_objects(objects), forest.ids, str(trees))
    train = forest.select(np.flatnonzero(rows["split"] == "train"))
    given = (settings[name] for name in ("steps", "resample_um"))
    stride = choose_stride(train, *(None if value == AUTO else value for value in given))
    forest = resample(forest, stride.spacing_um)
    x, length, visited = walks_and_visits(
        forest,
        n_walks=settings["number"],
        n_steps=stride.steps,
        children=settings["children"],
        seed=settings["seed"],
    )
    record = provenance(inputs=[trees, objects], settings=settings, seed=settings["seed"])
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "walk", "step", "xyz"],
        units="um",
        length=length,
        facts={"resample_um": stride.spacing_um},
        provenance=record,
    )
    reached = reach_table(forest, visited, stride.steps)
    write_table(reach, reached, record)
    within, drawn = reached["tips_within_reach"].mean(), reached["tips_reached"].mean()
    print(
        f"{x.shape[1]} walks for each of {forest.n} neurons, {length.mean():.1f} nodes on average; "
        f"at most {stride.steps} nodes, {stride.spacing_um:g} um apart (0: as in the files); "
        f"{within:.1%} of a neuron's tips are within reach, {drawn:.1%} were reached"
    )


if __name__ == "__main__":
    run(main)
