"""Simulated arbors: the same for a seed, valid as trees, in step with their images, and tunable."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.morphology import skeletonize

from morphoflow.dendrites.simulator.cable import Place, empty_cable
from morphoflow.dendrites.simulator.render import Optics, focus_light
from morphoflow.dendrites.simulator.set import SetSettings, simulate_neuron, write_set
from morphoflow.dendrites.simulator.simulate import RATES, Growth, _rules, grow_arbor
from morphoflow.dendrites.simulator.tips import GROWING, Rules, grow, no_tips
from morphoflow.errors import InputError
from morphoflow.neurons.reading.prepare import Part, read_neurons
from places import SCRIPTS

FIELD_UM = 82.7
YOUNG = {"minutes": 120}
SMALL = {"number": 3, "size": 64, "pixel_um": 1.292, "growth": YOUNG}


def arbor_of(seed: int, **growth):
    rng = np.random.default_rng(seed)
    return grow_arbor(Growth(**growth), FIELD_UM, rng)


def children_of(tree) -> np.ndarray:
    return np.bincount(tree.parent[tree.parent >= 0], minlength=len(tree.parent))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("set") / "neurons"
    write_set(made, SetSettings.read(SMALL), {"seed": 0})
    return made


def test_equal_runs_give_equal_bytes_and_an_image_depends_on_seed_and_number_only(folder, tmp_path):
    write_set(tmp_path / "more", SetSettings.read({**SMALL, "number": 4}), {"seed": 0})
    for file in [*folder.glob("images/*"), *folder.glob("trees/*")]:
        twin = tmp_path / "more" / file.relative_to(folder)
        assert file.read_bytes() == twin.read_bytes()
    image = simulate_neuron(SetSettings.read(SMALL), 2)[0]
    other = simulate_neuron(SetSettings.read({**SMALL, "seed": 1}), 2)[0]
    assert image.shape == (64, 64) and (image != other).any()


def test_trees_are_read_without_complaint_and_agree_with_the_truth(folder):
    truth = pd.read_csv(folder / "truth.csv")
    files = sorted((folder / "trees").glob("*.swc"))
    kept = ["axon", "dendrite", "apical", "other"]
    forest, quality = read_neurons(
        [Part(files)], compartments=kept, roots="largest", on_bad_input="stop"
    )
    assert set(quality["code"]) == {"verdict"}
    for i, row in truth.iterrows():
        tree = forest.neuron(i)
        children = np.bincount(tree.parent[1:], minlength=len(tree.parent))
        assert tree.ids[0] == row["id"]
        assert (tree.compartment == np.where(np.arange(len(children)) == 0, 1, 3)).all()
        assert children[1:].max() == 2 and children[0] == row["n_primaries"]
        assert (children[1:] == 2).sum() == row["n_branch_points"]
        assert (children[1:] == 0).sum() == row["n_tips"]
        assert row["n_tips"] == row["n_branch_points"] + row["n_primaries"]
        assert tree.cable_length[0] == pytest.approx(row["length_um"], rel=1e-3)


def test_radii_follow_the_number_of_tips_supported(folder):
    lines = np.loadtxt(next((folder / "trees").glob("*.swc")))
    parent, optics = lines[:, 6].astype(int) - 1, Optics()
    tips = np.bincount(parent[1:], minlength=len(parent)) == 0
    supported = tips.astype(int)
    for node in range(len(parent) - 1, 0, -1):
        supported[parent[node]] += supported[node]
    square = optics.tip_um**2 + optics.taper_um2 * (supported[1:] - 1)
    assert np.allclose(2 * lines[1:, 5], np.sqrt(square), atol=2e-3)


def test_image_and_tree_show_the_same_arbor():
    arbor, pixel_um = arbor_of(3, **YOUNG), 0.1615
    light = focus_light(arbor, Optics(blur_um=0.3), 512, pixel_um, 1.0)
    line = skeletonize(light > 0.15)
    y, x = np.indices(light.shape)
    um = (np.stack([x, y], axis=-1) - 255.5) * pixel_um + arbor.middle
    away = np.hypot(um[..., 0], um[..., 1]) > 14
    place = (arbor.tree.xy - arbor.middle) / pixel_um + 255.5
    seen = (np.abs(place - 255.5) < 250).all(axis=1) & (np.hypot(*arbor.tree.xy.T) > 14)
    near = ndimage.distance_transform_edt(~line)[tuple(np.rint(place[seen]).astype(int).T[::-1])]
    assert seen.sum() > 100 and (near <= 3).mean() > 0.97
    back, _ = cKDTree(arbor.tree.xy).query(um[line & away])
    assert (back < 0.8).mean() > 0.98


def test_cable_keeps_its_distance_only_where_contact_repels():
    """Nodes far apart along the tree, before branches are pulled straight."""

    def nearest(contact: float) -> float:
        tree = arbor_of(5, contact_um=contact, tension=0, neighbours=0, branching_rate=0.01).tree
        pairs = cKDTree(tree.xy).query_pairs(0.3, output_type="ndarray")
        line = [trail(tree.parent, node) for node in range(len(tree.parent))]
        foreign = [len(line[a] ^ line[b]) > 8 for a, b in pairs]
        gaps = np.linalg.norm(tree.xy[pairs[:, 0]] - tree.xy[pairs[:, 1]], axis=1)
        return min(gaps[foreign], default=np.inf)

    assert nearest(0.3) >= 0.3 > nearest(0)


def trail(parent: np.ndarray, node: int) -> set[int]:
    found = set()
    while node >= 0 and len(found) < 12:
        found.add(node)
        node = parent[node]
    return found


def test_each_knob_turns_what_it_names():
    def mean(measure, **growth) -> float:
        return np.mean([measure(arbor_of(seed, **{**YOUNG, **growth}).tree) for seed in range(4)])

    def length(tree):
        return tree.segment_length[tree.cell == 0].sum()

    def forks(tree):
        return (children_of(tree)[tree.cell == 0] == 2).sum()

    def bend(tree):
        """The mean turn in radians from one edge to the next along unbranched cable."""
        up = tree.parent
        plain = np.flatnonzero((children_of(tree) == 1) & (up >= 0))
        child = np.zeros(len(up), dtype=int)
        child[up[up >= 0]] = np.flatnonzero(up >= 0)
        a, b = tree.xy[plain] - tree.xy[up[plain]], tree.xy[child[plain]] - tree.xy[plain]
        return np.abs(np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(1))).mean()

    assert mean(forks, branching_rate=0.007) < 0.8 * mean(forks)
    assert mean(length, minutes=40) < mean(length) < mean(length, minutes=200)
    assert mean(length, first_um=20) < mean(length)
    straight, wavy = (
        mean(bend, persistence_um=p, tension=0, branching_rate=0, neighbours=0) for p in (400, 25)
    )
    assert 3.4 < wavy / straight < 4.6  # the turn goes with the root of the stiffness: 4


def test_speeds_and_pauses_of_tips_scale():
    def length(**growth) -> float:
        trees = [arbor_of(seed, **YOUNG, **growth).tree for seed in range(4)]
        return np.mean([tree.segment_length[tree.cell == 0].sum() for tree in trees])

    assert length(growing=1.6) > 1.5 * length(growing=0.7)
    assert length(shrinking=1.6) < 0.7 * length(shrinking=0.7)
    usual, often = _rules(Growth()).rates, _rules(Growth(pausing=2)).rates
    assert np.array_equal(often, usual * [1, 2, 1])


def test_tips_stay_in_the_states_as_long_as_their_rates_say():
    """Many unbranched tips; the stationary states are the null vector of the rates."""
    number = 1500
    slow = np.array([[-9.0, 0.0], [0.0, 0.0], [-9.0, 0.0]])
    rules = Rules(
        RATES,
        slow,
        turn=0,
        contact=0,
        retreat=1.5,
        branching=0,
        angle=1.5,
        angle_spread=0,
        step=0.02,
    )
    cable, tips = empty_cable(np.full(2, -60.0), np.full(2, 60.0), 1.0), no_tips()
    place = Place(np.array([0, 0, 99.0, 99.0, 0, 0]), np.array([1e-6, 1e-6, 0]))
    angle = np.linspace(0, 2 * np.pi, number)
    still = np.zeros(number)
    sprouts = np.column_stack([np.cos(angle), np.sin(angle), angle, still, still, still + 9])
    assert grow(cable, tips, sprouts, rules, place, 15.0, np.random.default_rng(0))
    flow = RATES.T - np.diag(RATES.sum(axis=1))
    share = np.linalg.svd(flow)[2][-1]
    found = np.bincount(tips.state[: tips.count[0]], minlength=3) / number
    assert tips.count[0] == number
    assert np.abs(found - share / share.sum()).max() < 0.04
    assert found[GROWING] > 0.15


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"number": 2, "size": 8}, "size is 8"),
        ({"number": 0}, "number is 0"),
        ({"number": 1, "growth": {"branchng_rate": 1}}, "branchng_rate"),
        ({"number": 1, "growth": {"minutes": 0}}, "minutes is 0"),
        ({"number": 1, "growth": {"primaries": [4, 2]}}, "primaries"),
        ({"number": 1, "optics": {"photons": 0}}, "photons is 0"),
        ({"number": 1, "populations": {"thin": {"tip": 1}}}, "tip"),
        ({"number": 1, "populations": {}}, "populations"),
    ],
)
def test_bad_settings_are_named(settings, named):
    with pytest.raises(InputError, match=named):
        SetSettings.read(settings)


def test_growth_beyond_memory_is_an_error_and_leaves_nothing(tmp_path):
    wild = {"branching_rate": 0.5, "contact_um": 0, "minutes": 1000}
    settings = SetSettings.read({**SMALL, "growth": wild})
    with pytest.raises(InputError, match=r"branching_rate 0\.5"):
        write_set(tmp_path / "out", settings, {})
    assert list(tmp_path.iterdir()) == []


def test_the_script_writes_labelled_populations(tmp_path):
    populations = {"wild_type": {}, "sparse": {"branching_rate": 0.005}}
    settings = {**SMALL, "number": 2, "size": 16, "pixel_um": 5.17, "populations": populations}
    script = SCRIPTS / "simulate_dendrites.py"
    flags = ["--settings", json.dumps(settings), "--output", str(tmp_path / "out")]
    subprocess.run([sys.executable, script, *flags], check=True, capture_output=True, text=True)
    truth = pd.read_csv(tmp_path / "out" / "truth.csv")
    assert truth["label"].tolist() == list(populations)
    assert truth["branching_rate"].tolist() == [0.0125, 0.005]
    record = json.loads((tmp_path / "out" / "files.json").read_text())["provenance"]
    assert record["settings"] == settings and str(tmp_path) not in json.dumps(record)
    same = replace(SetSettings.read(settings), number=9)
    assert simulate_neuron(same, 1)[2]["length_um"] == truth["length_um"][1]
