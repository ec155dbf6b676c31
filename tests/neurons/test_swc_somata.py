"""Somata of SWC files become one node, and several trees one neuron."""

import numpy as np
import pytest

from morphoflow.neurons.samples.resample import resample
from morphoflow.swc_files import swc_text
from swc_texts import PLAIN, read, read_text, segments
from synthetic_neurons import random_binary_tree


def test_three_point_soma_becomes_its_centre(tmp_path):
    soma = "1 1 2 3 4 5 -1\n2 1 2 -2 4 5 1\n3 1 2 8 4 5 1\n"
    forest, findings = read_text(tmp_path, soma + "4 3 2 3 14 1 1\n5 3 12 3 4 1 3\n")
    assert list(findings) == ["three_point_soma"]
    assert forest.parent.tolist() == [-1, 0, 0]
    assert forest.radius[0] == 5
    np.testing.assert_allclose(forest.xyz[1:], [[0, 0, 10], [10, 0, 0]])


def test_three_point_soma_may_be_rounded(tmp_path):
    soma = "1 1 0 0 0 5 -1\n2 1 0 -4.95 0 5 1\n3 1 0 5.05 0 5 1\n4 3 0 0 9 1 1\n"
    forest, findings = read_text(tmp_path, soma)
    assert list(findings) == ["three_point_soma"]
    assert forest.xyz.tolist() == [[0, 0, 0], [0, 0, 9]]
    assert forest.radius.tolist() == [5, 1]


def ring(n: int, radius: float, z: float = 0.0, first: int = 1) -> list[str]:
    angle = 2 * np.pi * np.arange(n) / n
    up = [-1, *range(first, first + n - 1)]
    return [
        f"{first + i} 1 {radius * np.cos(a):.6f} {radius * np.sin(a):.6f} {z} 0.1 {up[i]}"
        for i, a in enumerate(angle)
    ]


def test_outline_of_the_soma_becomes_one_node_at_its_centre(tmp_path):
    lines = [*ring(12, 6.0), "13 3 20 0 0 1 1", "14 3 -20 0 0 1 7"]
    forest, findings = read_text(tmp_path, "\n".join(lines))
    assert list(findings) == ["contour_soma"]
    np.testing.assert_allclose(forest.radius[0], 6.0, rtol=1e-5)
    np.testing.assert_allclose(forest.xyz, [[0, 0, 0], [20, 0, 0], [-20, 0, 0]], atol=1e-5)


def test_outlines_in_several_planes_are_one_soma_and_a_distant_one_is_not(tmp_path):
    planes = [*ring(8, 6.0, 0.0, 1), *ring(8, 6.0, 3.0, 9), *ring(8, 6.0, -3.0, 17)]
    dendrite = ["25 3 20 0 0 1 -1", "26 3 30 0 0 1 25"]
    forest, findings = read_text(tmp_path, "\n".join(planes + dendrite))
    assert set(findings) == {"contour_soma", "joined_tree", "bridges"}
    assert forest.n_nodes.tolist() == [3]
    np.testing.assert_allclose(forest.cable_length, [10.0], rtol=1e-5)
    distant = [*ring(8, 6.0), "9 3 20 0 0 1 1", *ring(8, 6.0, 100.0, 10)]
    forest, findings = read_text(tmp_path, "\n".join(distant))
    assert findings["extra_soma"]["value"] == "8"


def test_cylinders_of_the_soma_become_one_node(tmp_path):
    chain = "1 1 -2 0 0 5 -1\n2 1 0 0 0 7 1\n3 1 2 0 0 6 2\n4 3 30 0 0 1 3\n"
    forest, findings = read_text(tmp_path, chain)
    assert list(findings) == ["multi_point_soma"]
    np.testing.assert_allclose(forest.radius, [6, 1])
    np.testing.assert_allclose(forest.cable_length, [30.0])


def test_soma_in_the_middle_becomes_the_root_of_the_same_cable(tmp_path):
    moved = "1 2 0 0 0 1 -1\n2 2 5 0 0 1 1\n3 1 9 0 0 4 2\n4 3 9 9 0 1 3\n5 3 5 7 0 1 2\n"
    forest, findings = read_text(tmp_path, moved)
    assert list(findings) == ["moved_root"]
    assert forest.compartment[0] == 1
    np.testing.assert_allclose(forest.cable_length, [5 + 4 + 9 + 7])


TWO_MORE_TREES = PLAIN + "5 3 4 16 0 1 -1\n6 3 4 26 0 1 5\n7 3 6 28 0 1 -1\n8 3 7 28 0 1 7\n"


def test_joined_trees_add_exactly_the_recorded_bridges_and_no_cable(tmp_path):
    (tmp_path / "cell.swc").write_text(TWO_MORE_TREES)
    forest, quality = read([tmp_path / "cell.swc"], roots="join")
    forest.check()
    joined = quality[quality["code"] == "joined_tree"]
    assert joined["line"].tolist() == [5, 7]
    bridges = [float(value.split()[0]) for value in joined["value"]]
    np.testing.assert_allclose(bridges, [3.0, np.sqrt(8)], atol=5e-4)
    read_um = quality["cable_length_read_um"].iloc[0]
    np.testing.assert_allclose(forest.cable_length, [read_um], atol=2e-3)
    np.testing.assert_allclose(forest.bridge_length, [sum(bridges)], atol=2e-3)
    row = quality.iloc[0]
    assert row["n_bridges"] == 2 and row["bridge_length_um"] == pytest.approx(sum(bridges), 1e-3)


def test_dropped_trees_lose_exactly_the_recorded_cable(tmp_path):
    (tmp_path / "cell.swc").write_text(TWO_MORE_TREES)
    forest, quality = read([tmp_path / "cell.swc"], roots="largest")
    dropped = quality[quality["code"] == "dropped_tree"]
    assert dropped["value"].tolist() == ["10.000 um", "1.000 um"]
    assert segments(forest) == segments(read_text(tmp_path, PLAIN)[0])


@pytest.mark.parametrize("seed", range(4))
def test_a_cut_tree_is_joined_again_where_it_was_cut(tmp_path, seed):
    rng = np.random.default_rng(seed)
    lines = swc_text(resample(random_binary_tree(rng, n_tips=6, step_um=40.0), 1.0)).splitlines()
    for cut in rng.choice(np.arange(5, len(lines)), size=3, replace=False):
        lines[cut] = " ".join([*lines[cut].split()[:6], "-1"])
    forest, findings = read_text(tmp_path, "\n".join(lines))
    assert "joined_tree" in findings
    whole = read_text(tmp_path, "\n".join(lines), roots="largest")[0]
    assert whole.cable_length < forest.cable_length
    np.testing.assert_allclose(forest.cable_length + forest.bridge_length, [400.0], rtol=0.02)
    np.testing.assert_allclose(forest.cable_length, [397.0], rtol=1e-3)
