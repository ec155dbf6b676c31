"""Sections of every neuron of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.resample import mean_spacing, resample
from morphoflow.neurons.samples.sections import NAMES, sections
from morphoflow.provenance import provenance
from morphoflow.store import write_samples

AUTO = "auto"


def main(*, trees: Path, resample_um: str, samples: Path) -> None:
    """Measure the sections of ``trees``, their turns at nodes that are ``resample_um`` apart.

    With "auto" that is the mean distance of the nodes of the files.
    """
    forest = Forest.read(trees)
    spacing_um = mean_spacing(forest) if resample_um == AUTO else float(resample_um)
    x, length = sections(resample(forest, spacing_um))
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "section", "feature"],
        units="as named",
        names=NAMES,
        length=length,
        facts={"resample_um": spacing_um},
        provenance=provenance(inputs=[trees], settings={"resample_um": resample_um}),
    )
    print(f"{length.mean():.1f} sections for each of {forest.n} neurons, on average")


if __name__ == "__main__":
    run(main)
