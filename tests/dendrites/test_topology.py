"""Tracings have the topology of what was drawn, and of simulated arbors whose trees are known."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter
from skimage.draw import disk
from skimage.draw import line as pixels_of_line

from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.arbors.tracing import trace, tree
from morphoflow.dendrites.arbors.truth import true_and_traced
from morphoflow.dendrites.simulator.seen import Seen, seen
from morphoflow.dendrites.simulator.set import SetSettings, simulate_neuron
from morphoflow.dendrites.simulator.simulate import Arbor
from morphoflow.dendrites.simulator.tree import Tree

SIDE = 256


def drawn(*lines: tuple[int, int, int, int], soma: tuple[int, int] | None = None) -> np.ndarray:
    canvas = np.zeros((SIDE, SIDE))
    for ends in lines:
        canvas[pixels_of_line(*ends)] = 1
    if soma is not None:
        canvas[disk(soma, 12)] = 1
    return np.clip(10 + 400 * gaussian_filter(canvas, 1.2), 0, 255).astype(np.uint8)


def measured(image: np.ndarray) -> dict:
    return arbor_statistics(image[None, None]).iloc[0].to_dict()


@pytest.mark.parametrize(
    "lines",
    [
        [(30, 30, 226, 226), (30, 226, 226, 30)],
        [(100, 20, 156, 236), (156, 20, 100, 236)],
        [(0, 60, 255, 190), (128, 30, 128, 220)],
    ],
    ids=["right-angle", "shallow", "cut-by-the-frame"],
)
def test_where_two_lines_cross_no_branch_is(lines):
    found = measured(drawn(*lines))
    assert (found["crossings"], found["branch_points"], found["contacts"]) == (1, 0, 0)
    assert found["segments"] == 2
    whole = sum(np.hypot(y1 - y0, x1 - x0) for y0, x0, y1, x1 in lines)
    assert found["skeleton_length_px"] == pytest.approx(whole, rel=0.03)


def test_a_crossing_within_one_tree_is_no_closed_path():
    lines = [(128, 128, 20, 128), (128, 128, 128, 240), (100, 128, 60, 240), (128, 200, 20, 170)]
    found = measured(drawn(*lines, soma=(128, 128)))
    assert (found["crossings"], found["contacts"], found["loops"]) == (1, 0, 0)
    assert (found["branch_points"], found["tips"]) == (2, 4)


def test_opposite_side_branches_are_branches():
    lines = [(128, 20, 128, 240), (128, 170, 108, 170), (128, 170, 148, 170)]
    found = measured(drawn(*lines, soma=(128, 30)))
    assert found["crossings"] == 0 and found["branch_points"] >= 1
    assert found["tips"] == 3


def test_a_tip_that_touches_cable_is_a_tip():
    """A bent side branch comes back to its stem: one branch point, and two tips with the stem's."""
    lines = [(128, 40, 128, 220), (128, 90, 70, 90), (70, 90, 70, 150), (70, 150, 126, 150)]
    found = measured(drawn(*lines, soma=(128, 30)))
    assert (found["contacts"], found["loops"]) == (1, 0)
    assert (found["branch_points"], found["tips"]) == (1, 2)


def test_ends_at_the_frame_are_no_tips_and_the_soma_holds_no_cable():
    lines = [(128, 128, 128, 255), (128, 128, 0, 60), (128, 128, 200, 128)]
    found = measured(drawn(*lines, soma=(128, 128)))
    assert (found["cut_ends"], found["tips"], found["branch_points"]) == (2, 1, 0)
    whole = (127 + np.hypot(128, 68) + 72) - 3 * 12
    assert found["skeleton_length_px"] == pytest.approx(whole, rel=0.05)


def test_the_square_ends_of_a_thick_line_do_not_fork():
    canvas = np.zeros((SIDE, SIDE))
    canvas[122:134, 20:236] = canvas[40:122, 127:129] = 1
    found = measured(np.clip(gaussian_filter(canvas, 1) * 230 + 10, 0, 255).astype(np.uint8))
    assert (found["branch_points"], found["tips"]) == (1, 3)


@pytest.mark.parametrize("gap", [2, 4])
def test_a_beaded_line_is_one(gap):
    canvas = np.zeros((SIDE, SIDE))
    for start in range(20, 230, 8 + gap):
        canvas[128, start : start + 8] = 1
    found = measured(np.clip(10 + 400 * gaussian_filter(canvas, 1.2), 0, 255).astype(np.uint8))
    assert (found["segments"], found["tips"], found["branch_points"]) == (1, 2, 0)


