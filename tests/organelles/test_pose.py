"""Poses: how an object lies in its cube and cloud does not depend on how it lies in the volume."""

import numpy as np
import pandas as pd
import pytest

from morphoflow.organelles.counting.columns import object_columns
from morphoflow.organelles.counting.order import box_of
from morphoflow.organelles.counting.part import count_part
from morphoflow.organelles.counting.table import merged_labels
from morphoflow.organelles.phantom.placement import random_rotation
from morphoflow.organelles.samples.clouds import PointSettings, point_cloud
from morphoflow.organelles.samples.intensity import Levels
from morphoflow.organelles.samples.posed import PosedCutter, posed_scales, poses_of
from morphoflow.organelles.samples.resample import VolumeSettings
from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.shapes.measures import without_falsified
from morphoflow.organelles.shapes.pose import EXTENTS, SIGNS, axis_errors, pose_measures, posed_axes
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import Source
from synthetic_organelles import Memory

SIDE, SIZE = 60, 24
# A club: a long handle, a head at one of its ends, and a nose on the head; columns are the middle
# (along the club's own axes, in voxels) and the radius of balls.
CLUB = np.array([*[(t, 0, 0, 3.5) for t in np.arange(-16, 10)], (12, 0, 0, 7), (12, 7, 0, 4)])


def club(turn, nm=(1.0, 1.0, 1.0), shift=(0, 0, 0)):
    """Labels and EM of the turned club in voxels of ``nm``; the EM grows along its handle."""
    shape = tuple(int(np.ceil(SIDE / n)) for n in nm)
    grid = np.stack(np.indices(shape), -1) + 0.5
    places = grid * nm - SIDE / 2 - shift
    labels, em = np.zeros(shape, np.uint32), np.zeros(shape, np.uint8)
    for *middle, radius in CLUB:
        labels[np.linalg.norm(places - turn @ middle, axis=-1) < radius] = 5
    em[...] = np.clip(120 + 4 * (places @ turn[:, 0]), 0, 255)
    return labels, em


def shapes_of(source):
    """The object table of a volume with the poses of its objects."""
    table, _ = count_part(source, [Box((0, 0, 0), source.shape)])
    table = object_columns(merged_labels([table]), source.extent, source.voxel_size_nm)
    spacing = np.array(source.voxel_size_nm) / 1000
    rows = [
        pose_measures(ObjectMask(source, row.label_id, box_of(row)), row, spacing)
        for row in table.itertuples()
    ]
    return pd.concat([table, pd.DataFrame(rows)], axis=1)


def posed(labels, em, nm=(1.0, 1.0, 1.0), size=SIZE, most=1 << 22, **settings):
    source = Source(Memory(labels), Memory(em), nm)
    shapes = shapes_of(source)
    chosen = VolumeSettings(**{"size": size, "scale": "object", "fill": 0.9} | settings)
    keep = chosen.background == "keep"
    cut = PosedCutter(source, Levels(0, 255), size, keep, most)
    (scale,) = posed_scales(shapes, nm, chosen)
    (row,) = shapes.itertuples()
    return cut(row, poses_of(shapes, source)[0], float(scale)), float(scale)


def quarter_turns():
    """The 24 rotations of a cube."""
    every = [
        np.eye(3)[list(p)]
        for p in [(0, 1, 2), (1, 2, 0), (2, 0, 1), (0, 2, 1), (2, 1, 0), (1, 0, 2)]
    ]
    signs = np.stack(np.meshgrid(*[(-1, 1)] * 3), -1).reshape(-1, 3)
    turns = [m * s for m in every for s in signs]
    return [turn for turn in turns if np.linalg.det(turn) > 0]


def test_a_cube_of_the_object_turned_by_quarters_is_the_same():
    first, scale = posed(*club(np.eye(3)), background="mask")
    for turn in quarter_turns():
        other, same = posed(*club(turn), background="mask")
        assert same == pytest.approx(scale, rel=1e-5)
        assert np.abs(other.astype(int) - first).max() <= 1


@pytest.mark.parametrize("background", ["mask", "keep"])
def test_any_turn_and_shift_change_little(background):
    rng = np.random.default_rng(0)
    first = posed(*club(np.eye(3)), background=background)[0].astype(float)
    for nm in [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0)]:
        for _ in range(3):
            turned = club(random_rotation(rng), nm, shift=rng.uniform(-3, 3, 3))
            other = posed(*turned, nm, background=background)[0].astype(float)
            mask = np.abs(other - first)[1].sum() / first[1].sum()
            assert mask < 0.25  # of the surface, which voxels round; another object has above 1
            whole = (first[1] > 250) & (other[1] > 250)
            assert np.abs(other - first)[0][whole].mean() < 6


def test_a_mirrored_object_is_not_taken_for_itself():
    bent = CLUB.copy()
    bent[:8, 2] += np.linspace(6, 0, 8)
    hand, other = (
        posed(*_of(bent * [1, 1, side, 1]), background="mask")[0][1].astype(float)
        for side in (1, -1)
    )
    assert np.abs(hand - other).sum() > 0.2 * hand.sum()
    assert np.abs(hand - other[:, :, ::-1]).sum() < 0.02 * hand.sum()


