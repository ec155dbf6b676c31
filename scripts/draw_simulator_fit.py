"""The figure of a fitted simulator: posteriors by population, real and predicted images."""

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from morphoflow.command import run
from morphoflow.dendrites.fitting.priors import BOUNDS
from morphoflow.figures.save import save_figure
from morphoflow.figures.simulator_fit import ACROSS, plot_simulator_fit
from morphoflow.figures.style import say
from morphoflow.manifest import list_files
from morphoflow.provenance import provenance
from morphoflow.store import read_samples
from morphoflow.tables import REASON, REASONS, align_objects, read_objects, read_table


def main(
    *, samples: Path, objects: Path, draws: Path, predicted: Path, svg: Path, png: Path
) -> None:
    """Draw ``draws`` from posteriors, and images of ``samples`` beside those in ``predicted``."""
    record = provenance(inputs=[samples, objects, draws, predicted], settings={})
    images, found = read_samples(samples), read_table(draws)
    table = align_objects(read_objects(objects), images.ids, str(samples))
    texts = dict.fromkeys(("id", "label", "file"), str)
    made = pd.read_csv(predicted / "parameters.csv", dtype=texts, keep_default_na=False)
    pairs = {}
    for label in dict.fromkeys(found["label"]):
        own = table["label"] == label if table["label"].notna().any() else table["label"].isna()
        real = np.asarray(images.x.oindex[np.flatnonzero(own)[:ACROSS]])[:, 0]
        files = made.loc[made["label"] == label, "file"][:ACROSS]
        pairs[label] = real, [_picture(predicted / "images" / f"{name}.png") for name in files]
    bounds = {name: astuple(BOUNDS[name]) for name in found if name != "label"}
    left_out = list(found.attrs.get(REASONS, {}).values())
    if REASON in found.attrs:
        figure = say(found.attrs[REASON])
    else:
        figure = plot_simulator_fit(found, bounds, pairs, left_out)
    save_figure(figure, svg, png)
    list_files([svg, png], record)


def _picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


if __name__ == "__main__":
    run(main)
