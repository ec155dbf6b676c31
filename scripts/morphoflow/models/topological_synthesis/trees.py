"""New neurons by topological synthesis, class by class from its training neurons."""

import numpy as np
import pandas as pd
import torch

from morphoflow.errors import InputError
from morphoflow.forest import Forest, concatenate
from morphoflow.model import Model
from morphoflow.models.topological_synthesis.growth import Grower
from morphoflow.models.topological_synthesis.pool import Pool
from morphoflow.neurons.samples.sections import section_table
from morphoflow.seeds import numpy_generator
from morphoflow.store import Samples

UNKNOWN = "unknown"


def make_trees(
    model: Model, samples: Samples, objects: pd.DataFrame, settings: dict, device: torch.device
) -> tuple[Forest, pd.DataFrame]:
    """New neurons of each class, and a table of ``id``, ``label`` and ``reference``.

    ``settings`` are ``number`` (neurons of each class) and ``seed``. A new neuron has the number of
    stems of its ``reference``, a training neuron of the class. Neuron k of a class does not depend
    on how many are asked for.
    """
    labels = objects["label"].fillna(UNKNOWN).to_numpy(dtype=str)
    table = section_table(np.asarray(samples.x), np.asarray(samples.length))
    train = (objects["split"] == "train").to_numpy()
    weight, spacing_um = model.state["choice"].numpy(), spacing(samples, table)
    forests, rows = [], []
    for number, label in enumerate(np.unique(labels)):
        grower = Grower(_pool(table, train & (labels == label), label), weight, spacing_um)
        for k in range(settings["number"]):
            identifier = f"generated_{label}_{k:04d}"
            rng = numpy_generator(settings["seed"], "sampling", number, k)
            forest, reference = grower.grow(identifier, rng)
            forests.append(forest)
            rows.append((identifier, label, samples.ids[reference]))
    return concatenate(forests), pd.DataFrame(rows, columns=["id", "label", "reference"])


def spacing(samples: Samples, table: pd.DataFrame) -> float:
    """The distance of nodes in um: that which the neurons were resampled to, or the mean one."""
    return samples.attributes["resample_um"] or table["length_um"].sum() / table["steps"].sum()


def _pool(table: pd.DataFrame, chosen: np.ndarray, label: str) -> Pool:
    """The pool of the chosen neurons; InputError where they have no cable."""
    rows = chosen[table["neuron"]]
    if not rows.any():
        raise InputError(
            f'no neuron of the label "{label}" in the training split has cable to grow new ones '
            "from; give the split a larger share, or add neurons."
        )
    own = table[rows]
    place = np.cumsum(rows) - 1
    parent = own["parent"].to_numpy()
    return Pool.of(own.assign(parent=np.where(parent < 0, -1, place[parent])))
