"""The object table of neurons: labels joined by id, splits fixed, and what does not fit named."""

import re
from collections.abc import Collection

import numpy as np
import pandas as pd

from morphoflow.errors import InputError
from morphoflow.forest import Forest
from morphoflow.reading.labels import LABEL_BY, refuse_twice
from morphoflow.reading.objects import (
    few_groups,
    labels_without,
    small_classes,
    split_of,
    stop_at,
    stray_labels,
)
from morphoflow.reading.quality import note, with_rows

# By name, the type codes of SWC; other compartments have other codes.
COMPARTMENTS = {"axon": 2, "dendrite": 3, "apical": 4}
SOMA = 1
# How far neurons reach from the root: a few um, and a few centimetres.
SMALLEST_UM, LARGEST_UM = 1.0, 3e4

# Endings that ids in label tables have or lack beside the names of files; .CNG is NeuroMorpho's.
ENDINGS = re.compile(r"(\.(swc|asc|nml|cell|gz|cng))+$", re.IGNORECASE)
FOLDERS = re.compile(r"^.*[\\/]")
WHOLE = re.compile(r"^(\d+)\.0+$")
ROUNDED = re.compile(r"\d+([.,]\d+)?E\+\d+", re.IGNORECASE)


BY_NEURON = (
    "splits and cross-validation are by neuron instead, so that scores do not say how well neurons "
    "of other groups are told apart"
)


