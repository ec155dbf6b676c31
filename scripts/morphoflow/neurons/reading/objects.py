"""The object table of neurons: labels joined by id, splits fixed, and what does not fit named."""

import numpy as np
import pandas as pd

from morphoflow.forest import Forest
from morphoflow.reading.objects import (
    labels_without,
    small_classes,
    split_of,
    stop_at,
    stray_labels,
)
from morphoflow.reading.quality import with_rows


def object_table(
    forest: Forest, quality: pd.DataFrame, labels: pd.DataFrame, split: dict, on_bad_input: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a neuron of ``forest``, and the quality table with what was wrong with the labels.

    ``labels`` comes from :func:`morphoflow.reading.labels.read_labels`; ``split`` holds the
    fractions and the seed. A label of a neuron that no file holds, and a class with fewer neurons
    than there are splits, raise InputError or, if ``on_bad_input`` is "skip", are listed in the
    quality table: the neurons of such a class stay, without a label.
    """
    joined = pd.DataFrame({"id": forest.ids}).merge(labels, on="id", how="left")
    named = labels["label"].dropna().unique()
    small = small_classes(joined["label"], named, "usable neurons", "add neurons, ")
    strays = stray_labels([labels], quality["id"], "no file holds a neuron '{}'")
    faults = [*strays, *small.values()]
    stop_at(faults, on_bad_input)
    label, group = labels_without(joined["label"], small), joined["group"].fillna(joined["id"])
    files = quality.drop_duplicates("id").set_index("id")["file"]
    objects = pd.DataFrame(
        {
            "id": forest.ids,
            "source": files.loc[forest.ids].to_numpy(),
            "label": label,
            "group": group,
            "split": split_of(label, group, split),
            "n_nodes": forest.n_nodes,
            "n_tips": _tips(forest),
            "cable_length_um": forest.cable_length,
        }
    )
    return objects, with_rows(quality, faults)


def _tips(forest: Forest) -> np.ndarray:
    """The number of tips of each neuron: nodes where cable ends, and not where it begins."""
    rows = forest.measured_parent
    is_tip = rows >= 0
    is_tip[rows[rows >= 0]] = False
    return np.bincount(forest.owner[is_tip], minlength=forest.n)
