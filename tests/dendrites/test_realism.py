"""Laws of realism: equal sets are best, spoilt ones worse, copies found, chance given its size."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from morphoflow.analysis.scores import score_table
from morphoflow.dendrites.realism.distances import BETTER, NEIGHBOURHOODS, Distances, better
from morphoflow.dendrites.realism.realism import (
    half_of,
    realism_scores,
    realism_table,
    split_in_two,
)
from morphoflow.dendrites.realism.sets import ImageSet, blurred, describe, in_units_of, noisy
from morphoflow.errors import InputError
from synthetic_dendrites import bright_lines

NAMES = ["mean", "contrast", "bright", "edges"]


def statistics(images: np.ndarray) -> np.ndarray:
    """Something measured in each image, which blur changes."""
    x = images[:, 0].astype(float)
    edges = np.abs(np.diff(x, axis=2)).mean(axis=(1, 2))
    return np.stack([x.mean((1, 2)), x.std((1, 2)), (x > 128).mean((1, 2)), edges], axis=1)


def image_set(images: np.ndarray, groups: np.ndarray | None = None) -> ImageSet:
    groups = np.array([f"g{i:04d}" for i in range(len(images))]) if groups is None else groups
    return describe(images, groups, statistics(images), "cpu")


def distances(train: ImageSet) -> Distances:
    return Distances(NAMES, train.statistics.std(axis=0), neighbours=3, seed=0, device="cpu")


def a_table(made: np.ndarray, train: np.ndarray, held: np.ndarray, **given) -> pd.DataFrame:
    """The realism table of three stacks of images; pairs of images are one group."""
    reals = np.concatenate([train, held])
    groups = np.array([f"g{i // 2:04d}" for i in range(len(reals))])
    groups = given.pop("groups", groups)
    sets = {"generated": image_set(made)}
    sets["train"] = image_set(train, groups[: len(train)])
    sets["held_out"] = image_set(held, groups[len(train) :])
    rng = np.random.default_rng(0)
    for name, stack in {
        "real": reals,
        "blurred": blurred(reals),
        "noisy": noisy(reals, rng),
    }.items():
        sets[name] = image_set(stack, groups)
    measure = distances(sets["train"])
    sets = in_units_of(sets["train"], sets)
    first = [sets.pop(name) for name in ("generated", "train", "held_out")]
    given = {"repeats": 4, **given}
    return realism_table(*first, sets, measure, seed=0, **given)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return a_table(bright_lines(24, 1), bright_lines(26, 2), bright_lines(22, 3))


def values(table: pd.DataFrame, comparison: str) -> pd.Series:
    return table[table["comparison"] == comparison].set_index("metric")["value"]


def test_equal_sets_have_the_best_value_of_each_distance():
    one = image_set(bright_lines(24))
    one = in_units_of(one, {"one": one})["one"]
    found = distances(one)(one, one)
    for name, value in found.items():
        if name.startswith("kid"):
            assert value < 0
        elif name.startswith("two_sample"):
            assert value == 0
        elif name.startswith("density"):
            assert value >= 1
        else:
            assert value == pytest.approx(1 if better(name) == "higher" else 0, abs=1e-9), name


def test_blurred_images_are_worse_than_real_ones_by_every_kind_of_distance(table):
    real, spoilt = values(table, "real_real"), values(table, "real_blurred")
    kinds = {name: better(name) for name in real.index}
    for name in ("wasserstein_mean", "sliced_wasserstein_mean", "sliced_wasserstein_32"):
        assert spoilt[name] > 1.2 * real[name]
    assert spoilt["power_spectrum"] > 2 * real["power_spectrum"]
    for kind in ("arbors", "scattering"):
        assert spoilt[f"kid_{kind}"] > max(0, real[f"kid_{kind}"])
        assert spoilt[f"two_sample_accuracy_{kind}"] > real[f"two_sample_accuracy_{kind}"] + 0.2
        for name in NEIGHBOURHOODS:
            assert kinds[f"{name}_{kind}"] == "higher"
            assert spoilt[f"{name}_{kind}"] < real[f"{name}_{kind}"]
    assert abs(spoilt["difference_edges"]) > abs(real["difference_edges"])


def test_images_like_the_real_ones_are_within_chance_and_spoilt_ones_are_not(table):
    good = table.set_index(["comparison", "metric"])
    sets = {
        "made": image_set(blurred(bright_lines(24, 1))),
        "held_out": image_set(bright_lines(22, 3)),
    }
    train = image_set(bright_lines(26, 2))
    bad = distances(train)(*in_units_of(train, sets).values())
    for metric in ("wasserstein_mean", "kid_scattering", "power_spectrum"):
        limit = 1.5 * good.loc[("real_real", metric), "high"]
        assert good.loc[("generated_held_out", metric), "value"] < limit < bad[metric]


def test_simulated_images_are_measured_as_generated_ones_are(table):
    made, train, held = (bright_lines(n, seed) for n, seed in ((24, 1), (26, 2), (22, 3)))
    simulated = image_set(made)
    units = image_set(train)
    (simulated,) = in_units_of(units, {"simulated": simulated}).values()
    both = a_table(made, train, held, simulated=simulated)
    pd.testing.assert_frame_equal(
        both[~both["comparison"].str.startswith("simulated")].reset_index(drop=True), table
    )
    # The same images, of which other ones may be drawn.
    for reference in ("held_out", "train"):
        one, other = (values(both, f"{kind}_{reference}") for kind in ("generated", "simulated"))
        assert one["wasserstein_mean"] == pytest.approx(other["wasserstein_mean"], abs=0.2)
    scores = pd.DataFrame(realism_scores(both))
    assert {"simulated_wasserstein_mean", "realism_wasserstein_mean"} <= set(scores["score"])
    assert set(scores.loc[scores["score"].str.startswith("simulated_"), "split"]) == {
        "train",
        "test",
    }


def test_copies_of_few_images_cost_recall_and_coverage():
    reference, other = image_set(bright_lines(40)), image_set(bright_lines(40, 1))
    sets = in_units_of(reference, {"a": reference, "b": other})
    measure = distances(reference)
    whole = measure(sets["b"], sets["a"])
    copied = measure(sets["b"].take(np.arange(40) % 8), sets["a"])
    for kind in ("arbors", "scattering"):
        for name in ("recall", "coverage"):
            assert copied[f"{name}_{kind}"] < whole[f"{name}_{kind}"] - 0.1


def test_intervals_hold_their_value_and_stay_in_bounds(table):
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    assert (table["low"] < table["high"]).mean() > 0.9
    shares = table[table["metric"].str.startswith(("precision", "recall", "coverage"))]
    assert shares[["low", "high"]].stack().between(0, 1).all()
    assert (table.loc[table["metric"].str.startswith("wasserstein"), "low"] >= 0).all()


def test_intervals_of_a_mean_are_those_of_its_standard_error():
    def mean(tested: ImageSet, reference: ImageSet) -> dict[str, float]:
        return {"difference_mean": float(tested.statistics[:, 0].mean())}

    held = image_set(bright_lines(40, 5))
    real = {"real": image_set(bright_lines(80, 6))}
    made = image_set(bright_lines(40, 7))
    row = realism_table(made, held, held, real, mean, repeats=400, seed=0).iloc[0]
    expected = 1.96 * made.statistics[:, 0].std() / np.sqrt(40)
    assert (row["high"] - row["low"]) / 2 == pytest.approx(expected, rel=0.12)


def test_all_comparisons_are_of_equal_size_and_that_is_the_largest_common_one(table):
    assert set(table["n_a"]) == set(table["n_b"]) == {22}
    assert not table.duplicated(["metric", "comparison"]).any()
    assert set(table["better"]) == {"lower", *BETTER.values()}
    big = a_table(bright_lines(5, 1), bright_lines(40, 2), bright_lines(30, 3), repeats=2)
    assert set(big["n_a"]) == {5}


def test_sixteen_images_of_few_neurons_are_enough():
    small = a_table(bright_lines(16, 1), bright_lines(10, 2), bright_lines(6, 3))
    assert set(small["n_a"]) == {6} and small["value"].notna().all()
    without = a_table(bright_lines(16, 1), bright_lines(13, 2), bright_lines(3, 3), repeats=2)
    assert "generated_held_out" not in set(without["comparison"])


def test_an_interval_is_missing_where_a_side_is_one_neuron():
    groups = np.array([f"g{i}" for i in range(10)] + ["held"] * 4)
    table = a_table(bright_lines(8, 1), bright_lines(10, 2), bright_lines(4, 3), groups=groups)
    held = table[table["comparison"] == "generated_held_out"]
    assert held["low"].isna().all() and held["value"].notna().all()


@pytest.mark.parametrize(
    ("sizes", "groups", "words"),
    [
        ((3, 10, 6), None, "generate more"),
        ((8, 3, 6), None, "training split"),
        ((8, 8, 8), ["one"] * 16, "two neurons"),
        ((8, 8, 8), ["one"] * 15 + ["two"], "more neurons"),
    ],
)
def test_too_few_images_or_neurons_end_with_a_sentence(sizes, groups, words):
    given = {} if groups is None else {"groups": np.array(groups)}
    with pytest.raises(InputError, match=words):
        a_table(*(bright_lines(n, i) for i, n in enumerate(sizes)), **given)


def test_halves_share_no_group_and_leave_none_out():
    groups = np.array(list("aaabbccdefgg"))
    for seed in range(20):
        one, other = split_in_two(groups, np.random.default_rng(seed))
        assert sorted([*one, *other]) == list(range(12))
        assert not {*groups[one]} & {*groups[other]} and min(len(one), len(other)) >= 4
        half = half_of(groups, np.random.default_rng(seed))
        assert len(set(groups[half])) == 3 or len(half) == 2
        assert not {*groups[half]} & {*np.delete(groups, half)}


def test_spoilt_images_keep_their_mean_grey_level():
    x = np.full((3, 1, 32, 32), 101, np.uint8)
    assert (blurred(x) == 101).all()
    assert noisy(x, np.random.default_rng(0)).mean() == pytest.approx(101, abs=1)
    sharp = bright_lines(1)
    expected = gaussian_filter(sharp[0, 0].astype(float), 1.0, mode="nearest")
    assert np.abs(blurred(sharp)[0, 0] - expected).max() < 0.51


def test_scores_take_every_row_once(table):
    run = {"dataset": "d", "model": "m", "variant": "v", "seed": 0}
    scores = score_table(run, realism_scores(table))
    assert len(scores) == len(table)
    held = scores[(scores["split"] == "test") & (scores["score"] == "realism_kid_arbors")]
    assert held["value"].item() == values(table, "generated_held_out")["kid_arbors"]
