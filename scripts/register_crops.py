"""Crops of a dataset aligned to one of them or to their mean, by rotation, flip and shift."""

from pathlib import Path

import torch

from morphoflow.cells.registration.blocks import motion_table, read_blocks, write_moved
from morphoflow.cells.registration.register import register
from morphoflow.cells.registration.template import reference_crop
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import write_table
from morphoflow.training.devices import prepare_device


def main(
    *,
    samples: Path,
    objects: Path,
    settings: dict,
    output: Path,
    table: Path,
    gpus: int,
    threads: int,
) -> None:
    """Register every crop as ``settings`` say, and write the crops and a table of their motions.

    Settings are ``reference`` (an id, or ``mean`` for the mean of the training split), ``flips``,
    ``shifts``, and the ``foreground`` (``mask`` or ``intensity``) and its ``threshold``, by which
    the mean's first crops are prealigned.
    """
    device = prepare_device(gpus, threads)
    crops, training = read_blocks(samples, objects, settings["foreground"], device)
    reference = reference_crop(samples, crops, training, settings)
    ways = {"flips": settings["flips"], "shifts": settings["shifts"]}
    motions = [register(block.x, reference[None], **ways) for block in crops]
    record = provenance(inputs=[samples, objects], settings=settings)
    write_moved(output, crops, motions, record)
    rows = motion_table(crops.store.ids, motions)
    rows["correlation"] = torch.cat([part.score for part in motions]).cpu().numpy()
    write_table(table, rows, record)
    print(
        f"{len(rows)} crops registered to {settings['reference']}, "
        f"{rows['flip'].sum()} flipped, median correlation {rows['correlation'].median():.3f}"
    )


if __name__ == "__main__":
    run(main)
