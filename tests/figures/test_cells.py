"""Figures of cells: equal bytes at all sizes, nothing overlaps, commands and captions."""

import numpy as np
import pytest

from drawn_cells import (
    DRAWN,
    _box_of,
    a_map,
    an_embedding,
    reconstructions_of,
    some_crops,
    some_labels,
    some_outliers,
    uncertainties,
    write_shapes,
)
from morphoflow.figures.cluster_gallery import (
    plot_cluster_gallery,
)
from morphoflow.figures.crops import plot_crops
from morphoflow.figures.image_map import plot_image_map
from morphoflow.figures.outlier_gallery import plot_outlier_gallery
from morphoflow.figures.save import save_figure
from morphoflow.figures.traversals import Paths, plot_traversals
from morphoflow.figures.uncertainty import plot_uncertainty
from morphoflow.integrity import open_store


@pytest.mark.parametrize("name", DRAWN)
def test_equal_data_give_equal_bytes_without_a_date(name, tmp_path):
    for run in ("first", "second"):
        save_figure(DRAWN[name](tmp_path), tmp_path / f"{run}.svg", tmp_path / f"{run}.png")
    for kind in ("svg", "png"):
        first, second = (tmp_path / f"{run}.{kind}" for run in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
    svg = (tmp_path / "first.svg").read_text()
    assert "dc:date" not in svg and "Matplotlib v" not in svg


@pytest.mark.parametrize(("n", "c"), [(1, 1), (2, 7), (4, 2), (40, 1)])
def test_all_sizes_and_channels_are_drawn(n, c, tmp_path):
    crops, x = some_crops(n, c, None), an_embedding(n)
    labels = [None] * n if c == 1 else some_labels(n, 25)
    clusters = np.arange(n) % 25 if c == 1 else np.full(n, -1)
    for figure in (
        plot_crops(crops, labels),
        plot_cluster_gallery(crops, x, clusters, labels, "kmeans"),
        plot_outlier_gallery(crops, some_outliers(n), labels),
        plot_image_map(crops, a_map(n), labels),
        plot_uncertainty(crops, uncertainties(n), labels),
        plot_traversals(Paths.read(open_store(write_shapes(tmp_path / "s", n, c))), "abcdefg"[:c]),
        reconstructions_of(tmp_path / "s"),
    ):
        figure.draw_without_rendering()
        assert figure.get_figheight() > 0


def test_no_panel_of_a_figure_overlaps_another_or_leaves_it(tmp_path):
    for name, draw in DRAWN.items():
        figure = draw(tmp_path)
        figure.draw_without_rendering()
        boxes = [axes.get_position() for axes in figure.axes]
        boxes += [_box_of(key, figure) for key in figure.legends]
        for i, box in enumerate(boxes):
            assert min(box.x0, box.y0) > -1e-9 and max(box.x1, box.y1) < 1 + 1e-9, name
            for other in boxes[:i]:
                apart = (
                    box.x0 >= other.x1 - 1e-9
                    or other.x0 >= box.x1 - 1e-9
                    or box.y0 >= other.y1 - 1e-9
                    or other.y0 >= box.y1 - 1e-9
                )
                assert apart, name
