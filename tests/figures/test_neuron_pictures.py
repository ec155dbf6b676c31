"""Walks of known shape under noise, the map of walks, density maps and neurons in space."""

from dataclasses import replace

import numpy as np
import pytest

from morphoflow.figures.densities import plot_densities, projected
from morphoflow.figures.kappa_probes import plot_kappa_probes
from morphoflow.figures.neurons_3d import plot_neurons_3d, seen
from morphoflow.figures.walk_map import plot_walk_map
from morphoflow.models.morphvae.probes import DRAWS, KAPPAS, probe_table, probe_walks, walk_map
from morphoflow.models.morphvae.trees import read_source
from morphoflow.store import Samples
from small_morphvae import CPU, as_model, build, decoded_walks, walks
from synthetic_neurons import small_forest


@pytest.fixture(scope="module")
def model():
    made = as_model(build())
    # An untrained decoder hardly listens to its latent, and would end its walks at the soma.
    state = {name: 3 * value.clone() for name, value in made.state.items()}
    state["decoder_output.bias"][3] = -9
    return replace(made, state=state)


def test_probes_have_one_cable_and_the_turns_they_are_named_after():
    probes = probe_walks(9, 4.0)
    for walk in probes.values():
        np.testing.assert_array_equal(walk[0], 0)
        steps = np.linalg.norm(np.diff(walk, axis=0), axis=1)
        np.testing.assert_allclose(steps, 0.5, rtol=1e-5)
    turns = {}
    for shape, walk in probes.items():
        step = np.diff(walk.astype(float), axis=0)
        cosine = (step[1:] * step[:-1]).sum(axis=1) / 0.25
        turns[shape] = np.rint(np.degrees(np.arccos(np.clip(cosine, -1, 1)))).tolist()
    assert turns["straight"] == [0] * 7
    assert turns["kinked"] == [0, 0, 0, 90, 0, 0, 0]
    assert turns["zigzag"] == [90] * 7


def test_without_noise_a_probe_is_what_the_model_reconstructs(model):
    table = probe_table(model, 0, CPU)
    own = table[(table["draw"] < 0) & (table["share"] == 1)]
    decoded = table[(table["draw"] == 0) & table["kappa"].isna() & (table["share"] == 1)]
    for shape in ("straight", "kinked", "zigzag"):
        x, y = (
            part.loc[part["shape"] == shape, ["x_um", "y_um", "z_um"]].to_numpy(np.float32)
            for part in (own, decoded)
        )
        same = decoded_walks(model, x[None, None], np.array([[len(x)]]))[0][0, 0, : len(y)]
        np.testing.assert_allclose(same, y, atol=1e-3)


def test_less_concentrated_noise_moves_probes_further_and_depends_on_the_seed_alone(model):
    table = probe_table(model, 0, CPU)
    assert table.equals(probe_table(model, 0, CPU))
    assert not table.equals(probe_table(model, 1, CPU))
    second = table[(table["step"] == 1) & (table["draw"] >= 0) & (table["share"] == 1)]
    spread = [second[second["kappa"] == kappa]["x_um"].std() for kappa in KAPPAS]
    assert spread == sorted(spread) and spread[0] > 0
    assert second["draw"].max() == DRAWS - 1


def test_the_map_holds_distinct_walks_of_held_out_neurons_with_their_ends(model):
    made, objects = walks(n=16)
    samples = Samples(made.x, made.ids, made.length, *[None] * 3)
    source = read_source(model, samples, objects, CPU)
    table = walk_map(model, samples, objects, 10**6, 0, CPU)
    held_out = np.flatnonzero(source.split != "train")
    assert len(table) == sum(len(source.latents[i]) for i in held_out)
    assert set(table["id"]) == set(source.ids[held_out])
    first = table.iloc[0]
    nodes, length = source.walks[held_out[0]]
    assert first["n_nodes"] == length[0]
    np.testing.assert_allclose(
        [first[f"end_{axis}_um"] for axis in "xyz"], nodes[0, length[0] - 1], rtol=1e-6
    )
    table = walk_map(model, samples, objects, 7, 0, CPU)
    assert len(table) == 7
    # Six panels, one of them for the key, and four colour bars.
    assert len(plot_walk_map(table).axes) == 6 + 4


def test_figures_have_a_panel_for_each_thing_they_show(model):
    assert len(plot_kappa_probes(probe_table(model, 0, CPU)).axes) == 3 * (1 + len(KAPPAS))
    forest = small_forest()
    labels = ["a", "b", None, "a", "b", "a"]
    assert len(plot_neurons_3d(forest, labels).axes) == 3
    density = np.random.default_rng(0).random((6, 4, 4, 4))
    figure = plot_densities(density, 10.0, labels, ["train"] * 5 + ["test"])
    assert len(figure.axes) == (3 + 2) + (3 + 2) + (3 + 1)


def test_a_projection_keeps_all_cable_and_its_place():
    density = np.zeros((3, 3, 3))
    density[0, 1, 2] = 5
    for plane, place in {"xy": (1, 0), "xz": (2, 0), "yz": (2, 1)}.items():
        flat = projected(density, plane)
        assert flat[place] == flat.sum() == 5, plane


def test_the_view_keeps_distances_and_turns_z_upwards():
    xyz = np.random.default_rng(0).normal(size=(5, 3))
    turned = seen(xyz)
    np.testing.assert_allclose(np.linalg.norm(turned, axis=1), np.linalg.norm(xyz, axis=1))
    up = seen(np.array([[0.0, 0, 1]]))[0]
    assert up[1] > 0.8 and up[0] == 0 and up[2] > 0, "seen from above"
