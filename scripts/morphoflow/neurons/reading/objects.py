"""The object table of neurons: labels joined by id, splits fixed, and what does not fit named."""

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.neurons.forest import Forest
from morphoflow.splits import assign_splits
from morphoflow.tables import SPLITS


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
    small = _small_classes(joined["label"], labels["label"].dropna().unique())
    faults = [*_strays(quality, labels), *small.values()]
    if faults and on_bad_input == "stop":
        raise InputError(
            f"{faults[0]['message']}, or set on_bad_input to skip ({len(faults)} such findings)."
        )
    label = joined["label"].where(~joined["label"].isin(list(small)), None)
    group = joined["group"].fillna(joined["id"])
    generator = np.random.default_rng(split["seed"])
    fractions = {name: split[name] for name in SPLITS}
    files = quality.drop_duplicates("id").set_index("id")["file"]
    objects = pd.DataFrame(
        {
            "id": forest.ids,
            "source": files.loc[forest.ids].to_numpy(),
            "label": label.astype(object).where(label.notna(), None),
            "group": group,
            "split": assign_splits(label, group, fractions, generator),
            "n_nodes": forest.n_nodes,
            "n_tips": _tips(forest),
            "cable_length_um": forest.cable_length,
        }
    )
    listed = pd.DataFrame(faults, columns=quality.columns).astype(quality.dtypes)
    return objects, pd.concat([quality, listed], ignore_index=True) if faults else quality


def _tips(forest: Forest) -> np.ndarray:
    """The number of tips of each neuron: nodes without children, the root aside."""
    rows = forest.parent_row
    is_tip = np.ones(len(rows), dtype=bool)
    is_tip[rows[rows >= 0]] = False
    is_tip[rows < 0] = False
    return np.bincount(forest.owner[is_tip], minlength=forest.n)


def _strays(quality: pd.DataFrame, labels: pd.DataFrame) -> list[dict]:
    """Labels of neurons that no file holds, whether it was read or refused."""
    strays = labels[~labels["id"].isin(quality["id"])]
    return [
        _fault(
            row.id,
            row.file,
            "stray_label",
            row.id,
            f"{row.file}, line {row.line}: no file holds a neuron '{row.id}'; "
            f"correct the id or remove the line",
            row.line,
        )
        for row in strays.itertuples()
    ]


def _small_classes(present: pd.Series, named) -> dict[str, dict]:
    """Classes that cannot have a neuron in each split, with the finding for each."""
    counts = {label: int((present == label).sum()) for label in sorted(named)}
    return {
        label: _fault(
            "",
            "",
            "small_class",
            label,
            f"the class '{label}' has {n} usable neurons, but {len(SPLITS)} are needed for one "
            f"in each split; add neurons, merge the class with another or leave its label empty",
        )
        for label, n in counts.items()
        if n < len(SPLITS)
    }


def _fault(identifier, file, code, value, message, line=None) -> dict:
    return {
        "id": identifier,
        "file": file,
        "verdict": "skipped",
        "severity": "refused",
        "code": code,
        "line": line,
        "value": value,
        "message": message,
    }
