"""Neighbours, contacts, density and the features baseline: tables of many objects."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from model_settings import model_of
from morphoflow.errors import InputError
from morphoflow.models.baselines import features
from morphoflow.organelles.counting.density import density_map, neighbours, touching
from morphoflow.organelles.shapes.measures import (
    GROUPS,
    feature_matrix,
    join_measures,
    without_falsified,
)
from morphoflow.store import Samples


def table(points: np.ndarray) -> pd.DataFrame:
    columns = {f"centroid_{axis}_um": points[:, i] for i, axis in enumerate("zyx")}
    ids = np.arange(1, len(points) + 1)
    return pd.DataFrame({"id": ids.astype(str), "label_id": ids, "volume_um3": 0.5, **columns})


def test_neighbours_are_counted_by_centroids():
    around = neighbours(table(np.array([[0.0, 0, 0], [0, 3, 4], [0, 3, 4.5]])), radius_um=1)
    assert around["nearest_centroid_um"].tolist() == [5, 0.5, 0.5]
    assert around["neighbours"].tolist() == [0, 1, 1]


def test_a_single_object_has_no_neighbour():
    around = neighbours(table(np.zeros((1, 3))), radius_um=1)
    assert around["nearest_centroid_um"].isna().all() and around["neighbours"].tolist() == [0]


def test_contacts_count_for_both_objects():
    pairs = pd.DataFrame({"label_id_a": [1, 1], "label_id_b": [2, 3], "area_um2": [0.25, 1.0]})
    touched = touching(table(np.zeros((4, 3))), pairs)
    assert touched["contacts"].tolist() == [2, 1, 1, 0]
    assert touched["contact_area_um2"].tolist() == [1.25, 0.25, 1.0, 0]


def test_density_conserves_objects_and_volume_and_fills_the_extent():
    points = np.random.default_rng(0).uniform(0, 5, size=(40, 3))
    cells = density_map(table(points), np.zeros(3), np.array([5.0, 5, 5]), cell_um=2.0)
    assert len(cells) == 27
    assert cells["objects"].sum() == 40
    assert cells["volume_um3"].sum() == pytest.approx(20)
    assert cells["cell_volume_um3"].sum() == pytest.approx(125)


def test_parts_that_miss_an_object_are_refused():
    objects = table(np.zeros((2, 3)))
    part = pd.DataFrame({"id": ["1"], "skeleton_length_um": [1.0], "radius_mean_um": [0.5]})
    with pytest.raises(InputError, match="1 rows for 2 objects"):
        join_measures(objects, [part])


def shapes(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Two kinds of objects of very different sizes that only their form tells apart."""
    rng, names = np.random.default_rng(seed), [name for group in GROUPS.values() for name in group]
    kind, size = np.arange(n) % 2, np.exp(rng.normal(0, 1.0, n))
    rows = pd.DataFrame(np.outer(size, np.ones(len(names))), columns=names)
    for name in GROUPS["form"]:
        rows[name] = (1 + 3 * kind) * rng.uniform(0.9, 1.1, n)
    return rows, kind


def embedded(settings: dict, rows: pd.DataFrame) -> np.ndarray:
    x, names = feature_matrix(rows)
    ids = np.arange(len(rows)).astype(str)
    samples = Samples(x, ids, None, None, names, {})
    objects = pd.DataFrame({"id": ids, "split": "train"})
    facts, state = features.fit(samples, objects, settings, 0)
    model = model_of("features", settings, facts, state)
    return features.embed(model, samples, torch.device("cpu"))


def test_form_tells_kinds_apart_whatever_their_size():
    rows, kind = shapes(60, seed=0)
    z = embedded({"groups": ["form"]}, rows)
    found = KMeans(2, n_init=5, random_state=0).fit_predict(z)
    assert adjusted_rand_score(kind, found) == 1
    sized = KMeans(2, n_init=5, random_state=0).fit_predict(embedded({"groups": ["size"]}, rows))
    assert adjusted_rand_score(kind, sized) < 0.2


def test_features_are_standardised_and_do_not_depend_on_the_unit_of_length():
    rows, _ = shapes(50, seed=1)
    z = embedded({"groups": ["size", "form"]}, rows)
    assert np.abs(z.mean(axis=0)).max() < 1e-5
    assert np.allclose(z.std(axis=0), 1, atol=1e-5)
    skewed = ["volume_um3", "surface_area_um2", "skeleton_length_um"]
    scaled = embedded({"groups": ["size", "form"]}, rows.assign(**{n: rows[n] * 8 for n in skewed}))
    assert np.allclose(z, scaled, atol=1e-4)


def test_position_and_legacy_are_left_to_their_own_variants():
    rows, _ = shapes(20, seed=2)
    assert embedded({"groups": ["position"]}, rows).shape == (20, 3)
    assert embedded({"groups": ["legacy"]}, rows).shape == (20, len(GROUPS["legacy"]))
    with pytest.raises(InputError, match="`legacy_measures: true` for legacy"):
        embedded({"groups": ["legacy"]}, rows.drop(columns=GROUPS["legacy"]))


def test_measures_that_a_cut_falsifies_are_missing_and_others_stay():
    rows, _ = shapes(20, seed=3)
    rows = rows.assign(touches_border=np.arange(20) < 5)
    marked = without_falsified(rows, "mark")
    local = "surface_to_volume_per_um"
    falsified = sorted({*GROUPS["size"], *GROUPS["form"], *GROUPS["legacy"]} - {local})
    assert marked.loc[:4, falsified].isna().all(axis=None)
    pd.testing.assert_frame_equal(marked[5:], rows[5:])
    others = [*GROUPS["intensity"], *GROUPS["position"], "touches_border", local]
    pd.testing.assert_frame_equal(marked[others], rows[others])
    pd.testing.assert_frame_equal(without_falsified(rows, "keep"), rows)


def test_cut_objects_change_nothing_for_whole_ones_and_lie_at_their_mean():
    rows, _ = shapes(40, seed=4)
    rows = rows.assign(touches_border=np.arange(40) < 10)
    groups = {"groups": ["form"]}
    z = embedded(groups, without_falsified(rows, "mark"))
    whole = embedded(groups, rows[10:].reset_index(drop=True))
    np.testing.assert_array_equal(z[10:], whole)
    assert not z[:10].any()
