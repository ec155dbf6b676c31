"""Bridges join the trees of a file for walks, and no measure counts them."""

import numpy as np
import pytest

from morphoflow.errors import InputError
from morphoflow.forest import Forest
from morphoflow.neurons.morphometrics.table import morphometrics
from morphoflow.neurons.samples.barcodes import barcodes
from morphoflow.neurons.samples.densities import cube, density_maps
from morphoflow.neurons.samples.distances import cable_points
from morphoflow.neurons.samples.walks import sample_walks
from morphoflow.swc_files import swc_text
from swc_texts import PLAIN, assert_same, read, read_text
from synthetic_neurons import random_binary_tree, y_shape

# Two pieces of axon, 180 and 190 um off, whose segments are as long as those of the dendrite.
FRAGMENTS = """1 1 0 0 0 5 -1
2 3 10 0 0 1 1
3 3 20 0 0 1 2
4 2 200 0 0 .1 -1
5 2 210 0 0 .1 4
6 2 400 0 0 .1 -1
7 2 410 0 0 .1 6
"""
TWO_CELLS = """1 1 0 0 0 5 -1
2 3 10 0 0 1 1
3 3 20 0 0 1 2
4 1 500 0 0 5 -1
5 3 510 0 0 1 4
6 3 520 0 0 1 5
"""


def measured(forest: Forest) -> dict[str, float]:
    x, names = morphometrics(forest)
    return dict(zip(names, x[0].tolist(), strict=True))


def pieces(seed: int) -> str:
    """A neuron of 8 tips, and 30 um above it the beginning of a tree of 11 segments and 2 tips."""
    first = random_binary_tree(np.random.default_rng(seed), n_tips=8, step_um=5.0)
    second = y_shape(step_um=5.0, stem=4)
    top = first.xyz[np.argmax(first.xyz[:, 1])]
    second.xyz[:] += top + np.array([0, 30, 0], dtype=np.float32)
    more = [row.split() for row in swc_text(second).splitlines()[1:]]
    for row in more:
        row[0], row[1] = f"{int(row[0]) + 100}", "3"
        row[6] = "-1" if row[6] == "-1" else f"{int(row[6]) + 100}"
    return swc_text(first) + "\n".join(map(" ".join, more))


def test_bridges_have_no_length_angle_fork_or_crossing(tmp_path):
    forest, findings = read_text(tmp_path, FRAGMENTS, largest_bridge_um=200)
    assert forest.bridge.sum() == 2 and forest.bridge_length == [180 + 190]
    found = measured(forest)
    assert found["cable_length_um"] == found["max_path_distance_um"] == 40
    assert found["n_tips"] == 3 and found["n_branch_points"] == 0 and found["n_stems"] == 1
    assert found["strahler_order"] == 1 and found["max_branch_order"] == 0
    assert found["section_length_max_um"] == 20 and found["tip_tortuosity_mean"] == 1
    assert found["sholl_peak_crossings"] == 1
    crossed = [4.1, 12.3, 200.9, 209.1, 405.9]  # of the 50 spheres, 8.2 um apart
    assert found["sholl_centroid_radius_um"] == pytest.approx(np.mean(crossed))
    assert findings["bridges"]["value"] == f"{370 / 410:.4f}"


@pytest.mark.parametrize("seed", range(3))
def test_a_further_tree_adds_its_own_measures_and_no_more(tmp_path, seed):
    text = pieces(seed)
    both = measured(read_text(tmp_path, text, largest_bridge_um=1e3)[0])
    one = measured(read_text(tmp_path, text, roots="largest")[0])
    added = {"cable_length_um": 55, "n_tips": 2, "n_branch_points": 1, "n_stems": 0}
    for name, value in added.items():
        assert both[name] == pytest.approx(one[name] + value, rel=1e-4)
    assert both["strahler_order"] == max(one["strahler_order"], 2)
    assert both["path_angle_mean_deg"] == one["path_angle_mean_deg"] == 0


