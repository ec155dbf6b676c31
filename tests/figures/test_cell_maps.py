"""Cells on a map, and how far turns move them."""

import subprocess
import sys
from dataclasses import replace
from itertools import permutations

import numpy as np
import pandas as pd
import pytest

import draw_run
from drawn_cells import (
    _box_of,
    a_map,
    an_embedding,
    an_invariance,
    disks,
    some_crops,
    some_labels,
    some_outliers,
    texts,
    uncertainties,
    write_shapes,
)
from morphoflow.embedding import make_embedding, write_embedding
from morphoflow.errors import InputError
from morphoflow.figures.crops import plot_crops
from morphoflow.figures.image_map import map_to_draw, plot_image_map, snap_to_grid
from morphoflow.figures.invariance import headline, moved_share, plot_invariance
from morphoflow.figures.keys import LISTED, key_height
from morphoflow.figures.of_run import FIGURES
from morphoflow.figures.save import save_figure
from morphoflow.figures.uncertainty import corner_rows, plot_uncertainty, uncertainty_of
from morphoflow.store import write_samples
from morphoflow.tables import RECOMMENDED, write_objects, write_table
from places import ROOT, SCRIPTS

pytestmark = pytest.mark.usefixtures("from_a_script")


@pytest.mark.parametrize("n", [1, 4, 100, 3000])
def test_no_two_objects_of_a_map_share_a_cell(n):
    xy = np.random.default_rng(n).normal(size=(n, 2))
    objects, cells, side = snap_to_grid(xy, 20)
    assert len(np.unique(cells, axis=0)) == len(cells) == len(np.unique(objects))
    assert cells.min() >= 0 and cells.max() < side <= 20
    assert len(objects) == n or n == 3000


def test_objects_stay_near_their_places_with_the_second_axis_upwards():
    corners = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    objects, cells, side = snap_to_grid(corners, 26)
    last = side - 1
    found = dict(zip(objects.tolist(), cells.tolist(), strict=True))
    assert found == {0: [last, 0], 1: [last, last], 2: [0, 0], 3: [0, last]}


def test_a_cell_shows_the_object_nearest_to_its_middle_where_there_are_many():
    # A 2 x 2 grid has its middles at the corners; of two objects near each, one is nearer.
    near = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])
    xy = np.concatenate([near * 0.8 + 0.1, near])
    objects, cells, side = snap_to_grid(xy, 2)
    assert side == 2 and objects.tolist() == [4, 5, 6, 7]
    assert cells.tolist() == [[1, 0], [1, 1], [0, 0], [0, 1]]


def test_assigned_cells_have_the_least_sum_of_squared_ways():
    xy = np.random.default_rng(5).normal(size=(3, 2)) * [1, 0]
    objects, cells, side = snap_to_grid(xy, 26)
    place = (xy[:, 0] - xy[:, 0].min()) / np.ptp(xy[:, 0]) * (side - 1)
    place = np.column_stack([np.full(3, (side - 1) / 2), place])
    every = np.stack(np.divmod(np.arange(side**2), side), axis=1)
    best = min(((place - every[list(p)]) ** 2).sum() for p in permutations(range(side**2), 3))
    assert ((place[objects] - cells) ** 2).sum() == pytest.approx(best)


def test_the_first_complete_map_is_drawn_and_none_is_said():
    maps = a_map().assign(pca_1=1.0, pca_2=np.arange(12.0))
    assert map_to_draw(maps) == "umap"
    maps["umap_2"] = np.nan
    assert map_to_draw(maps) == "pca"
    assert "principal components, all 12" in texts(plot_image_map(some_crops(), maps, [None] * 12))
    assert "too few objects" in texts(plot_image_map(some_crops(), maps[["umap_2"]], [None] * 12))


def test_names_of_channels_are_clipped_only_where_there_is_no_room():
    short, long = ["dna", "er"], [f"a rather long name of channel {i}" for i in range(6)]
    for channels in (short, long):
        crops = replace(some_crops(4, len(channels)), channels=channels)
        figure = plot_crops(crops, some_labels(4))
        box = _box_of(figure.legends[0], figure)
        assert box.x0 > 0 and box.x1 < 1
        named = [text.get_text() for text in figure.legends[0].get_texts()]
        assert (named == channels) == (channels is short)


def test_a_key_of_labels_has_room_and_an_end():
    assert key_height([None, None], 7) == 0
    assert key_height(["a"], 7) < key_height([f"a rather long label {i}" for i in range(25)], 7)
    many = [f"type{i}" for i in range(LISTED + 5)]
    figure = plot_image_map(some_crops(len(many)), a_map(len(many)), many)
    assert "and 5 more" in texts(figure)


def test_shifts_are_shares_of_the_way_to_the_nearest_other_object():
    table = an_invariance(3, angles=(0, 30, 390), flips=(True,))
    table.loc[len(table)] = ["same_place", 30, True, 1.0, 0.0, False]
    shares = moved_share(table).set_index("angle_deg")
    # 30 and 390 degrees are one angle: shifts of 0.02, 0.04 and 0.06 twice, over 0.5.
    assert shares.loc[30, "median"] == pytest.approx(0.08)
    assert shares.loc[30, ["low", "high", "largest"]].tolist() == pytest.approx([0.05, 0.11, 0.12])
    assert shares.loc[30, "n"] == 6 and shares.loc[30, "itself_first"] == pytest.approx(0.5)


