"""Whether generated neurons could live: their medians among real ones, and how well they hide."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold

# What an anatomist would look at first: size, topology, sections, angles.
JUDGED = (
    "n_stems",
    "n_branch_points",
    "n_tips",
    "max_branch_order",
    "strahler_order",
    "partition_asymmetry_mean",
    "width_um",
    "height_um",
    "depth_um",
    "cable_length_um",
    "max_path_distance_um",
    "tip_path_distance_mean_um",
    "section_length_max_um",
    "terminal_section_length_mean_um",
    "internal_section_length_mean_um",
    "section_contraction_mean",
    "branch_angle_local_mean_deg",
    "branch_angle_remote_mean_deg",
    "path_angle_mean_deg",
    "tip_tortuosity_mean",
)
# Those of a neuron's size.
SIZES = ("cable_length_um", "max_path_distance_um", "n_tips")
# A forest that tells both sides apart: its trees, the fewest neurons in a leaf, and the folds.
TREES, LEAF, FOLDS = 100, 2, 5


def medians(
    x: np.ndarray, labels: np.ndarray, other: np.ndarray, other_labels: np.ndarray, names: list[str]
) -> pd.DataFrame:
    """The median of each of JUDGED in ``x`` (n, d) beside the quartiles in ``other`` (m, d).

    A row for each label that both have, with ``label``, ``quantity``, ``median``, ``low``,
    ``middle`` and ``high``, and whether the median is ``within`` low and high.
    """
    rows = []
    columns = [names.index(name) for name in JUDGED]
    for label in np.intersect1d(labels, other_labels):
        own = np.median(x[labels == label][:, columns], axis=0)
        quartiles = np.quantile(other[other_labels == label][:, columns], (0.25, 0.5, 0.75), axis=0)
        rows += [(label, *row) for row in zip(JUDGED, own, *quartiles, strict=True)]
    table = pd.DataFrame(rows, columns=["label", "quantity", "median", "low", "middle", "high"])
    return table.assign(within=table["median"].between(table["low"], table["high"]))


def largest_fold(table: pd.DataFrame) -> float:
    """The factor by which a median of SIZES is off in the label where it is most, 1 for none.

    ``table`` is that of :func:`medians`; infinite where one of the two is 0.
    """
    sizes = table[table["quantity"].isin(SIZES)]
    with np.errstate(divide="ignore"):
        apart = np.abs(np.log(sizes["median"]) - np.log(sizes["middle"]))
    same = sizes["median"] == sizes["middle"]
    return float(np.exp(apart.where(~same, 0.0).max()))


def forest_accuracy(
    x: np.ndarray, labels: np.ndarray, other: np.ndarray, other_labels: np.ndarray, seed: int
) -> float:
    """How well a random forest tells ``x`` (n, d) from ``other`` (m, d): balanced accuracy.

    It is cross-validated, .5 for what cannot be told apart; each label weighs the same on both
    sides, so that how many there are of a label gives nothing away. Missing where a side has
    fewer neurons than folds.
    """
    if min(len(x), len(other)) < FOLDS:
        return np.nan
    both, side = np.concatenate([x, other]), np.repeat([0, 1], [len(x), len(other)])
    keys = pd.Series(side).astype(str) + np.concatenate([labels, other_labels])
    weight = 1 / keys.map(keys.value_counts()).to_numpy()
    right = np.zeros(len(both))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(both, side):
        forest = RandomForestClassifier(TREES, min_samples_leaf=LEAF, random_state=seed)
        forest.fit(both[train], side[train], sample_weight=weight[train])
        right[test] = forest.predict(both[test]) == side[test]
    return float(np.mean([np.average(right[side == s], weights=weight[side == s]) for s in (0, 1)]))
