"""Neurons as image stacks: volumes, places, and files that other tools can read."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import tifffile

from morphoflow.forest import concatenate, single
from morphoflow.images.metadata import read_metadata
from morphoflow.neurons.samples.stacks import (
    Grid,
    draw_stack,
    drawn_radius,
    grid_of,
    outside_share,
    write_stack,
)
from places import SCRIPTS
from synthetic_neurons import small_forest

SETTINGS = {"size": 32}


def cable(end, radius_um: float, nodes: int = 2):
    """A straight cable from the soma to ``end``, of one radius."""
    xyz = np.linspace([0, 0, 0], end, nodes)
    return single("cable", xyz, np.arange(nodes) - 1, radius_um)


def drawn(neuron, size: int = 48, voxel_um: float | None = None, least: float = 0.0):
    radius = drawn_radius(neuron, None)
    grid = grid_of(neuron, radius, size, voxel_um)
    return draw_stack(neuron, grid, radius, least), grid


def volume(stack, grid) -> float:
    return stack.sum() / 255 * grid.voxel_um**3


def places(stack, grid) -> np.ndarray:
    """The centre of mass in um along x, y and z."""
    index = np.stack(np.meshgrid(*[np.arange(n) for n in stack.shape], indexing="ij"), axis=-1)
    mean = np.average(index.reshape(-1, 3), axis=0, weights=stack.ravel().astype(float))
    return grid.origin_um + mean[::-1] * grid.voxel_um


@pytest.mark.parametrize("end", [(40, 0, 0), (0, 0, -40), (20, 25, 24), (-3, 31, 25)])
def test_a_straight_cable_has_the_volume_of_its_cylinder_and_two_half_balls(end):
    radius, length = 4.0, float(np.linalg.norm(end))
    stack, grid = drawn(cable(end, radius))
    expected = np.pi * radius**2 * length + 4 / 3 * np.pi * radius**3
    assert volume(stack, grid) == pytest.approx(expected, rel=0.01)


def test_a_cable_is_the_same_however_many_nodes_it_has():
    few, _ = drawn(cable((20, 25, 24), 3.0))
    many, _ = drawn(cable((20, 25, 24), 3.0, nodes=9))
    np.testing.assert_allclose(few.astype(int), many.astype(int), atol=8)


def test_thickness_follows_the_radius_and_the_soma_is_a_ball():
    neuron = single("cone", [[0, 0, 0], [10, 0, 0], [30, 0, 0]], [-1, 0, 1], [5.0, 1.0, 3.0])
    stack, grid = drawn(neuron, size=64, voxel_um=1.0)
    area = stack.sum(axis=(0, 1)) / 255
    at = (np.array([0, 9, 20, 29]) - grid.origin_um[0]).astype(int)
    radius = np.sqrt(area[at] / np.pi)
    np.testing.assert_allclose(radius, [5.0, 1.0, 2.0, 3.0], atol=0.25)


@pytest.mark.parametrize("voxel_um", [None, 2.0])
def test_a_place_is_found_again_in_the_stack(voxel_um):
    ball = single("ball", [[0, 0, 0]], [-1], 3.0)
    far = single("pair", [[0, 0, 0], [12.3, -7.1, 4.4]], [-1, 0], [3.0, 1e-3])
    grid = grid_of(far, drawn_radius(far, None), 32, voxel_um)
    stack = draw_stack(ball, grid, drawn_radius(ball, None))
    np.testing.assert_allclose(places(stack, grid), 0, atol=0.05 * grid.voxel_um)
    moved = Grid(grid.size, grid.voxel_um, grid.origin_um - [2.2, 0.7, -1.3])
    other = places(draw_stack(ball, moved, drawn_radius(ball, None)), moved)
    np.testing.assert_allclose(other, 0, atol=0.05 * grid.voxel_um)


def test_the_whole_neuron_fits_and_a_fixed_voxel_size_cuts_and_says_so():
    neuron = cable((20, 25, 24), 3.0)
    stack, grid = drawn(neuron)
    assert outside_share(neuron, grid) == 0
    assert (
        not stack[[0, -1]].any() and not stack[:, [0, -1]].any() and not stack[..., [0, -1]].any()
    )
    assert stack.any(axis=(0, 2)).sum() >= 43, "as large as the cube allows"
    _, small = drawn(neuron, size=16, voxel_um=1.0)
    assert outside_share(neuron, small) == 0.5


def test_thin_cable_is_drawn_without_gaps():
    stack, _ = drawn(cable((20, 25, 24), 1e-3), least=0.5)
    assert (stack.sum(axis=(1, 2))[3:-3] > 0).all()


def test_the_file_holds_the_voxel_size_and_equal_stacks_give_equal_bytes(tmp_path):
    stack, grid = drawn(cable((20, 25, 24), 3.0), voxel_um=1.25)
    for name in "ab":
        write_stack(tmp_path / f"{name}.ome.tif", stack, grid, "cell <1>")
    assert (tmp_path / "a.ome.tif").read_bytes() == (tmp_path / "b.ome.tif").read_bytes()
    with tifffile.TiffFile(tmp_path / "a.ome.tif") as tiff:
        assert tiff.is_ome and tiff.series[0].axes == "ZYX"
        np.testing.assert_array_equal(tiff.asarray(), stack)
        assert read_metadata(tiff)[1] == 1.25
        image = ElementTree.fromstring(tiff.ome_metadata).find("{*}Image")
    assert image.get("Name") == "cell <1>"
    label = image.find("{*}StageLabel")
    assert [float(label.get(axis)) for axis in "XYZ"] == pytest.approx(list(grid.origin_um))


def test_every_neuron_of_a_dataset_becomes_a_stack(tmp_path):
    forest = concatenate([small_forest(), cable((9, 0, 0), 1.0)])
    forest.write(tmp_path / "trees.zarr", provenance={})
    flags = {"trees": "trees.zarr", "folder": "stacks", "table": "stacks.parquet"}
    line = [f for name, file in flags.items() for f in (f"--{name}", str(tmp_path / file))]
    line += ["--settings", json.dumps(SETTINGS)]
    subprocess.run([sys.executable, SCRIPTS / "export_stacks.py", *line], check=True)
    table = pd.read_parquet(tmp_path / "stacks.parquet")
    assert table["id"].tolist() == forest.ids.tolist() and (table["outside"] == 0).all()
    for name in forest.ids:
        stack = tifffile.imread(tmp_path / "stacks" / f"{name}.ome.tif")
        assert stack.shape == (32, 32, 32) and stack.max() > 100