def test_the_truth_of_a_small_tree():
    """A stem with one long and one short side branch, cut by the frame, and a neighbour's line."""
    xy = [[10, 0], [20, 0], [30, 0], [60, 0], [20, 9], [30, 0.4], [25, -5], [25, 5]]
    parent = np.array([-1, 0, 1, 2, 1, 2, -1, 6])
    tree = Tree(np.array(xy), parent, np.array([0] * 6 + [1] * 2), np.ones(8, dtype=np.int64))
    arbor = Arbor(tree, np.array([2.0, 2.0, 0]), np.zeros(2))
    found = seen(arbor, 80.0, 0.65)
    assert found == Seen(20 + 15 + 9 + 10, branch_points=1, tips=2, cut_ends=1, crossings=1)
    assert seen(arbor, 80.0, 0.1).branch_points == 2 and seen(arbor, 80.0, 0.1).tips == 3


def test_tracings_of_simulated_arbors_have_their_topology():
    settings = SetSettings.read({"number": 6, "size": 512})
    made = [simulate_neuron(settings, i) for i in range(6)]
    found = arbor_statistics(np.stack([image for image, *_ in made])[:, None], 0.1615)
    true = pd.DataFrame([truth for *_, truth in made])
    for name in ("branch_points", "tips"):
        assert found[name].mean() == pytest.approx(true[f"seen_{name}"].mean(), rel=0.1)
    assert found["cut_ends"].mean() == pytest.approx(true["seen_cut_ends"].mean(), abs=2)
    assert found["skeleton_length_um"].mean() == pytest.approx(
        true["seen_length_um"].mean(), rel=0.03
    )
    assert found["loops"].max() == 0


@pytest.mark.parametrize("turn", range(4))
def test_a_tracing_as_a_tree_lies_on_the_image(turn):
    """A lop-sided drawing in any pose: ends, length in um, and the soma at the origin."""
    lines = [(128, 90, 128, 220), (128, 180, 60, 200), (128, 90, 40, 50), (220, 40, 220, 90)]
    image = np.rot90(drawn(*lines, soma=(128, 90)), turn)
    found = tree(trace(image), "n", 0.5)
    soma = np.array([128.5, 90.5])
    ends = np.array([(60, 200), (40, 50), (128, 220)]) + 0.5 - soma
    for _ in range(turn):
        ends = np.stack([-ends[:, 1], ends[:, 0]], axis=1)
    children = np.bincount(found.parent[1:], minlength=len(found.parent))
    leaves = found.xyz[children == 0][:, :2]
    for y, x in ends * 0.5:
        assert np.linalg.norm(leaves - [x, -y], axis=1).min() < 2
    assert found.compartment.tolist() == [1] + [3] * (len(children) - 1)
    assert found.bridge.sum() == 1  # the line that lies apart
    found.check()
    whole = 130 + np.hypot(68, 20) + np.hypot(88, 40) - 2 * 12 + 50
    cable = found.cable_length[0] - found.distance_to_parent[found.parent == 0].sum()
    bridge = found.bridge_length[0]
    assert cable + bridge == pytest.approx(whole / 2, rel=0.05)


def test_an_image_without_an_arbor_has_no_tree():
    assert tree(trace(np.zeros((64, 64), dtype=np.uint8)), "n", 1.0) is None


def test_tracings_are_held_against_the_truth_of_simulated_images_alone():
    objects = pd.DataFrame({"id": ["a", "b", "real"], "simulated": [True, True, False]})
    for name in ("branch_points", "tips", "cut_ends"):
        objects[f"seen_{name}"] = [10, 30, np.nan]
    objects = objects.assign(seen_length_um=[100.0, 300.0, np.nan], seen_crossings=[0, 1, np.nan])
    arbors = pd.DataFrame({"id": ["real", "b", "a"], "skeleton_length_um": [9e9, 320.0, 100.0]})
    for name in ("branch_points", "tips", "cut_ends", "crossings", "contacts", "loops"):
        arbors[name] = [999, 24, 8]
    table = true_and_traced(objects, arbors)
    assert table.loc["skeleton_length_um"].tolist() == pytest.approx([200, 210, 0.05, 2])
    assert table.loc["tips"].tolist() == pytest.approx([20, 16, -0.2, 2])
    assert table.loc["loops", ["true", "traced"]].tolist() == [0, 16]
    assert table.loc[["crossings", "loops"], "error"].isna().all()
    in_pixels = arbors.rename(columns={"skeleton_length_um": "skeleton_length_px"})
    assert "skeleton_length_um" not in true_and_traced(objects, in_pixels).index
    assert true_and_traced(objects[2:], arbors) is None
