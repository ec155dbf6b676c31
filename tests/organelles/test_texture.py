"""What the EM shows of objects and what lies beside them: analytic answers, pieces and turns."""

import numpy as np
import pytest

from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.order import box_of
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merged_labels
from morphoflow.organelles.shapes import masks
from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.shapes.measures import (
    FARTHEST_UM,
    gap,
    surrounding_measures,
    touching_area,
)
from morphoflow.organelles.shapes.texture import distance_to, texture_measures
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source
from synthetic_organelles import Memory

NM = (10.0, 10.0, 10.0)


def measured(labels, em, nm=NM, label=5):
    """The measures of texture of an object."""
    source = Source(Memory(labels), Memory(em), nm)
    table, _ = count_part(source, [Box((0, 0, 0), source.shape)])
    table = object_columns(merged_labels([table]), source.extent, nm)
    (row,) = table[table["label_id"] == label].itertuples()
    return texture_measures(ObjectMask(source, label, box_of(row)), row, np.array(nm) / 1000)


def rod(em_at):
    """A rod of 40 x 24 x 24 voxels along y, with EM by a function of the place in it."""
    labels, em = np.zeros((34, 52, 34), np.uint32), np.full((34, 52, 34), 200, np.uint8)
    labels[5:29, 6:46, 5:29] = 5
    z, y, x = np.indices(labels.shape)
    return labels, np.where(labels == 5, em_at(z, y, x), em).astype(np.uint8)


def test_inside_membrane_and_around_are_told_apart():
    labels, em = rod(lambda z, y, x: 100)
    deep = np.zeros_like(labels, bool)
    deep[7:27, 8:44, 7:27] = True  # voxels whose middle is more than 24 nm from one outside
    em[(labels == 5) & ~deep] = 50
    made = measured(labels, em)
    assert made["intensity_inside"] == 100 and made["intensity_sd_inside"] == 0
    assert made["intensity_membrane"] == 50 and made["intensity_around"] == 200


def test_where_the_border_of_the_volume_cuts_an_object_is_no_membrane():
    labels, em = rod(lambda z, y, x: 100)
    deep = np.zeros_like(labels, bool)
    deep[7:27, :44, 7:27] = True
    em[(labels == 5) & ~deep] = 50
    cut = measured(labels[:, 20:], em[:, 20:])
    assert cut["intensity_inside"] == 100 and cut["intensity_membrane"] == 50


def test_what_other_objects_cover_is_not_around():
    labels, em = rod(lambda z, y, x: 100)
    em[labels == 0] = 30
    labels[30:], em[30:] = 9, 255
    assert measured(labels, em)["intensity_around"] == 30


def test_waves_along_an_object_show_along_and_not_across():
    along = measured(*rod(lambda z, y, x: 100 + 50 * np.cos(np.pi * y / 3)))
    across = measured(*rod(lambda z, y, x: 100 + 50 * np.cos(np.pi * x / 3)))
    assert along["texture_along_30nm"] == pytest.approx(2, rel=0.03)  # half a wave
    assert along["texture_along_60nm"] == pytest.approx(0, abs=0.01)  # a whole one
    assert along["texture_across_30nm"] == pytest.approx(0, abs=1e-9)
    assert across["texture_across_30nm"] == pytest.approx(1, rel=0.1)  # of one axis of two
    assert across["texture_along_30nm"] == pytest.approx(0, abs=1e-9)


def test_noise_has_nothing_to_do_with_its_neighbours():
    rng = np.random.default_rng(0)
    made = measured(*rod(lambda z, y, x: rng.integers(0, 250, z.shape)))
    values = [v for name, v in made.items() if name.startswith("texture")]
    np.testing.assert_allclose(values, 1, atol=0.06)


def test_a_turned_object_has_the_same_texture_and_pieces_that_of_the_whole(monkeypatch):
    labels, em = rod(lambda z, y, x: (7 * y + 3 * z * x + 11 * z) % 97)
    first = measured(labels, em)
    turned = measured(*(np.ascontiguousarray(np.rot90(a, 1, (0, 1))) for a in (labels, em)))
    assert turned == pytest.approx(first, rel=1e-9)
    monkeypatch.setattr(masks, "WHOLE", 100)
    monkeypatch.setattr(masks, "PIECE", (9, 16, 11))
    assert measured(labels, em) == pytest.approx(first, rel=1e-9)