def test_the_headline_of_invariance_tells_the_worst_and_the_exact():
    table = an_invariance()
    table.loc[(table["angle_deg"] == 180) & (table["id"] == "cell2"), "shift"] = 1e-4
    found = headline(moved_share(table))
    assert "largest median 0.14 at 30°" in found and "0.0002 at quarter turns" in found
    assert "(n = 6)" in found
    assert "quarter" not in headline(moved_share(an_invariance(3, (0, 30), (False,))))


def test_the_circle_is_closed_only_by_angles_that_go_round():
    def last_angles(table):
        return [max(line.get_xdata()) for line in plot_invariance(table).axes[1].lines[:2]]

    assert last_angles(an_invariance()) == [360, 360]
    assert last_angles(an_invariance(angles=(0, 30, 60))) == [60, 60]
    for nearest in (np.nan, np.inf):
        lonely = an_invariance().assign(nearest=nearest)
        assert "no other object" in texts(plot_invariance(lonely))


def test_the_corners_are_those_of_the_ranks_and_nobody_stands_for_two():
    values = np.array([[0.0, 0], [1, 1], [0.1, 1e6], [1e6, 0.1], [0.5, 0.5]])
    chosen = corner_rows(values, 4)
    assert {name: rows.tolist() for name, rows in chosen.items()} == {
        "a": [2],
        "b": [1],
        "c": [0],
        "d": [3],
    }
    rows = np.concatenate(list(corner_rows(uncertainties(40), 4).values()))
    assert len(rows) == len(set(rows.tolist())) == 16


def test_an_embedding_without_uncertainty_is_refused_or_said():
    with pytest.raises(InputError, match=r"no column reconstruction_error; only a variational"):
        uncertainty_of(pd.DataFrame({"posterior_sd": [1.0]}))
    figure = plot_uncertainty(some_crops(2), np.full((2, 2), np.nan), [None] * 2)
    assert "no uncertainty" in texts(figure)


def test_the_commands_join_tables_by_id_in_any_order(tmp_path):
    n = 12
    crops, ids = disks(n), [f"cell{i:03d}" for i in range(n)]
    facts = {"channels": ["dna"], "pixel_size_um": 0.5}
    axes = ["object", "channel", "y", "x"]
    store = tmp_path / "crops.zarr"
    write_samples(store, ids, crops, axes=axes, units="intensity", provenance={}, facts=facts)
    objects = pd.DataFrame({"id": ids, "source": "s", "label": some_labels(n), "split": "train"})
    objects["group"] = None
    write_objects(tmp_path / "objects.parquet", objects, {})
    values = pd.DataFrame(uncertainties(n), columns=["posterior_sd", "reconstruction_error"])
    order = np.random.default_rng(0).permutation(n)
    shuffled = pd.concat([objects, values], axis=1).iloc[order].reset_index(drop=True)
    embedding = make_embedding(an_embedding(n)[order], shuffled, {})
    write_embedding(tmp_path / "embedding.h5ad", embedding)
    clusters = pd.DataFrame({"id": ids, "kmeans": np.arange(n) % 3})
    clusters.attrs[RECOMMENDED] = "kmeans"
    tables = {
        "outliers": some_outliers(n).iloc[order],
        "maps": a_map(n).assign(id=ids).iloc[order],
        "invariance": an_invariance(),
        "clusters": clusters,
    }
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.parquet", table, {})
    write_shapes(tmp_path / "shapes.zarr")
    figures = ["invariance", "uncertainty", "reconstructions", "traversals"]
    figures += ["cluster_gallery", "outlier_gallery", "image_map"]
    draw_run.main(
        figures=figures,
        run=tmp_path,
        dataset=tmp_path,
        pictures=[store],
        settings={},
        folder=tmp_path / "o",
    )
    assert len(list((tmp_path / "o").glob("*.[ps][nv]g"))) == 2 * len(figures)
    expected = plot_image_map(some_crops(n), a_map(n), some_labels(n))
    save_figure(expected, tmp_path / "direct.svg", tmp_path / "direct.png")
    assert (tmp_path / "direct.png").read_bytes() == (tmp_path / "o/image_map.png").read_bytes()


def test_a_command_ends_with_a_sentence_where_crops_are_missing(tmp_path):
    command = [sys.executable, SCRIPTS / "draw_cells.py", "--crops", tmp_path / "no.zarr"]
    others = ("prealigned", "objects", "quality", "scores", "folder")
    command += [word for name in others for word in (f"--{name}", tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "no.zarr" in done.stderr and "anew" in done.stderr


OF_DATASETS = ("crops", "dendrites", "densities", "neurons", "objects", "quality", "scores")


@pytest.mark.parametrize("name", [*OF_DATASETS, *FIGURES])
def test_every_figure_has_a_caption_with_the_wildcards_of_its_rule(name):
    import jinja2

    of_run = name in FIGURES
    wildcards = {"dataset": "d"}
    if of_run:
        wildcards |= {"model": "m", "variant": "v", "seed": "0", "figure": name}
    text = (ROOT / f"rules/report/{'figure' if of_run else name}.rst").read_text()
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(text)
    rendered = template.render(snakemake={"wildcards": wildcards})
    assert len(rendered) > 80 and "{" not in rendered