def test_walks_cross_bridges_and_maps_and_points_do_not(tmp_path):
    forest, _ = read_text(tmp_path, FRAGMENTS, largest_bridge_um=200)
    x, length = sample_walks(forest, n_walks=1, n_steps=9, children="tips", seed=0)
    assert x[0, 0, : length[0, 0], 0].tolist() == [0, 10, 20, 200, 210, 400, 410]
    maps, outside = density_maps(forest, bins=10, extent_um=cube(500.0))
    assert maps.sum() == pytest.approx(40) and outside == [0]
    assert maps[0, 7:9].sum() == pytest.approx(10)  # of the piece at 200 um alone
    places = cable_points(forest, 8)[:, 0]
    assert ((places < 20) | ((places > 200) & (places < 210)) | (places > 400)).all()
    assert barcodes(forest)[1].tolist() == [1]


def test_written_neurons_are_read_back_with_their_bridges(tmp_path):
    forest, _ = read_text(tmp_path, FRAGMENTS, largest_bridge_um=200)
    again, _ = read_text(tmp_path, swc_text(forest), largest_bridge_um=200)
    assert_same(again, forest)


def test_trees_beyond_the_largest_bridge_are_left_out_or_the_file_is_refused(tmp_path):
    forest, findings = read_text(tmp_path, FRAGMENTS)
    assert forest.cable_length == [20] and not forest.bridge.any()
    assert "beyond a bridge of 100.000 um" in findings["dropped_tree"]["message"]
    with pytest.raises(InputError, match=r"180\.000 um away.*100\.000 um.*largest_bridge_um"):
        read_text(tmp_path, FRAGMENTS, roots="refuse")
    near, _ = read_text(tmp_path, FRAGMENTS, largest_bridge_um=180)
    assert near.cable_length == [30]


def test_a_bridge_to_the_soma_begins_at_its_surface(tmp_path):
    right, left = "2 3 31 0 0 1 -1\n3 3 31.2 0 0 1 2\n", "4 3 -31 0 0 1 -1\n5 3 -32 0 0 1 4\n"
    apart = "1 1 0 0 0 30 -1\n" + right + left
    forest, findings = read_text(tmp_path, apart)
    assert forest.parent.tolist() == [-1, 0, 0, 1, 2]
    assert findings["joined_tree"]["value"] == "1.000 um"
    assert measured(forest)["n_stems"] == 2
    np.testing.assert_allclose(forest.cable_length, [1.2], rtol=1e-5)


def test_a_soma_far_from_all_neurites_gives_way_to_the_largest_tree(tmp_path):
    forest, findings = read_text(tmp_path, "9 1 900 0 0 5 -1\n" + PLAIN.replace("1 1 0", "1 3 0"))
    assert {"no_soma", "dropped_tree"} <= set(findings)
    assert forest.cable_length == [20]


def test_two_cells_in_one_file_are_refused_unless_the_largest_is_asked_for(tmp_path):
    (tmp_path / "cell.swc").write_text(TWO_CELLS)
    for largest_um in (None, 1e6):
        with pytest.raises(InputError, match=r"several cells, with somata in lines 1 and 4, 500"):
            read([tmp_path / "cell.swc"], largest_bridge_um=largest_um)
    forest, _ = read([tmp_path / "cell.swc"], roots="largest")
    assert forest.cable_length == [20]


def test_two_cells_in_one_tree_are_refused_and_thin_nodes_of_type_1_are_not(tmp_path):
    text = TWO_CELLS.replace("4 1 500 0 0 5 -1", "4 1 500 0 0 5 3")
    with pytest.raises(InputError, match=r"joined in one tree, with somata in lines 1 and 4, 500"):
        read_text(tmp_path, text)
    forest, _ = read_text(tmp_path, text.replace("500 0 0 5", "500 0 0 1"))
    assert forest.cable_length == [520]


def test_the_soma_of_neuromorpho_is_no_repair(tmp_path):
    (tmp_path / "cell.swc").write_text(
        "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 9 0 0 1 1\n"
    )
    _, quality = read([tmp_path / "cell.swc"])
    assert set(quality["verdict"]) == {"ok"} and "three_point_soma" in set(quality["code"])
