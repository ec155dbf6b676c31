"""Measures of single objects: analytic answers on tiny masks, and laws that hold for any mask."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial import cKDTree

from drawn_tubes import KINDS, random_tube
from morphoflow.organelles.shapes import masks
from morphoflow.organelles.shapes.legacy import legacy_measures
from morphoflow.organelles.shapes.masks import ObjectMask
from morphoflow.organelles.shapes.measures import measure_objects
from morphoflow.organelles.shapes.skeleton import skeleton_measures, thin
from morphoflow.organelles.shapes.surface import surface_area, surface_halo
from morphoflow.organelles.shapes.texture import NAMES as TEXTURE
from morphoflow.organelles.shapes.topology import euler_number, topology
from morphoflow.organelles.volumes.boxes import Box
from morphoflow.organelles.volumes.source import NoEM, Source

SPACINGS = [(8.0, 8.0, 8.0), (30.0, 8.0, 8.0)]


class Memory:
    """A label volume in memory."""

    path, chunks, voxel_size_nm = "memory", (64, 64, 64), None

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype = array, array.shape, array.dtype

    def read(self, box: Box) -> np.ndarray:
        return np.ascontiguousarray(self.array[box.slices])


def tube(points: np.ndarray, radius: float, spacing: np.ndarray) -> np.ndarray:
    """The voxels within ``radius`` of any of ``points`` (k, 3), with an empty rim."""
    low = points.min(axis=0) - radius - 2 * spacing
    shape = np.ceil((points.max(axis=0) + radius + 2 * spacing - low) / spacing).astype(int)
    at = low + np.indices(shape).reshape(3, -1).T * spacing
    return (cKDTree(points).query(at, distance_upper_bound=radius)[0] < radius).reshape(shape)


def line(length: float, direction: tuple[float, ...]) -> np.ndarray:
    unit = np.array(direction) / np.linalg.norm(direction)
    return np.linspace(0, length, 60)[:, None] * unit


def ring(radius: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 90)
    return radius * np.stack([0.5 * np.sin(angle), 0.75**0.5 * np.sin(angle), np.cos(angle)], 1)


def measured(
    mask: np.ndarray,
    spacing: tuple[float, ...],
    label_id: int = 2**40,
    legacy: bool = False,
    em: NoEM | None = None,
) -> pd.Series:
    labels = mask.astype(np.uint64) * np.uint64(label_id)
    row = {"id": "a", "label_id": np.uint64(label_id), "voxels": int(mask.sum())}
    row |= {f"axis_sd_um_{i}": 4.0 - i for i in (1, 2, 3)}
    row |= {f"axis_{i}_{axis}": float("xyz"[i - 1] == axis) for i in (1, 2, 3) for axis in "zyx"}
    for axis, at in zip("zyx", np.nonzero(mask), strict=True):
        row |= {f"box_{axis}_start": int(at.min()), f"box_{axis}_stop": int(at.max()) + 1}
    source = Source(Memory(labels), em or Memory(labels), spacing)
    return measure_objects(source, pd.DataFrame([row]), legacy=legacy).iloc[0]


def whole(mask: np.ndarray) -> ObjectMask:
    labels = Memory(mask.astype(np.uint8))
    return ObjectMask(Source(labels, labels, (1.0, 1.0, 1.0)), 1, Box((0, 0, 0), mask.shape))


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("length", [0, 600])
def test_surface_and_complexity_of_a_capsule(spacing, length):
    radius = 120.0
    row = measured(tube(line(length, (1, 2, 1)), radius, np.array(spacing)), spacing)
    area = 4 * np.pi * radius**2 + 2 * np.pi * radius * length
    volume = 4 / 3 * np.pi * radius**3 + np.pi * radius**2 * length
    assert row.surface_area_um2 == pytest.approx(area / 1e6, rel=0.03)
    assert row.mci == pytest.approx(area**3 / (16 * np.pi**2 * volume**2), rel=0.06)
    sphericity = np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / area
    assert row.sphericity == pytest.approx(sphericity, rel=0.04)


def test_surface_area_adds_up_over_pieces():
    spacing = np.array(SPACINGS[1])
    halo = surface_halo(spacing)
    mask = np.pad(tube(line(300, (1, 1, 0)), 60, spacing), [(h, h) for h in halo])
    cut = mask.shape[2] // 2
    left = mask[:, :, : cut + halo[2]]
    right = mask[:, :, cut - halo[2] :]
    pieces = surface_area(left, spacing) + surface_area(right, spacing)
    assert pieces == pytest.approx(surface_area(mask, spacing), rel=1e-6)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0, 1), (1, 2, 1)])
def test_a_rods_centre_line_runs_between_its_caps(spacing, direction):
    row = measured(tube(line(900, direction), 90, np.array(spacing)), spacing)
    assert row.skeleton_length_um == pytest.approx(0.9, rel=0.1)
    assert (row.branch_points, row.end_points, row.tunnels) == (0, 2, 0)
    assert row.tortuosity == pytest.approx(1, abs=0.05)
    assert row.radius_mean_um == pytest.approx(0.09, rel=0.3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("spacing", SPACINGS)
def test_random_tubes_have_no_branches_but_their_own(kind, spacing):
    rng = np.random.default_rng(3)
    for _ in range(2):
        tube = random_tube(kind, np.array(spacing), rng)
        found = skeleton_measures(tube.mask, np.array(spacing))
        assert found["branch_points"] == tube.branch_points
        assert found["end_points"] == tube.end_points
        # A slice of 30 nm is a tenth of the shortest tube.
        near = pytest.approx(tube.length_nm, rel=0.1 if spacing[0] == 8 else 0.12)
        assert found["skeleton_length_um"] == near


@pytest.mark.parametrize("direction", [(1, 0, 0), (1, 0.3, 0.2), (1, 1, 0), (1, 1, 1)])
def test_flat_ends_are_no_branches(direction):
    unit = np.array(direction) / np.linalg.norm(direction)
    at = (np.indices((111,) * 3).transpose(1, 2, 3, 0) - 55) * 8.0
    height = at @ unit
    aside = np.linalg.norm(at - height[..., None] * unit, axis=-1)
    found = measured((aside < 80) & (np.abs(height) < 400), SPACINGS[0])
    assert (found["branch_points"], found["end_points"]) == (0, 2)
    # From face to face; the edges once made it 1.8 um.
    assert found["skeleton_length_um"] == pytest.approx(0.8, rel=0.04)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_ring_has_a_tunnel_and_no_ends(spacing):
    row = measured(tube(ring(280), 70, np.array(spacing)), spacing)
    assert row.skeleton_length_um == pytest.approx(2 * np.pi * 0.28, rel=0.08)
    assert (row.branch_points, row.end_points, row.tunnels, row.euler_number) == (0, 0, 1, 0)
    assert row.skeleton_cycles == 1
    assert row.tortuosity == pytest.approx(np.pi / 2, rel=0.08)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_three_arms_meet_in_one_branch_point(spacing):
    arms = [(0.3, 1, 0), (0.3, -0.5, 0.87), (-0.3, -0.5, -0.87)]
    points = np.concatenate([line(550, arm) for arm in arms])
    row = measured(tube(points, 80, np.array(spacing)), spacing)
    assert (row.branch_points, row.end_points) == (1, 3)
    assert row.skeleton_length_um == pytest.approx(1.65, rel=0.1)


def test_one_voxel_has_every_measure_but_those_of_its_inside():
    row = measured(np.pad(np.ones((1, 1, 1), dtype=bool), 1), SPACINGS[0])
    assert row.skeleton_length_um == 0 and row.tortuosity == 1
    inside = [name for name in row.index if "inside" in name or name.startswith("texture")]
    assert row[inside].isna().all() and row["intensity_membrane"] == 2**40
    row = row.drop(["id", *inside])
    assert np.isfinite(row.to_numpy(dtype=float)).all()


@pytest.mark.parametrize("spacing", SPACINGS)
def test_where_the_border_cuts_a_tube_is_no_surface(spacing):
    radius, whole_tube = 120.0, tube(line(1600, (1, 0, 0)), 120.0, np.array(spacing))
    part = whole_tube[len(whole_tube) // 4 : -len(whole_tube) // 4]
    length = len(part) * spacing[0]
    cut = measured(part, spacing)["surface_to_volume_per_um"]
    free = measured(np.pad(part, 1), spacing)["surface_to_volume_per_um"]
    assert cut == pytest.approx(2000 / radius, rel=0.03)
    assert free == pytest.approx(2000 / radius + 2000 / length, rel=0.03)


def test_labels_without_em_have_every_measure_but_texture():
    mask = np.pad(np.ones((4, 12, 20), dtype=bool), 1)
    alone = measured(mask, SPACINGS[0], em=NoEM(mask.shape, mask.shape))
    pd.testing.assert_series_equal(alone, measured(mask, SPACINGS[0]).drop(TEXTURE))


def test_topology_of_ring_shell_and_separate_voxels():
    square = np.ones((1, 3, 3), dtype=bool)
    square[0, 1, 1] = False
    shell = np.ones((3, 3, 3), dtype=bool)
    shell[1, 1, 1] = False
    apart = np.zeros((1, 1, 3), dtype=bool)
    apart[0, 0, [0, 2]] = True
    corner = np.eye(2, dtype=bool)[None]
    numbers = [topology(mask) for mask in (square, shell, apart, corner)]
    assert [(n.pieces, n.tunnels, n.cavities) for n in numbers] == [
        (1, 1, 0),
        (1, 0, 1),
        (2, 0, 0),
        (1, 0, 0),
    ]


def test_thinning_keeps_the_topology_of_any_mask():
    rng = np.random.default_rng(0)
    for share in (0.2, 0.5, 0.8):
        mask = rng.random((8, 9, 10)) < share
        thinned = np.zeros_like(mask)
        thinned[tuple(thin(mask, np.ones(3)).T)] = True
        assert topology(thinned) == topology(mask)
        assert not (thinned & ~mask).any()


def test_thinning_loses_no_box():
    mask = np.ones((6, 6, 36), dtype=bool)
    assert np.ptp(thin(mask, np.ones(3))[:, 2]) >= 28


def test_a_giant_read_in_pieces_has_the_same_sums(monkeypatch):
    mask = tube(ring(280), 70, np.array(SPACINGS[1]))
    at_once = measured(mask, SPACINGS[1], legacy=True)
    monkeypatch.setattr(masks, "WHOLE", 1000)
    monkeypatch.setattr(masks, "PIECE", (8, 32, 16))
    in_pieces = measured(mask, SPACINGS[1], legacy=True)
    exact = ["surface_area_um2", "mci", "euler_number", "tunnels", "skeleton_length_um"]
    exact += [name for name in at_once.index if name.startswith("legacy")]
    for name in exact:
        assert in_pieces[name] == pytest.approx(at_once[name], rel=1e-6), name


def test_euler_number_counts_overlapping_pieces_once():
    mask = np.pad(np.random.default_rng(1).random((5, 6, 20)) < 0.5, 1)
    assert euler_number(mask[:, :, :9]) + euler_number(mask[:, :, 8:]) == euler_number(mask)


def test_published_features_are_measured_only_where_asked_for_and_change_no_other():
    mask = np.pad(np.ones((4, 5, 6), dtype=bool), 1)
    without, asked = measured(mask, SPACINGS[0]), measured(mask, SPACINGS[0], legacy=True)
    added = asked.index.difference(without.index)
    assert len(added) == 7 and all(name.startswith("legacy_") for name in added)
    pd.testing.assert_series_equal(asked.drop(added), without)


def test_legacy_features_are_those_of_the_slices():
    from skimage.measure import perimeter

    mask = np.random.default_rng(2).random((4, 12, 13)) < 0.7
    mask[0] = False
    lengths = np.array([perimeter(plane) for plane in mask])
    areas = mask.sum(axis=(1, 2))
    centres = [[z, *np.argwhere(mask[z]).mean(axis=0).astype(int)] for z in (1, 2, 3)]
    row = legacy_measures(whole(mask))
    assert row["legacy_size"] == areas.sum()
    circularity = (4 * np.pi * areas[1:] / lengths[1:] ** 2).mean()
    assert row["legacy_circularity"] == pytest.approx(circularity)
    assert row["legacy_surface_to_volume"] == pytest.approx(lengths.sum() / areas.sum())
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    assert row["legacy_slen"] == pytest.approx(steps.sum())
    assert row["legacy_z"] == int((np.arange(4) * areas).sum() / areas.sum() / 3)
