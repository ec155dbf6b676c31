"""Laws of the numbers that say whether generated neurons could live."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.figures.generated_neurons import plot_generated_neurons, several_fold
from morphoflow.neurons.rebuild.judged import JUDGED, SIZES, forest_accuracy, largest_fold, medians
from synthetic_neurons import small_forest

NAMES = [*JUDGED, "other"]


def neurons(n, seed):
    x = 10 + np.random.default_rng(seed).normal(size=(n, len(NAMES)))
    return x, np.array(["a", "b"] * (n // 2))


def test_what_is_as_held_out_neurons_are_is_within_and_what_is_larger_is_not():
    x, labels = neurons(40, 0)
    same = medians(x, labels, x, labels, NAMES)
    assert same["within"].all() and len(same) == 2 * len(JUDGED) and largest_fold(same) == 1
    large = x.copy()
    large[:, NAMES.index(SIZES[0])] *= 3
    table = medians(large, labels, x, labels, NAMES)
    assert set(table.loc[~table["within"], "quantity"]) == {SIZES[0]}
    assert largest_fold(table) == pytest.approx(3)
    assert largest_fold(medians(x, labels, large, labels, NAMES)) == pytest.approx(3)


def test_a_forest_tells_what_differs_and_not_what_is_alike_or_how_many_there_are():
    x, labels = neurons(40, 0)
    other, other_labels = neurons(80, 1)
    other_labels[10:] = "b"
    other[:, 0] += 5 * (other_labels == "b")
    x[:, 0] += 5 * (labels == "b")
    assert 0.25 < forest_accuracy(x, labels, other, other_labels, 0) < 0.7
    other[:, 1] += 10
    assert forest_accuracy(x, labels, other, other_labels, 0) > 0.95
    assert np.isnan(forest_accuracy(x[:3], labels[:3], other, other_labels, 0))


def test_neurons_of_a_wrong_size_are_marked_in_their_figure():
    scores = pd.DataFrame({"score": ["largest_fold", "valid_share"], "value": [4.0, 1.0]})
    assert several_fold(scores) == 4
    assert several_fold(scores.assign(value=1.5)) is None
    forest = small_forest(4)
    texts = [
        [text.get_text() for text in plot_generated_neurons(*[forest, ["a"] * 4] * 2, fold).texts]
        for fold in (None, 4.0)
    ]
    assert [sum("not realistic" in text for text in drawn) for drawn in texts] == [0, 1]
