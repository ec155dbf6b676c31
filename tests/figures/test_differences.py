"""The figure of differences shows what is known of groups, and says so where that is nothing."""

import numpy as np
import pandas as pd

from drawn_tables import texts
from morphoflow.analysis.differences import cluster_values, compare_groups, feature_values
from morphoflow.figures.differences import plot_differences

N = 12
SETTINGS = {"column": "label", "unit": "group", "within": None, "reference": None}
DRAWS = {"permutations": 20, "bootstraps": 10}


def drawn(known: bool, *more) -> str:
    """The texts of the figure on two groups of a measure that is known of all objects or none."""
    objects = pd.DataFrame({"label": list("ab") * (N // 2), "group": np.arange(N)})
    x = np.arange(N)[:, None] if known else np.full((N, 1), np.nan)
    table = compare_groups([feature_values(x, ["length_um"]), *more], objects, **SETTINGS, **DRAWS)
    return texts(plot_differences(table))


def test_measures_and_clusters_are_named_with_the_groups():
    said = drawn(True, cluster_values(np.arange(N) % 2, "m", "default", np.zeros(N, bool)))
    for name in ("length", "cluster 1", "b beside a", "6 and 6 units"):
        assert name in said


def test_a_measure_that_is_known_of_no_object_is_left_out():
    said = drawn(False, cluster_values(np.arange(N) % 2, "m", "default", np.zeros(N, bool)))
    assert "cluster 1" in said and "length" not in said


def test_a_sentence_stands_where_nothing_is_known():
    assert "none can be compared" in drawn(False).replace("\n", " ")