def object_table(
    forest: Forest, quality: pd.DataFrame, labels: pd.DataFrame, split: dict, on_bad_input: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a neuron of ``forest``, and the quality table with what was wrong with the labels.

    ``labels`` comes from :func:`morphoflow.reading.labels.read_labels`; ``split`` holds the
    fractions and the seed. A label of a neuron that no file holds, and a class with fewer neurons
    than there are splits, raise InputError or, if ``on_bad_input`` is "skip", are listed in the
    quality table: the neurons of such a class stay, without a label. A table none of whose ids is
    that of a file raises InputError in any case. Fewer groups than splits are set aside.
    """
    known = quality["id"][quality["id"] != ""].unique()
    labels, notes = match_ids(labels, known)
    joined = pd.DataFrame({"id": forest.ids}).merge(labels, on="id", how="left")
    named = labels["label"].dropna().unique()
    small = small_classes(joined["label"], named, "usable neurons", "add neurons, ")
    strays = stray_labels([labels], known, "no file holds a neuron '{}'")
    faults = [*strays, *small.values()]
    stop_at(faults, on_bad_input)
    label, group = labels_without(joined["label"], small), joined["group"].fillna(joined["id"])
    few = few_groups(group, split, BY_NEURON, "the neurons form {} group(s)")
    if few and (group != joined["id"]).any():
        notes.append(note("few_groups", few[0]["message"], value=few[0]["value"]))
        group = joined["id"]
    files = quality.drop_duplicates("id").set_index("id")["file"]
    by_compartment = compartment_lengths(forest)
    objects = pd.DataFrame(
        {
            "id": forest.ids,
            "source": files.loc[forest.ids].to_numpy(),
            "label": label,
            "group": group,
            "split": split_of(label, group, split),
            **_further_labels(joined),
            "n_nodes": forest.n_nodes,
            "n_tips": _tips(forest),
            "cable_length_um": forest.cable_length,
            **by_compartment,
            "n_bridges": np.bincount(forest.owner, weights=forest.bridge).astype(np.int64),
            "bridge_length_um": forest.bridge_length,
            "bridge_share": forest.bridge_length / (forest.bridge_length + forest.cable_length),
        }
    )
    return objects, with_rows(
        quality, [*faults, *notes, *mixed_compartments(by_compartment), *unusual_size(forest)]
    )


def _further_labels(joined: pd.DataFrame) -> dict[str, pd.Series]:
    """Further labels (n,), None where there is none; a class of any size may be among them."""
    names = [name for name in joined if str(name).startswith(LABEL_BY)]
    return {name: labels_without(joined[name], {}) for name in names}


def match_ids(labels: pd.DataFrame, known: Collection[str]) -> tuple[pd.DataFrame, list[dict]]:
    """The label table with the ids of the ``known`` neurons, and a note on those that differed.

    An id that no neuron has is taken for the one neuron whose name is the same but for case,
    folders before it and the endings .swc, .gz and .CNG, or else for the zeros before it, which
    spreadsheets drop, or the ".0" behind whole numbers, which they add.
    Raises InputError where two lines come to one neuron, and for a table that names none of them.
    """
    matched = labels.assign(id=labels["id"].astype(object))
    for form in (_plain, _without_zeros):
        left = ~matched["id"].isin(known)
        names = pd.Series(list(known), index=[form(name) for name in known], dtype=object)
        names = names[~names.index.duplicated(keep=False)]
        found = matched.loc[left, "id"].map(form).map(names)
        matched.loc[found.dropna().index, "id"] = found.dropna()
    _refuse_strangers(labels, matched, known)
    refuse_twice(matched, "id", "'{}'")
    differs = (matched["id"] != labels["id"]).to_numpy()
    if not differs.any():
        return matched, []
    row = int(np.argmax(differs))
    written, taken = labels["id"].iloc[row], matched["id"].iloc[row]
    message = (
        f"{differs.sum()} ids of label tables differ from the names of files: '{written}' is taken "
        f"for '{taken}'"
    )
    return matched, [note("matched_id", message, value=str(differs.sum()))]


def _plain(name: str) -> str:
    return ENDINGS.sub("", FOLDERS.sub("", name.strip())).casefold()


def _without_zeros(name: str) -> str:
    return WHOLE.sub(r"\1", _plain(name)).lstrip("0") or "0"


def _refuse_strangers(labels: pd.DataFrame, matched: pd.DataFrame, known: Collection[str]) -> None:
    """Raise InputError for a label table that names no neuron at all."""
    for file, rows in matched.groupby("file", sort=False):
        if rows["id"].isin(known).any():
            continue
        first = str(labels.loc[rows.index[0], "id"])
        rounded = " (a spreadsheet has rounded it)" if ROUNDED.fullmatch(first) else ""
        raise InputError(
            f"{file}: none of its {len(rows)} ids is that of a neuron. The first is '{first}'"
            f"{rounded}, and the first neuron '{min(known)}'; write the names of the files, "
            f"without .swc, into the column id."
        )


def compartment_lengths(forest: Forest) -> dict[str, np.ndarray]:
    """The cable of each compartment of each neuron, (n,) float64 in um, by name of column."""
    masks = {name: forest.compartment == code for name, code in COMPARTMENTS.items()}
    masks["other"] = ~np.isin(forest.compartment, [SOMA, *COMPARTMENTS.values()])
    return {
        f"{name}_length_um": np.bincount(
            forest.owner, weights=forest.segment_length * mask, minlength=forest.n
        )
        for name, mask in masks.items()
    }


def mixed_compartments(lengths: dict[str, np.ndarray]) -> list[dict]:
    """A note where some neurons have an axon, or a dendrite, and others have none."""
    dendrite = lengths["dendrite_length_um"] + lengths["apical_length_um"]
    notes = []
    for name, length in {"axon": lengths["axon_length_um"], "dendrite": dendrite}.items():
        have, n = int((length > 0).sum()), len(length)
        if 0 < have < n:
            message = (
                f"{have} of {n} neurons have {name} and the others none: they may differ by what "
                f"was traced; choose `compartments` that all have"
            )
            notes.append(note("mixed_compartments", message, value=f"{have} of {n}"))
    return notes


def unusual_size(forest: Forest) -> list[dict]:
    """A note where most neurons are smaller or larger than neurons are, as in another unit."""
    reach = np.maximum.reduceat(np.linalg.norm(forest.xyz, axis=1), forest.offsets[:-1])
    middle = float(np.median(reach))
    if SMALLEST_UM <= middle <= LARGEST_UM:
        return []
    message = (
        f"the neurons reach {middle:,.3g} um from the root (median), which is unusual; check "
        f"`units` and `voxel_size_um`"
    )
    return [note("unusual_size", message, value=f"{middle:.3g} um")]


def similar_labels(labels: pd.Series) -> list[dict]:
    """A note where labels differ in case, spaces or a ".0" alone, and so are classes apart."""
    names = pd.Series(sorted(map(str, labels.dropna().unique())), dtype=object)
    forms = names.map(lambda name: WHOLE.sub(r"\1", "".join(name.split()).casefold()))
    twice = names[forms.duplicated(keep=False)]
    if twice.empty:
        return []
    alike = ", ".join(f"'{name}'" for name in twice)
    return [note("similar_labels", f"labels are almost alike and classes apart: {alike}")]


def _tips(forest: Forest) -> np.ndarray:
    """The number of tips of each neuron: nodes where cable ends, and not where it begins."""
    rows = forest.measured_parent
    is_tip = rows >= 0
    is_tip[rows[rows >= 0]] = False
    return np.bincount(forest.owner[is_tip], minlength=forest.n)
