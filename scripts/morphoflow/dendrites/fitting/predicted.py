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
    folder: Path, found: list[Fit], names: list[str], frame: Frame, record: dict
) -> None:
    """Write images/<id>.png, trees/<id>.swc in um and parameters.csv into ``folder``."""
    rows = []
    with whole_folder(folder, record) as partial:
        for part in ("images", "trees"):
            (partial / part).mkdir(parents=True)
        for fit in found:
            ids = [f"{fit.label}_{i:03d}" for i in range(len(fit.chosen))]
            drawn = values(names, fit.chosen)
            for i, file in enumerate(file_names(ids)):
                rng = np.random.default_rng([*fit.stream, i])
                arbor, image = made(growth_at(Growth(), names, drawn[i]), frame, rng)
                radius = Optics().diameter(arbor.tree.supported) / 2
                soma = float(np.sqrt(arbor.soma[0] * arbor.soma[1]))
                tree = soma_forest(ids[i], arbor.tree, radius, soma)
                Image.fromarray(image).save(partial / "images" / f"{file}.png")
                (partial / "trees" / f"{file}.swc").write_text(swc_text(tree))
                rows.append(
                    {"id": ids[i], "label": fit.label, **dict(zip(names, drawn[i], strict=True))}
                )
        table = pd.DataFrame(rows)
        table.to_csv(partial / "parameters.csv", index=False, lineterminator="\n")
