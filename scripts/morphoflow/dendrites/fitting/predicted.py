"""Images and trees at draws from the posterior of each population, to lie beside the real ones."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from morphoflow.dendrites.fitting.fit import Fit
from morphoflow.dendrites.fitting.priors import growth_at, values
from morphoflow.dendrites.fitting.simulations import Frame, made
from morphoflow.dendrites.simulator.render import Optics
from morphoflow.dendrites.simulator.simulate import Growth
from morphoflow.dendrites.simulator.tree import soma_forest
from morphoflow.file_names import file_names
from morphoflow.manifest import whole_folder
from morphoflow.swc_files import swc_text


def write_predicted(
    folder: Path, found: list[Fit], names: list[str], frame: Frame | None, record: dict
) -> None:
    """Write images/<file>.png, trees/<file>.swc in um and parameters.csv into ``folder``.

    The table has the parameters of each image by its ``id`` and ``file``; it is empty, as the
    folders are, where nothing was fitted, which is when there need be no ``frame``.
    """
    with whole_folder(folder, record) as partial:
        for part in ("images", "trees"):
            (partial / part).mkdir(parents=True)
        table = _parameters(found, names)
        streams = [stream for fit in found for stream in fit.streams]
        for row, stream in zip(table.to_dict("records"), streams, strict=True):
            growth = growth_at(Growth(), names, np.array([row[name] for name in names]))
            arbor, image = made(growth, frame, np.random.default_rng(stream))
            radius = Optics().diameter(arbor.tree.supported) / 2
            soma = float(np.sqrt(arbor.soma[0] * arbor.soma[1]))
            tree = soma_forest(row["id"], arbor.tree, radius, soma)
            Image.fromarray(image).save(partial / "images" / f"{row['file']}.png")
            (partial / "trees" / f"{row['file']}.swc").write_text(swc_text(tree))
        table.to_csv(partial / "parameters.csv", index=False, lineterminator="\n")


def _parameters(found: list[Fit], names: list[str]) -> pd.DataFrame:
    """A row for each chosen draw; files are named together, as labels may differ in case alone."""
    tables = [
        pd.DataFrame(values(names, fit.chosen), columns=names).assign(label=fit.label)
        for fit in found
    ]
    table = pd.concat(tables) if tables else pd.DataFrame(columns=["label", *names])
    table["id"] = [f"{label}_{i:03d}" for i, label in zip(table.index, table["label"], strict=True)]
    table["file"] = file_names(table["id"].tolist())
    return table[["id", "label", "file", *names]]
