"""Laws of the realism and memorisation of stored images, and of the figures that show them."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import draw_run
from morphoflow.dendrites.arbors.arbors import arbor_statistics
from morphoflow.dendrites.realism.inputs import generated_images, real_images
from morphoflow.dendrites.realism.memorisation import (
    bent_copies,
    laid_upon,
    memorisation_scores,
    nearest_table,
)
from morphoflow.dendrites.realism.realism import realism_scores
from morphoflow.dendrites.realism.run import measure_nearest, measure_realism
from morphoflow.errors import InputError
from morphoflow.figures.arbors import plot_arbors, statistic_name
from morphoflow.figures.nearest_images import shown_rows
from morphoflow.store import write_samples
from morphoflow.tables import REASON, read_table, write_objects, write_table
from places import SCRIPTS
from synthetic_dendrites import bright_lines

pytestmark = pytest.mark.usefixtures("from_a_script")

SETTINGS = {"images": 8, "neighbours": 3, "repeats": 2, "threshold": 0.6}
AXES = ["image", "channel", "y", "x"]


def write_store(folder, name, ids, x, arbors) -> None:
    given = {"axes": AXES, "units": "grey level", "provenance": {}, "facts": {"pixel_um": None}}
    write_samples(folder / f"{name}.zarr", ids, x, **given)
    table = arbors.copy()
    table.insert(0, "id", ids)
    write_table(folder / f"{name}_arbors.parquet", table, {})


def write_dataset(folder, order: np.ndarray, made_order: np.ndarray) -> None:
    """Sixteen real images, six of them held out, and eight generated ones with two copies."""
    real, made = STACKS
    ids = np.array([f"im{i:02d}" for i in range(16)])
    write_store(folder, "images", ids[order], real[order], ARBORS[0].iloc[order])
    names = np.array([f"generated_{i:05d}" for i in range(8)])
    args = (names[made_order], made[made_order], ARBORS[1].iloc[made_order])
    write_store(folder, "generated", *args)
    objects = pd.DataFrame({"id": ids, "source": "a", "label": None})
    objects["group"] = [f"n{i // 2}" for i in range(16)]
    objects["split"] = ["train"] * 10 + ["validation"] * 2 + ["test"] * 4
    write_objects(folder / "objects.parquet", objects, {})


def stacks() -> tuple[np.ndarray, np.ndarray]:
    real, made = bright_lines(16, 4), bright_lines(8, 9)
    made[0], made[1] = np.rot90(real[0, 0]), real[1, 0, :, ::-1]
    return real, made


STACKS = stacks()
ARBORS = [arbor_statistics(x) for x in STACKS]


@pytest.fixture
def folder(tmp_path):
    write_dataset(tmp_path, np.arange(16), np.arange(8))
    return tmp_path


def opened(folder):
    real = real_images(
        folder / "images.zarr", folder / "objects.parquet", folder / "images_arbors.parquet"
    )
    made = generated_images(folder / "generated.zarr", folder / "generated_arbors.parquet", real)
    return real, made


def test_the_order_of_images_in_their_stores_changes_nothing(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    rng = np.random.default_rng(1)
    write_dataset(other, rng.permutation(16), rng.permutation(8))
    tables = [measure_realism(*opened(place), SETTINGS, 0, "cpu") for place in (folder, other)]
    pd.testing.assert_frame_equal(*tables)
    near = [measure_nearest(*opened(place), 0, "cpu") for place in (folder, other)]
    pd.testing.assert_frame_equal(*near)
    assert set(tables[0]["n_a"]) == {6} and near[0]["kind"].value_counts().to_dict() == {
        "bent": 10,
        "generated": 8,
        "held_out": 6,
    }


def test_known_pixel_sizes_change_units_and_no_distance(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("um")
    write_dataset(other, np.arange(16), np.arange(8))
    objects = read_table(other / "objects.parquet").assign(pixel_um=0.5)
    write_objects(other / "objects.parquet", objects, {})
    for name, x in zip(("images", "generated"), STACKS, strict=True):
        table = read_table(other / f"{name}_arbors.parquet")[["id"]]
        measured = table.join(arbor_statistics(x, 0.5))
        write_table(other / f"{name}_arbors.parquet", measured, {})
    few = {**SETTINGS, "images": 4, "repeats": 1}
    one, two = (measure_realism(*opened(place), few, 0, "cpu") for place in (folder, other))
    assert set(one["metric"]) != set(two["metric"]) and set(one["n_a"]) == {4}
    np.testing.assert_allclose(one["value"], two["value"], rtol=1e-6, atol=1e-9)


def test_copies_are_found_however_turned_and_held_out_images_are_not_taken_for_them():
    real, made = STACKS
    train_ids = np.array([f"im{i:02d}" for i in range(10)])
    parts = [(train_ids[:7], real[:7]), (train_ids[7:], real[7:10])]
    names = np.array([f"generated_{i}" for i in range(4)])
    held = (np.array(["im12", "im13"]), real[12:14])
    table = nearest_table({"generated": (names, made[:4]), "held_out": held}, parts)
    assert list(table["nearest"][:2]) == ["im00", "im01"]
    copies, others = table["correlation"][:2], table["correlation"][2:]
    assert copies.min() > 0.99 and others.max() < 0.9
    threshold = (others.max() + 0.99) / 2
    scores = {(s["split"], s["score"]): s["value"] for s in memorisation_scores(table, threshold)}
    assert scores["train", "memorised_share"] == 0.5
    assert scores["test", "memorised_share"] == 0
    assert 0.5 <= scores["train", "nearer_than_real_share"] <= 1
    laid = laid_upon(real[:2], table.iloc[:2])
    assert np.abs(laid[..., 1:-1, 1:-1].astype(int) - made[:2, ..., 1:-1, 1:-1]).max() <= 1


def test_bent_copies_are_found_and_other_images_are_not():
    real = bright_lines(24, 4, size=64)
    ids = np.array([f"im{i:02d}" for i in range(24)])
    rng = np.random.default_rng(0)
    copies = (ids[:12], bent_copies(real[:12], rng))
    others = (ids[12:], real[12:])
    table = nearest_table({"bent": copies, "generated": others}, [(ids[:12], real[:12])])
    bent, made = (table[table["kind"] == kind] for kind in ("bent", "generated"))
    assert (bent["nearest"] == bent["id"]).all()
    assert bent["correlation"].median() > 0.9 and made["correlation"].max() < 0.75
    scores = {s["score"]: s for s in memorisation_scores(table, 0.75)}
    assert scores["found_copies_share"]["value"] > 0.9
    none = scores["memorised_share"]
    # Nothing seen of n: the upper end is 1 - 0.025^(1 / n).
    assert (none["value"], none["low"]) == (0, 0)
    assert none["high"] == pytest.approx(1 - 0.025 ** (1 / 12)) and none["n"] == 12


def test_copies_are_counted_where_one_in_a_hundred_held_out_images_would_be_taken_for_one():
    kinds = {"generated": [0.1], "held_out": np.linspace(0, 0.6, 201), "bent": [0.58, 0.595, 0.9]}
    rows = [{"kind": k, "correlation": value} for k, values in kinds.items() for value in values]
    scores = {s["score"]: s for s in memorisation_scores(pd.DataFrame(rows), 0.5)}
    # Two of the 201 held-out images lie above .594.
    assert scores["found_copies_at_1_percent_share"]["value"] == pytest.approx(2 / 3)
    assert scores["found_copies_share"]["value"] == 1


def test_nothing_is_shown_where_a_motion_looks_past_the_image():
    row = pd.DataFrame([{"angle_deg": 0.0, "flip": False, "shift_y_px": 5.0, "shift_x_px": 0.0}])
    moved = laid_upon(np.full((1, 1, 16, 16), 200, np.uint8), row)[0, 0]
    assert (moved[:5] == 0).all() and (moved[5:] == 200).all()


def test_commands_write_tables_and_figures_of_them(folder):
    tables = {name: folder / f"{name}.parquet" for name in ("realism", "nearest", "scores")}
    stores = {"samples": folder / "images.zarr", "generated": folder / "generated.zarr"}
    arbors = [folder / f"{name}_arbors.parquet" for name in ("images", "generated")]
    flags = {**tables, **stores, "objects": folder / "objects.parquet", "arbors": arbors[0]}
    flags |= {"generated-arbors": arbors[1], "settings": json.dumps(SETTINGS), "gpus": 0}
    flags |= {"dataset": "d", "model": "m", "variant": "v", "seed": 0, "threads": 1}
    words = [str(word) for name, value in flags.items() for word in (f"--{name}", value)]
    words += ["--simulated", *map(str, (flags["samples"], flags["objects"], flags["arbors"]))]
    command = [sys.executable, SCRIPTS / "measure_realism.py", *words]
    subprocess.run(command, check=True, capture_output=True)
    scores = read_table(tables["scores"])
    expected = {"memorised_share", "realism_kid_scattering", "simulated_kid_scattering"}
    assert expected <= set(scores["score"])
    dataset = folder / "dataset"
    (dataset / "samples").mkdir(parents=True)
    (dataset / "samples/images.zarr").symlink_to(stores["samples"])
    (dataset / "arbors.parquet").symlink_to(arbors[0])
    figures = ["realism", "realism_details", "nearest", "arbors"]
    draw_run.main(
        figures=figures,
        run=folder,
        dataset=dataset,
        pictures=[],
        settings={"copy_threshold": 0.6},
        folder=folder / "o",
    )
    assert len(list((folder / "o").glob("*.[ps][nv]g"))) == 2 * len(figures)


def test_too_few_images_of_a_set_leave_tables_that_say_why(folder):
    real, made = opened(folder)
    usual = measure_nearest(real, made, 0, "cpu")
    one_neuron = replace(real, groups=np.full(16, "n0", dtype=object))
    for images, others, said in (
        (real, made.take(np.arange(3)), "among the generated ones there are 3"),
        (real.take(np.array([0, 1, 14, 15])), made, "in the training split there are 2"),
        (one_neuron, made, "but there is one"),
        (real.take(np.arange(10, 16)), made, "no image is in the training split"),
    ):
        table = measure_realism(images, others, SETTINGS, 0, "cpu")
        assert table.empty and said in table.attrs[REASON] and realism_scores(table) == []
    none = measure_nearest(real.take(np.arange(10, 16)), made, 0, "cpu")
    assert "training split" in none.attrs[REASON] and list(none) == list(usual)
    assert memorisation_scores(none, 0.6) == []


def test_shown_are_the_nearest_of_all_and_some_of_each_distance():
    n = 90
    table = pd.DataFrame({"id": [f"g{i}" for i in range(n)], "kind": "generated"})
    table["correlation"] = np.linspace(0.1, 0.9, n)
    shown = shown_rows(table, 20)
    assert list(shown["correlation"][:10]) == sorted(table["correlation"])[::-1][:10]
    assert shown["correlation"].min() == 0.1 and shown["id"].is_unique and len(shown) == 20
    assert len(shown_rows(table[:7], 20)) == 7


def test_arbor_figures_say_how_many_images_and_which_units():
    figure = plot_arbors({"real": ARBORS[0], "generated": ARBORS[1]})
    words = [text.get_text() for text in figure.legends[0].get_texts()]
    assert words == ["real (n = 16)", "generated (n = 8)"]
    assert statistic_name("hull_area_um2") == "hull area (µm²)"
    titles = {axes.get_title(loc="left") for axes in figure.axes}
    assert "tips" in titles and any(title.startswith("Sholl profile") for title in titles)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [("missing", "no arbor statistics"), ("units", "same pixel size"), ("size", "16, 16")],
)
def test_inputs_that_do_not_belong_together_end_with_a_sentence(folder, spoil, words):
    made = STACKS[1]
    names = [f"generated_{i:05d}" for i in range(8)]
    arbors = ARBORS[1]
    if spoil == "units":
        arbors = arbor_statistics(made, 0.5)
    if spoil == "size":
        made = made[..., ::2, ::2]
    write_store(folder, "generated", names, made, arbors)
    if spoil == "missing":
        path = folder / "generated_arbors.parquet"
        write_table(path, read_table(path)[1:], {})
    with pytest.raises(InputError, match=words):
        opened(folder)