def test_an_object_that_is_all_membrane_has_no_texture():
    labels, em = np.zeros((9, 20, 9), np.uint32), np.full((9, 20, 9), 90, np.uint8)
    labels[3:6, 4:16, 3:6] = 5
    made = measured(labels, em)
    assert made["intensity_membrane"] == 90 and np.isnan(made["intensity_inside"])
    assert all(np.isnan(v) for name, v in made.items() if name.startswith("texture"))


@pytest.mark.parametrize("size", [(30.0, 8.0, 8.0), (10.0, 10.0, 10.0)])
def test_distances_are_exact_within_reach(size):
    rng = np.random.default_rng(1)
    target = rng.random((9, 14, 13)) < 0.02
    made = distance_to(target, np.array(size), 40.0)
    every = np.argwhere(target)[:, None] * size - np.indices(target.shape).reshape(3, -1).T * size
    right = np.linalg.norm(every, axis=2).min(axis=0).reshape(target.shape)
    near = right <= 40
    np.testing.assert_allclose(made[near], right[near], rtol=1e-5)
    assert (made[~near] > 40).all()


def surroundings(labels, context=None, nm=NM, label=5):
    source = Source(Memory(labels), Memory(labels), nm, context=context)
    at = np.argwhere(labels == label)
    box = Box(tuple(at.min(0).tolist()), tuple((at.max(0) + 1).tolist()))
    return surrounding_measures(ObjectMask(source, label, box), np.array(nm) / 1000)


def test_the_gap_is_to_the_nearest_object_whatever_the_direction():
    labels = np.zeros((20, 40, 40), np.uint32)
    labels[4:8, 4:8, 4:8] = 5
    assert surroundings(labels) == {"gap_um": FARTHEST_UM}
    labels[4:8, 4:8, 30:33] = 7
    assert surroundings(labels)["gap_um"] == pytest.approx(0.23)
    labels[11:13, 11:13, 7] = 9  # 4 voxels off along z and along y
    assert surroundings(labels)["gap_um"] == pytest.approx(0.01 * 32**0.5)
    labels[8, 4, 4] = 9
    assert surroundings(labels)["gap_um"] == pytest.approx(0.01)


def test_other_labels_are_measured_where_they_are_given():
    labels = np.zeros((12, 20, 20), np.uint32)
    labels[4:8, 4:8, 4:8] = 5
    nucleus = np.zeros_like(labels)
    nucleus[4:8, 4:8, 8:15] = 1
    beside = surroundings(labels, Memory(nucleus))
    assert beside["context_gap_um"] == pytest.approx(0.01) and beside["context_overlap"] == 0
    assert beside["context_contact_um2"] == pytest.approx(16e-4)
    nucleus[4:8, 4:8, 6:8] = 1
    within = surroundings(labels, Memory(nucleus))
    assert within["context_gap_um"] == 0 and within["context_overlap"] == 0.5


def test_a_large_object_read_in_pieces_has_the_same_surroundings(monkeypatch):
    rng = np.random.default_rng(2)
    labels = np.where(rng.random((24, 40, 40)) < 0.01, 7, 0).astype(np.uint32)
    labels[8:16, 10:30, 10:30] = 5
    nucleus = Memory((rng.random(labels.shape) < 0.1).astype(np.uint32))
    whole = surroundings(labels, nucleus)
    cut = "morphoflow.organelles.shapes.measures.pieces"
    halves = [Box((8, 10, 10), (12, 30, 30)), Box((12, 10, 10), (16, 30, 30))]
    monkeypatch.setattr(cut, lambda box, chunks: iter(halves))
    assert surroundings(labels, nucleus) == pytest.approx(whole)


def test_gap_and_faces_know_the_size_of_a_voxel():
    own, other = np.zeros((3, 5, 5), bool), np.zeros((3, 5, 5), bool)
    own[0, 1, 1], other[1, 1, 1], other[0, 3, 1] = True, True, True
    spacing = np.array([0.03, 0.008, 0.008])
    assert gap(own, other, spacing) == pytest.approx(0.016)
    assert touching_area(own, other, spacing) == pytest.approx(64e-6)
