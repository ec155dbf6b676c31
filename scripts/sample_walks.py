"""Random walks of every neuron of a dataset, as a sample store."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.forest import Forest
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.provenance import provenance
from morphoflow.store import write_samples


def main(*, trees: Path, settings: dict, samples: Path) -> None:
    """Sample walks from ``trees`` as ``settings`` (number, steps, children, seed) say."""
    forest = Forest.read(trees)
    x, length = sample_walks(
        forest,
        n_walks=settings["number"],
        n_steps=settings["steps"],
        children=settings["children"],
        seed=settings["seed"],
    )
    write_samples(
        samples,
        forest.ids,
        x,
        axes=["neuron", "walk", "step", "xyz"],
        units="um",
        length=length,
        provenance=provenance(inputs=[trees], settings=settings, seed=settings["seed"]),
    )
    print(
        f"{x.shape[1]} walks for each of {forest.n} neurons, {length.mean():.1f} nodes on average"
    )


if __name__ == "__main__":
    run(main)
