"""Comparisons of groups: known effects, nulls whose labels are constant in units, batches."""

import numpy as np
import pandas as pd
import pytest

from drawn_tables import texts
from morphoflow.analysis.differences import (
    COLUMNS,
    cluster_values,
    compare_groups,
    feature_values,
)
from morphoflow.analysis.permuting import design_of, effects, p_values
from morphoflow.errors import InputError
from morphoflow.figures.differences import plot_differences
from morphoflow.report.differing import differing_in_words, rows_of_differences
from morphoflow.tables import REASON, read_table, write_table


def nested(rng, animals=(8, 8), cells=20, spread=1.0, columns=1):
    """Objects of animals that differ among one another: values, treated, the animal of each."""
    n = sum(animals)
    animal = np.repeat(np.arange(n), cells)
    own = spread * rng.normal(size=(n, columns))
    values = own[animal] + rng.normal(size=(len(animal), columns))
    return values, animal < animals[0], animal


def settings(**changed):
    plain = {"column": "treatment", "unit": "animal", "within": None, "reference": None}
    return plain | {"permutations": 999, "bootstraps": 200} | changed


def test_the_effect_is_how_much_oftener_the_treated_are_larger():
    values = np.array([[1.0], [2.0], [2.0], [0.0], [2.0], [np.nan]])
    treated = np.array([True, True, True, False, False, False])
    found, low, _ = effects(values, design_of(treated, np.arange(6)), 100, 0)
    # Of 6 pairs 3 are won against 0, and against 2 one is lost and two are even.
    assert found == pytest.approx([(3 - 1) / 6]) and np.isnan(low).all()


def test_each_animal_counts_alike_however_many_cells_it_has():
    values = np.array([1.0] * 50 + [-1.0] + [0.0, 0.0])[:, None]
    animal = np.array([0] * 50 + [1, 2, 3])
    found, *_ = effects(values, design_of(animal < 2, animal), 100, 0)
    assert found == pytest.approx([0])


def test_without_a_difference_one_test_in_twenty_is_significant_though_animals_differ():
    rng = np.random.default_rng(0)
    values, treated, animal = nested(rng, columns=1500)
    right = p_values(values, design_of(treated, animal), 499, 0)
    ignored = p_values(values, design_of(treated, np.arange(len(animal))), 499, 0)
    # Three standard errors of a share of 1,500 tests; cells taken for independent mislead.
    assert abs((right <= 0.05).mean() - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 1500)
    assert (ignored <= 0.05).mean() > 0.4


def test_intervals_hold_the_true_effect_of_no_difference():
    rng = np.random.default_rng(1)
    values, treated, animal = nested(rng, animals=(12, 12), cells=8, columns=300)
    _, low, high = effects(values, design_of(treated, animal), 300, 0)
    inside = ((low <= 0) & (high >= 0)).mean()
    assert 0.87 < inside <= 0.98


def test_a_known_shift_is_found_with_its_sign():
    rng = np.random.default_rng(2)
    values, treated, animal = nested(rng, columns=4)
    values[treated, 0] += 3
    values[treated, 1] -= 3
    design = design_of(treated, animal)
    found, low, high = effects(values, design, 200, 0)
    p = p_values(values, design, 1999, 0)
    assert found[0] > 0.6 and found[1] < -0.6 and (p[:2] < 0.005).all() and (p[2:] > 0.01).all()
    assert (low < found).all() and (found < high).all()


def test_the_effect_of_a_normal_shift_is_that_of_its_distribution():
    rng = np.random.default_rng(3)
    values, treated, animal = nested(rng, animals=(400, 400), cells=2, spread=0)
    values[treated] += 1
    found, *_ = effects(values, design_of(treated, animal), 10, 0)
    # P(X + 1 > Y) - P(X + 1 < Y) of standard normals is 2 Phi(1 / sqrt 2) - 1.
    assert found == pytest.approx([0.5205], abs=0.06)


def test_a_treatment_inside_animals_is_compared_inside_them():
    rng = np.random.default_rng(4)
    animal = np.repeat(np.arange(6), 20)
    treated = np.tile(np.arange(20) < 10, 6)
    values = 10 * rng.normal(size=6)[animal] + rng.normal(size=120) + treated
    design = design_of(treated, animal)
    assert design.crossed and design.sizes == (6, 6)
    p = p_values(values[:, None], design, 1999, 0)
    found, low, _ = effects(values[:, None], design, 200, 0)
    assert p[0] < 0.01 and low[0] > 0.1
    blind = design_of(treated, np.arange(120))
    assert effects(values[:, None], blind, 200, 0)[0] < found


