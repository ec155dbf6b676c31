"""Laws of outliers: planted ones found, isometries, densities that integrate to one, uniform p."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal

from morphoflow.analysis import outliers as module
from morphoflow.analysis.density import cross_fitted, fit_density, fit_mixture
from morphoflow.analysis.outliers import find_outliers, neighbour_distances
from morphoflow.errors import InputError
from morphoflow.figures.outliers import furthest_out, plot_outliers
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table, write_table
from synthetic_embeddings import blobs, rotation, splits

SCORES = ("distance", "log_density")


def find(x, split=None, groups=None, **settings):
    split = splits(len(x), 3) if split is None else split
    groups = np.arange(len(x)) if groups is None else groups
    usual = {"neighbours": 5, "components": 4, "false_discovery_rate": 0.1, "seed": 0}
    return find_outliers(x, split, groups, **{**usual, **settings})


def with_planted(n=300, planted=5):
    """Blobs and rows far from them in as many directions; they are in every split."""
    x, _ = blobs(n, 3, apart=6)
    rows = np.arange(planted) * 40 + 3
    x[rows] = np.random.default_rng(5).normal(size=(planted, 8)) * 9
    return x, rows


def conformal_p(scores, calibration):
    """Of objects that are each a group of their own."""
    return module.conformal_p(scores, calibration, np.arange(len(scores)))


def tail_p(scores, calibration):
    return module.tail_p(scores, calibration, np.arange(len(scores)))


def test_planted_outliers_are_found_and_few_others():
    x, rows = with_planted()
    table = find(x)
    assert table.loc[rows, "outlier"].all()
    assert table["outlier"].sum() <= len(rows) + 2
    for score in SCORES:
        ids = furthest_out(table.assign(id=np.arange(300)), score)["id"]
        assert set(rows) <= set(ids)
        threshold = table.attrs["thresholds"][score]
        assert threshold in table.loc[table["outlier"], score].to_numpy()


def test_alike_objects_are_hardly_ever_outliers():
    flagged = [find(blobs(200, 3, apart=6, seed=seed)[0])["outlier"].mean() for seed in range(8)]
    assert np.mean(flagged) < 0.01


def test_isometries_and_scale_do_not_matter():
    x, _ = with_planted()
    first, second = find(x), find((x.astype(np.float64) @ rotation(8)) * 50 + 7)
    np.testing.assert_allclose(first["distance"], second["distance"], rtol=1e-6)
    np.testing.assert_allclose(first["log_density"], second["log_density"], atol=1e-4)
    assert (first["outlier"] == second["outlier"]).all()


def test_distances_on_a_line_by_hand():
    line = np.array([0, 1, 3, 7, 20.0])[:, None]
    train = np.array([True, True, True, True, False])
    groups = np.arange(5)
    assert neighbour_distances(line, train, groups, 1).tolist() == [1, 1, 2, 4, 13]
    assert neighbour_distances(line, train, groups, 2).tolist() == [3, 2, 3, 6, 17]
    # Members of the same group do not count, and no more than there are can be asked for.
    paired = np.array([0, 0, 1, 1, 2])
    assert neighbour_distances(line, train, paired, 1).tolist() == [3, 2, 2, 6, 13]
    assert neighbour_distances(line, train, paired, 9).tolist() == [7, 6, 3, 7, 20]


def test_blocks_change_nothing(monkeypatch):
    x, _ = blobs(50, 3)
    whole = neighbour_distances(x, np.arange(50) < 30, np.arange(50), 5)
    monkeypatch.setattr(module, "BLOCK", 90)
    np.testing.assert_allclose(
        neighbour_distances(x, np.arange(50) < 30, np.arange(50), 5), whole, rtol=1e-6
    )


def test_test_objects_change_nothing_for_others():
    x, _ = blobs(120, 3, apart=4)
    split = splits(120, 3)
    moved = x.copy()
    moved[split == "test"] += 100
    first, second = find(x, split), find(moved, split)
    others = split != "test"
    columns = ["distance", "distance_p", "log_density", "log_density_p"]
    np.testing.assert_allclose(first.loc[others, columns], second.loc[others, columns])
    assert (second.loc[~others, "distance"] > first["distance"].max()).all()


def test_a_training_object_is_no_witness_for_itself():
    # Twins far out are in one group: without their own they are as improbable as they are.
    x, _ = blobs(100, 1, d=4, apart=0)
    x[:3] = 30
    split = np.where(np.arange(100) < 80, "train", "validation").astype(object)
    table = find(x, split, np.maximum(np.arange(100) - 2, 0), components=4)
    assert table["log_density"][:3].max() < table["log_density"][3:].min()
    assert table["distance"][:3].min() > table["distance"][3:].max()


def test_the_density_of_one_gaussian_is_recovered():
    generator = np.random.default_rng(0)
    root = generator.normal(size=(3, 3))
    x = generator.normal(size=(20_000, 3)) @ root + 2
    true = multivariate_normal(np.full(3, 2), root.T @ root).logpdf(x)
    found = fit_density(x, 1, 0).log_density(x)
    assert np.abs(found - true).mean() < 0.03


@pytest.mark.parametrize("components", [1, 3])
def test_densities_integrate_to_one(components):
    x = blobs(300, 3, d=3, apart=4)[0][:, :2].astype(np.float64)
    density = fit_density(x, components, 0)
    side = np.linspace(-25, 25, 501)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    mass = np.exp(density.log_density(grid)).sum() * (side[1] - side[0]) ** 2
    assert mass == pytest.approx(1, abs=1e-3)


def test_the_density_of_empty_dimensions_is_finite_and_integrates():
    # A plane in ten dimensions: off it the density falls, along it the mixture decides.
    x = np.zeros((100, 10))
    x[:, :2] = np.random.default_rng(0).normal(size=(100, 2))
    found = fit_density(x, 2, 0)
    off = x.copy()
    off[:, 5] += 3
    assert np.isfinite(found.log_density(off)).all()
    assert (found.log_density(off) < found.log_density(x)).all()
    few = np.random.default_rng(0).normal(size=(30, 40))
    table = find(few)
    assert np.isfinite(table[list(SCORES)].to_numpy()).all()


def test_a_mixture_finds_its_components_and_more_data_make_it_likelier():
    x, labels = blobs(300, 3, d=3, apart=8)
    x = x / x.std(axis=0)
    mixture = fit_mixture(x.astype(np.float64), 3, 0)
    np.testing.assert_allclose(np.exp(mixture.weights), 1 / 3, atol=0.01)
    centres = np.stack([x[labels == name].mean(axis=0) for name in sorted(set(labels))])
    nearest = np.linalg.norm(mixture.means[:, None] - centres, axis=2).min(axis=1)
    assert nearest.max() < 0.1
    parts = np.arange(300) // 3 % 5
    held = [cross_fitted(x.astype(np.float64), parts, k, 0).mean() for k in (1, 3)]
    assert held[1] > held[0] + 0.5
    assert cross_fitted(x[:20].astype(np.float64), parts[:20] % 2, 4, 0) is None


def test_conformal_p_values_by_hand():
    scores = np.array([1.0, 2, 3, 2.5, 9, 0])
    calibration = np.array([True, True, True, False, False, False])
    found = conformal_p(scores, calibration)
    np.testing.assert_allclose(found, [1, 2 / 3, 1 / 3, 2 / 4, 1 / 4, 1])
    assert np.isnan(conformal_p(scores, np.zeros(6, dtype=bool))).all()


def test_conformal_p_values_of_exchangeable_objects_are_uniform():
    generator = np.random.default_rng(0)
    calibration = np.arange(40) < 19
    draws = np.concatenate(
        [conformal_p(scores, calibration)[19:20] for scores in generator.gamma(2, size=(8000, 40))]
    )
    # p is one of 1/20 ... 20/20 with equal chance: five standard errors of a share.
    share = np.bincount(np.rint(draws * 20).astype(int), minlength=21)[1:] / 8000
    assert np.abs(share - 0.05).max() < 5 * np.sqrt(0.05 * 0.95 / 8000)


def test_p_values_of_a_whole_analysis_are_uniform_on_test_objects():
    found = []
    for seed in range(12):
        x = np.random.default_rng(seed).normal(size=(150, 5))
        table = find(x, splits(150, 3), seed=seed)
        found.append(table.loc[splits(150, 3) == "test", ["distance_p", "log_density_p"]])
    p = np.concatenate(found)
    # 360 objects a score, compared with 12 draws of 30 others: six points of a share.
    for level in (0.1, 0.25, 0.5, 0.75):
        assert np.abs((p <= level).mean(axis=0) - level).max() < 0.12


def test_the_tail_goes_on_where_the_conformal_p_value_ends():
    generator = np.random.default_rng(0)
    scores = np.concatenate([generator.exponential(size=2000), [20, 30]])
    calibration = np.arange(2002) < 2000
    p, tail = conformal_p(scores, calibration), tail_p(scores, calibration)
    body = scores < np.quantile(scores[:2000], 0.79)
    np.testing.assert_array_equal(p[body], tail[body])
    np.testing.assert_allclose(np.log(tail[-2:]), [-20, -30], rtol=0.1)
    order = np.argsort(scores)
    assert (np.diff(tail[order]) <= 1e-12).all()
    # Outliers among the calibrating objects hardly change it.
    dirty = scores.copy()
    dirty[:20] = 1e6
    assert np.log(tail_p(dirty, calibration)[-2]) == pytest.approx(-20, rel=0.15)
    few = np.arange(2002) < 40
    np.testing.assert_array_equal(tail_p(scores, few), conformal_p(scores, few))


def test_without_validation_objects_conformal_p_values_are_missing():
    x, rows = with_planted()
    split = np.where(splits(300, 3) == "validation", "train", splits(300, 3))
    table = find(x, split)
    assert table[["distance_p", "log_density_p"]].isna().all(axis=None)
    assert table.loc[rows, "outlier"].all()


def test_too_little_to_learn_from_is_refused():
    x, _ = blobs(30, 3)
    with pytest.raises(InputError, match="of at least 2 groups, but there are 1; give more"):
        find(x, groups=np.zeros(30))
    with pytest.raises(InputError, match="all have the same embedding"):
        find(np.ones((30, 4)))


def test_equal_runs_give_equal_bytes_and_the_figure_too(tmp_path):
    x, _ = with_planted()
    for name in ("one", "two"):
        table = find(x).assign(id=[f"object{i}" for i in range(300)])
        write_table(tmp_path / name, table, {})
        table = read_table(tmp_path / name)
        figure = plot_outliers(table, list(splits(300, 3)))
        save_figure(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    assert list(pd.Series(SCORES)) == list(table.attrs["thresholds"])
