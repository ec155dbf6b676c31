"""The parts of arbor statistics that have known answers, the script and the baseline model."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import torch

from model_settings import cards, model_of, settings
from morphoflow.dendrites.arbors.arbors import (
    GROUPS,
    arbor_statistics,
    box_dimension,
    filled,
    hull,
    mesh_size,
    sholl,
)
from morphoflow.dendrites.arbors.graph import arbor
from morphoflow.dendrites.arbors.skeleton import skeleton
from morphoflow.errors import InputError
from morphoflow.models.baselines import arbor_statistics as baseline
from morphoflow.store import read_samples, write_samples
from morphoflow.tables import read_table, write_objects
from places import SCRIPTS

SIDE = 200


def grid(spacing: int) -> np.ndarray:
    line = np.zeros((SIDE, SIDE), dtype=bool)
    line[::spacing] = line[:, ::spacing] = True
    return line


def sierpinski(order: int) -> np.ndarray:
    """The carpet of side 3 to the ``order``, whose dimension is log 8 / log 3."""
    carpet, cell = np.ones((1, 1), dtype=bool), np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]])
    for _ in range(order):
        carpet = np.kron(carpet, cell).astype(bool)
    return carpet


@pytest.mark.parametrize(
    ("mask", "radius", "expected"),
    [
        (np.eye(SIDE, dtype=bool), SIDE * np.sqrt(2 / 12), 1),
        (np.ones((SIDE, SIDE), dtype=bool), SIDE / np.sqrt(6), 2),
        (sierpinski(5), 243 / np.sqrt(6), np.log(8) / np.log(3)),
    ],
    ids=["line", "square", "carpet"],
)
def test_dimension_of_known_sets(mask, radius, expected) -> None:
    assert box_dimension(mask, radius) == pytest.approx(expected, abs=0.06)


def test_dimension_does_not_depend_on_the_place() -> None:
    mask = np.zeros((SIDE, SIDE), dtype=bool)
    mask[30:90, 40] = mask[60, 20:100] = mask[75, 40:80] = True
    moved = np.roll(mask, (57, 31), axis=(0, 1))
    assert box_dimension(moved, 30) == box_dimension(mask, 30) > 1


def test_dimension_of_nothing_or_a_dot_is_zero() -> None:
    empty = np.zeros((SIDE, SIDE), dtype=bool)
    dot = empty.copy()
    dot[3, 4] = True
    assert box_dimension(empty, 0.0) == box_dimension(dot, 0.0) == 0


@pytest.mark.parametrize("spacing", [10, 20, 40])
def test_mesh_of_a_grid_is_that_of_its_hitting_probability(spacing) -> None:
    """A box of side b misses lines ``spacing`` apart with probability (1 - b / spacing) ** 2."""
    line = grid(spacing)
    whole = hull(np.array([[0, 0], [0, SIDE], [SIDE, 0], [SIDE, SIDE]], dtype=float))
    assert mesh_size(line, whole) == pytest.approx((1 - np.sqrt(0.5)) * spacing, rel=0.12)


def test_hull_holds_its_area_whatever_its_turn() -> None:
    for angle in (0.0, 0.3, np.pi / 4, 2.0):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        corners = np.array([[-60, -30], [-60, 30], [60, 30], [60, -30]]) @ turn + SIDE / 2
        found = hull(corners)
        assert found.area == pytest.approx(7200)
        assert filled(found, (SIDE, SIDE)).sum() == pytest.approx(7200, rel=0.02)


def test_points_in_a_line_span_no_hull() -> None:
    for points in (np.zeros((0, 2)), np.zeros((1, 2)), np.arange(10.0).repeat(2).reshape(-1, 2)):
        assert hull(points).area == 0
        assert mesh_size(grid(10), hull(points)) == 0


def test_edges_cross_the_circles_between_their_ends() -> None:
    begin, end = np.array([1.0, 5.0, 2.5]), np.array([4.0, 2.0, 2.6])
    assert sholl(begin, end, np.array([0.5, 1.5, 3.0, 4.5, 6.0])).tolist() == [0, 1, 2, 1, 0]


def test_each_segment_is_as_long_as_its_chord_at_least() -> None:
    rng = np.random.default_rng(0)
    image = np.zeros((SIDE, SIDE))
    for y, x in rng.integers(10, SIDE - 10, (12, 2)):
        image[y, min(x, 90) : 120] = image[min(y, 90) : 120, x] = 200
    graph = arbor(skeleton(image), image)
    lengths, chords = graph.segment_lengths(), graph.segment_chords()
    assert len(lengths) > 20
    assert (chords <= lengths + 1e-9).all()
    assert lengths.sum() == pytest.approx(graph.length.sum())
    assert graph.loops == len(lengths) - (graph.degree != 2).sum() + _pieces(graph)


def _pieces(graph) -> int:
    """Connected pieces, by spreading the least number from neighbour to neighbour."""
    number = np.arange(len(graph.points))
    for _ in range(len(graph.points)):
        least = number[graph.edges].min(axis=1)
        np.minimum.at(number, graph.edges, least[:, None])
    return len(np.unique(number))


@pytest.fixture
def images() -> np.ndarray:
    """Ten crosses of growing size, (10, 1, 64, 64) uint8."""
    x = np.zeros((10, 1, 64, 64), dtype=np.uint8)
    for k, image in enumerate(x[:, 0]):
        image[31:33, 20 - k : 44 + k] = image[20 - k : 44 + k, 31:33] = 180
    return x


def test_script_writes_the_table_and_the_store(images, tmp_path) -> None:
    ids = [f"n{k}" for k in range(10)]
    axes = ["object", "channel", "y", "x"]
    paths = {name: tmp_path / name for name in ("samples.zarr", "objects", "table", "features")}
    write_samples(paths["samples.zarr"], ids, images, axes=axes, units="intensity", provenance={})
    table = pd.DataFrame({"id": ids[::-1], "source": "s", "label": None, "group": "g"})
    write_objects(paths["objects"], table.assign(split="train", pixel_um=0.5), {})
    flags = ["--samples", paths["samples.zarr"], "--objects", paths["objects"]]
    flags += ["--output", paths["table"], "--features", paths["features"]]
    flags += ["--trees", tmp_path / "trees.zip"]
    script = SCRIPTS / "measure_arbors.py"
    subprocess.run([sys.executable, script, *flags], check=True, capture_output=True)
    written, store = read_table(paths["table"]), read_samples(paths["features"])
    expected = arbor_statistics(images, 0.5)
    pd.testing.assert_frame_equal(written.drop(columns="id"), expected)
    assert written["id"].tolist() == store.ids.tolist() == ids
    assert store.names == list(expected)
    np.testing.assert_allclose(store.x[:], expected, rtol=1e-6)


@pytest.fixture
def features(images, tmp_path):
    table, path = arbor_statistics(images, 0.5), tmp_path / "features.zarr"
    x = table.to_numpy(dtype=np.float32)
    ids, axes = [f"n{k}" for k in range(10)], ["object", "feature"]
    write_samples(path, ids, x, axes=axes, units="", names=list(table), provenance={})
    return read_samples(path)


@pytest.mark.parametrize("variant", cards()["arbor_statistics"]["variants"])
def test_baseline_standardises_the_training_objects(features, variant) -> None:
    objects = pd.DataFrame({"split": ["train"] * 8 + ["test"] * 2})
    chosen = settings("arbor_statistics", variant)
    facts, state = baseline.fit(features, objects, chosen, 0)
    model = model_of("arbor_statistics", chosen, facts, state)
    z = baseline.embed(model, features, torch.device("cpu"))
    assert z.dtype == np.float32
    assert z.shape == (10, len(facts["names"]))
    np.testing.assert_allclose(z[:8].mean(axis=0), 0, atol=1e-5)
    spread = z[:8].std(axis=0)
    assert ((np.abs(spread - 1) < 1e-4) | (spread == 0)).all()
    assert np.isfinite(z).all()


def test_groups_share_no_statistic_and_leave_none_out(features) -> None:
    objects = pd.DataFrame({"split": ["train"] * 10})
    named = [baseline.fit(features, objects, {"groups": [g]}, 0)[0]["names"] for g in GROUPS]
    assert sorted(name for names in named for name in names) == sorted(features.names)


def test_other_units_are_refused_in_a_sentence(features) -> None:
    objects = pd.DataFrame({"split": ["train"] * 10})
    facts, state = baseline.fit(features, objects, {"groups": ["length"]}, 0)
    lengths = [name.replace("_um", "_px") for name in facts["names"]]
    model = model_of("arbor_statistics", {}, {"names": lengths}, state)
    with pytest.raises(InputError, match="skeleton_length_px"):
        baseline.embed(model, features, torch.device("cpu"))