def test_a_difference_of_batches_is_none_of_the_treatment():
    rng = np.random.default_rng(5)
    unit = np.arange(200)
    batch = np.repeat(["old", "new"], 100)
    treated = rng.random(200) < np.where(batch == "old", 0.8, 0.2)
    values = (5.0 * (batch == "old") + rng.normal(size=200))[:, None]
    assert p_values(values, design_of(treated, unit), 499, 0)[0] < 0.01
    assert p_values(values, design_of(treated, unit, batch), 499, 0)[0] > 0.05
    assert abs(effects(values, design_of(treated, unit, batch), 10, 0)[0][0]) < 0.3


@pytest.mark.parametrize(
    ("animals", "least"), [((3, 3), 2 / 20), ((1, 5), 1 / 6), ((2, 2), 2 / 6), ((4, 4), 2 / 70)]
)
def test_too_few_animals_cannot_give_a_small_p_value(animals, least):
    values, treated, animal = nested(np.random.default_rng(6), animals, spread=0)
    values[treated] += 100
    design = design_of(treated, animal)
    assert design.least_p == pytest.approx(least)
    assert p_values(values, design, 9999, 0) == pytest.approx([least], abs=0.02)


def a_table(n_animals=12, cells=10):
    animal = np.repeat(np.arange(n_animals), cells)
    values = ["wild_type", "mutant"]
    named = np.array(values)[animal % 2].tolist()
    return pd.DataFrame({"treatment": named, "animal": [f"a{a}" for a in animal]})


def test_the_share_of_a_cluster_is_compared_as_a_measure_is():
    objects = a_table()
    mutant = (objects["treatment"] == "mutant").to_numpy()
    rng = np.random.default_rng(7)
    clusters = np.where(rng.random(120) < np.where(mutant, 0.9, 0.1), "1", "0")
    named = [
        feature_values(rng.normal(size=(120, 2)), ["a", "b"]),
        cluster_values(clusters, "m", "v", np.zeros(len(clusters), bool)),
    ]
    table = compare_groups(named, objects, **settings(reference="wild_type"))
    row = table[(table["kind"] == "cluster") & (table["name"] == "1")].iloc[0]
    shares = [(clusters[rows] == "1").mean() for rows in (mutant, ~mutant)]
    assert [row["value"], row["value_of_reference"]] == pytest.approx(shares)
    assert row["effect"] == pytest.approx(shares[0] - shares[1])
    assert row["corrected_p_value"] < 0.05 and (row["units"], row["n"]) == (6, 60)


def test_each_value_beside_the_reference_or_beside_all_others():
    objects = a_table()
    objects["treatment"] = np.array(["a", "b", "c"])[np.arange(120) // 10 % 3]
    named = [feature_values(np.arange(120.0)[:, None], ["x"])]
    beside = compare_groups(named, objects, **settings(reference="b"))
    assert list(zip(beside["group"], beside["reference"], strict=True)) == [("a", "b"), ("c", "b")]
    assert (beside["n"] + beside["n_of_reference"]).tolist() == [80, 80]
    others = compare_groups(named, objects, **settings())
    assert others["group"].tolist() == ["a", "b", "c"] and set(others["reference"]) == {"others"}


def test_what_never_differs_is_no_test():
    named = [feature_values(np.ones((120, 1)), ["flat"])]
    table = compare_groups(named, a_table(), **settings())
    assert np.isnan(table["p_value"][0]) and table["effect"][0] == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"column": "drug"}, "no column 'drug'"),
        ({"reference": "heterozygous"}, "has no 'heterozygous' .it has: mutant, wild_type"),
        ({"within": "plate"}, "objects of one 'animal' have several values of 'plate'"),
        ({"within": "gap"}, "has nothing in the column 'gap'"),
    ],
)
def test_a_column_that_cannot_be_compared_is_named(changed, said):
    objects = a_table().assign(plate=np.arange(120) % 2, gap=None)
    named = [feature_values(np.ones((120, 1)), ["x"])]
    with pytest.raises(InputError, match=said):
        compare_groups(named, objects, **settings(**changed))


@pytest.mark.parametrize(("values", "said"), [("x", "'x' alone"), (None, "nothing")])
def test_objects_of_one_value_leave_a_table_and_a_figure_that_say_why(tmp_path, values, said):
    named = [feature_values(np.arange(120.0)[:, None], ["x"])]
    usual = compare_groups(named, a_table(), **settings())
    found = compare_groups(named, a_table().assign(treatment=values), **settings())
    assert list(usual) == list(found) == list(COLUMNS) and found.empty
    write_table(tmp_path / "differences.parquet", found, {})
    read = read_table(tmp_path / "differences.parquet")
    assert said in read.attrs[REASON] and said in texts(plot_differences(read))
    (sentence,) = differing_in_words(read, settings())
    assert said in sentence and rows_of_differences(read) == []


def test_objects_without_any_label_leave_a_table_that_says_so():
    named = [feature_values(np.arange(120.0)[:, None], ["x"])]
    found = compare_groups(named, a_table(), **settings(column="label"))
    assert found.empty and "have no label" in found.attrs[REASON]
