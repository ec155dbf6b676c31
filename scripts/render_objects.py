"""A picture of the surface of every object."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.samples.render import surfaces
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.store_stream import stream_samples

BATCH = 64
MASK = 1  # the channel of the mask


def main(*, samples: Path, output: Path) -> None:
    """Write pictures (n, 1, s, s) of the masks in a store of volumes."""
    store = read_samples(samples)
    record = provenance(inputs=[samples], settings={})
    axes = ["object", "channel", "y", "x"]
    with stream_samples(output, axes=axes, units="brightness", provenance=record) as stream:
        for start in range(0, len(store.ids), BATCH):
            masks = store.x[start : start + BATCH, MASK] / 255
            stream.append(list(store.ids[start : start + BATCH]), surfaces(masks)[:, None])
        stream.facts |= {"channels": ["surface"], "pixel_size_um": None}
    print(f"{len(store.ids)} pictures")


if __name__ == "__main__":
    run(main)