def _of(balls):
    """Labels and EM of these balls."""
    grid = np.stack(np.indices((SIDE,) * 3), -1) + 0.5 - SIDE / 2
    labels = np.zeros((SIDE,) * 3, np.uint32)
    for *middle, radius in balls:
        labels[np.linalg.norm(grid - middle, axis=-1) < radius] = 5
    return labels, (labels * 30).astype(np.uint8)


@pytest.mark.parametrize("nm", [(1.0, 1.0, 1.0), (3.0, 1.0, 1.0)])
def test_a_posed_cube_has_the_volume_of_the_object_and_its_intensity(nm):
    labels, em = club(random_rotation(np.random.default_rng(1)), nm)
    cube, scale = posed(labels, em, nm, size=40, background="mask")
    em_sum, mask = cube.reshape(2, -1).sum(1) / 255
    assert mask * scale**3 == pytest.approx((labels == 5).sum() * np.prod(nm), rel=0.01)
    assert 255 * em_sum / mask == pytest.approx(em[labels == 5].mean(), rel=0.01)


def test_the_longest_axis_comes_first_and_points_to_the_handle():
    labels, em = club(random_rotation(np.random.default_rng(2)))
    mask = posed(labels, em, background="mask")[0][1].astype(float)
    along = [mask.sum(tuple(k for k in range(3) if k != axis)) for axis in range(3)]
    assert [int((line > 0).sum()) for line in along] == sorted(
        [int((line > 0).sum()) for line in along], reverse=True
    )
    middle = (np.arange(SIZE) * along[0]).sum() / along[0].sum()
    assert middle < (SIZE - 1) / 2  # the head, where most is, lies against the long tail


def test_pieces_give_what_the_whole_gives():
    labels, em = club(random_rotation(np.random.default_rng(3)))
    for background in ("mask", "keep"):
        whole = posed(labels, em, background=background)[0].astype(int)
        parted = posed(labels, em, background=background, most=900)[0].astype(int)
        assert np.abs(parted - whole).max() <= 1


def test_clouds_lie_as_the_cubes_do():
    settings = PointSettings(number=800, sampling="farthest", scale="unit", seed=0)
    sides = []
    for turn in (np.eye(3), random_rotation(np.random.default_rng(4))):
        labels, em = club(turn)
        source = Source(Memory(labels), Memory(em), (1.0, 1.0, 1.0))
        shapes = shapes_of(source)
        box = box_of(next(shapes.itertuples()))
        cloud, _ = point_cloud(source, 5, box, settings, axes=posed_axes(shapes)[0])
        sides.append(np.concatenate([cloud.min(0), cloud.max(0)]))
    np.testing.assert_allclose(sides[0], sides[1], atol=0.08)
    assert (sides[0][3:] - sides[0][:3])[0] == max(sides[0][3:] - sides[0][:3])


def test_a_ball_is_marked_and_a_rod_has_one_sure_axis():
    z, y, x = np.indices((30, 30, 30)) - 14.5
    ball = (z**2 + y**2 + x**2 < 100).astype(np.uint32) * 5
    rod = ((y**2 + x**2 < 16) & (np.abs(z) < 12)).astype(np.uint32) * 5
    (of_ball,), (of_rod,) = (
        shapes_of(Source(Memory(a), Memory(a.astype(np.uint8)), (1.0, 1.0, 1.0))).to_dict("records")
        for a in (ball, rod)
    )
    assert of_ball["near_spherical"] and not of_rod["near_spherical"]
    assert of_rod["axis_error_deg_1"] < 10 and of_rod["axis_error_deg_2"] == pytest.approx(45)
    assert of_rod["extent_um_1"] == pytest.approx(0.024) and abs(of_rod["axis_skewness_1"]) < 1e-9


def test_a_cut_object_keeps_the_extents_by_which_it_is_cut_out():
    shapes = pd.DataFrame({"touches_border": [True, False], "volume_um3": [1.0, 1.0]})
    shapes = shapes.assign(**dict.fromkeys([*EXTENTS, *SIGNS], 1.0))
    marked = without_falsified(shapes, "mark")
    assert marked["volume_um3"].isna().tolist() == [True, False]
    assert marked[[*EXTENTS, *SIGNS]].notna().all(axis=None)


def test_axes_are_surer_the_finer_the_voxels_and_the_longer_the_object():
    axes, fine, coarse = np.eye(3), np.full(3, 0.004), np.full(3, 0.02)
    long, short = np.array([0.4, 0.1, 0.09]), np.array([0.15, 0.1, 0.09])
    errors = [axis_errors(axes, s, v)[0] for s, v in [(long, fine), (long, coarse), (short, fine)]]
    assert errors[0] < errors[1] and errors[0] < errors[2]
