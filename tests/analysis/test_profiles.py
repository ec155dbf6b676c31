"""Profiles of clusters: effect sizes with known answers, and medoids."""

import numpy as np
import pytest

from morphoflow.analysis.profiles import cluster_profiles, exemplars
from morphoflow.figures.profiles import most_distinctive, plot_profiles


def effects(values, clusters) -> dict[int, float]:
    table = cluster_profiles(np.array(values, float)[:, None], ["m"], np.array(clusters))
    return dict(zip(table["cluster"], table["effect"], strict=True))


def test_effects_are_the_share_of_pairs_that_are_larger_less_smaller():
    assert effects([3, 4, 1, 2], [0, 0, 1, 1]) == {0: 1, 1: -1}
    assert effects([1, 1, 1, 1], [0, 0, 1, 1]) == {0: 0, 1: 0}
    # Of 4 pairs 2 are larger, 1 is smaller and 1 is a tie.
    assert effects([2, 5, 2, 3], [0, 0, 1, 1]) == {0: 0.25, 1: -0.25}


def test_effects_depend_on_ranks_alone():
    generator = np.random.default_rng(1)
    values, clusters = generator.normal(size=60), generator.integers(0, 3, 60)
    assert effects(values, clusters) == effects(np.exp(values), clusters)


def test_noise_is_no_cluster_but_one_of_the_others():
    assert effects([3, 1, 2], [0, -1, -1]) == {0: 1}


def test_a_single_cluster_has_nothing_to_be_compared_with():
    assert np.isnan(effects([1, 2, 3], [0, 0, 0])[0])


def test_a_missing_value_is_left_out_of_its_measure():
    assert effects([3, 4, np.nan, 1, 2, np.nan], [0, 0, 0, 1, 1, 1]) == {0: 1, 1: -1}
    table = cluster_profiles(np.array([[1.0], [3], [np.nan], [5]]), ["m"], np.array([0, 0, 0, 1]))
    assert table["n"].tolist() == [2, 1] and table["median"].tolist() == [2, 5]
    assert np.isnan(effects([1, 2, np.nan], [0, 0, 1])[1])


def test_the_medoid_has_the_least_sum_of_squared_distances():
    x = np.random.default_rng(2).normal(size=(30, 4))
    clusters = np.arange(30) % 2
    found = exemplars(x, clusters, 3)
    for number in (0, 1):
        members = np.flatnonzero(clusters == number)
        squared = ((x[members][:, None] - x[members]) ** 2).sum(axis=(1, 2))
        rows = found[found["cluster"] == number]
        assert rows["row"].iloc[0] == members[squared.argmin()]
        assert (
            rows["rank"].tolist() == [1, 2, 3]
            and rows["distance_to_centre"].is_monotonic_increasing
        )


def test_each_cluster_gets_its_most_telling_measures_by_turns():
    values = np.array([[0.9, 0.8, 0.7, 0.0], [0.0, 0.1, 0.2, -0.3]])
    assert most_distinctive(values, 2).tolist() == [0, 3]
    assert most_distinctive(values, 9).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("clusters", [[0, 0, 0, 0], [-1] * 4, [0, 0, 1, 1]])
def test_a_figure_is_drawn_or_says_why_it_is_not(clusters):
    measures = np.arange(8.0).reshape(4, 2)
    table = cluster_profiles(measures, ["a_um", "b"], np.array(clusters)).assign(method="kmeans")
    table["effect"] = table["effect"].astype(float)
    said = [
        text.get_text()
        for text in plot_profiles(table, "kmeans").findobj()
        if hasattr(text, "get_text")
    ]
    assert ("a um" in said) == (len(set(clusters)) == 2)
    assert any("fewer than two" in text for text in said) != (len(set(clusters)) == 2)
