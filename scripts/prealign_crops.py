"""Crops of a dataset turned so that the major axis is upright, and flipped to be alike."""

from pathlib import Path

import pandas as pd

from morphoflow.cells.registration.blocks import foreground, motion_table, read_blocks, write_moved
from morphoflow.cells.registration.prealign import (
    fit_template,
    major_axis,
    noise_generators,
    prealign,
    stability,
)
from morphoflow.command import run
from morphoflow.provenance import provenance
from morphoflow.tables import write_table
from morphoflow.training.devices import prepare_device

# Rounds in which the mean crop is made anew, at most; it ends where no flip changes.
ITERATIONS = 20

# Standard deviation of the noise by which stability is measured, of values from 0 to 1.
NOISE = 0.05


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
    """Prealign every crop as ``settings`` say, and write the crops and a table of their motions.

    Settings are the ``foreground`` (``mask`` or ``intensity``) and its ``threshold``, and for the
    stability how many noisy ``copies`` of each crop are prealigned.
    """
    device = prepare_device(gpus, threads)
    kind, threshold = settings["foreground"], settings["threshold"]
    crops, training = read_blocks(samples, objects, kind, device)
    template = fit_template(training, kind, threshold, ITERATIONS)
    generators = noise_generators(settings["copies"])
    motions, columns = [], []
    for block in crops:
        shape = foreground(block, kind, threshold)
        motion, correlation = prealign(block.x, shape, template)
        motions.append(motion)
        part = stability(block, template, kind, threshold, noise=NOISE, generators=generators)
        part.insert(0, "elongation", major_axis(shape)[1].cpu().numpy())
        part.insert(1, "correlation", correlation.cpu().numpy())
        columns.append(part)
    record = provenance(inputs=[samples, objects], settings=settings)
    write_moved(output, crops, motions, record)
    rows = motion_table(crops.store.ids, motions).drop(columns=["shift_x_px", "shift_y_px"])
    rows = pd.concat([rows, pd.concat(columns, ignore_index=True)], axis=1)
    write_table(table, rows, record)
    print(
        f"{len(rows)} crops prealigned, {rows['flip'].sum()} flipped; with noise of "
        f"{NOISE} {rows['changed'].mean():.1%} of {settings['copies']} copies change"
    )


if __name__ == "__main__":
    run(main)
