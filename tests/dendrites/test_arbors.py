"""Arbor statistics: known answers on drawn arbors, and what must not change them."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter, rotate
from skimage.draw import circle_perimeter, disk
from skimage.draw import line as pixels_of_line

from morphoflow.dendrites.arbors.arbors import arbor_statistics

SIDE = 128


def drawn(*lines: tuple[int, int, int, int], side: int = SIDE) -> np.ndarray:
    """An image (side, side) uint8 of blurred lines from y0, x0 to y1, x1 on a dark background."""
    canvas = np.zeros((side, side))
    for ends in lines:
        canvas[pixels_of_line(*ends)] = 1
    return shown(canvas)


def shown(canvas: np.ndarray) -> np.ndarray:
    return np.clip(15 + 400 * gaussian_filter(canvas, 1.0), 0, 255).astype(np.uint8)


def tree() -> np.ndarray:
    """A lop-sided tree: four branches leave its soma, four branch points, seven tips."""
    lines = [(60, 60, 60, 112), (60, 90, 30, 112), (60, 60, 20, 40), (38, 49, 20, 70)]
    lines += [(60, 60, 110, 50), (90, 54, 112, 80), (100, 66, 90, 90)]
    canvas = np.zeros((SIDE, SIDE))
    for ends in lines:
        canvas[pixels_of_line(*ends)] = 1
    canvas[disk((60, 60), 7)] = 1
    return shown(canvas)


def measured(*images: np.ndarray, pixel_um=None) -> list[dict]:
    return arbor_statistics(np.stack(images)[:, None], pixel_um).to_dict("records")


def counts(found: dict) -> tuple[float, ...]:
    return tuple(found[name] for name in ("branch_points", "tips", "segments", "loops"))


def test_a_straight_line_has_its_length_two_tips_and_dimension_one() -> None:
    (found,) = measured(drawn((64, 20, 64, 108)))
    assert counts(found) == (0, 2, 1, 0)
    assert found["skeleton_length_px"] == pytest.approx(89, abs=3)
    assert found["median_segment_px"] == pytest.approx(found["skeleton_length_px"])
    assert found["box_dimension"] == pytest.approx(1, abs=0.05)
    assert found["tortuosity"] == pytest.approx(1, abs=0.005)
    assert found["radius_of_gyration_px"] == pytest.approx(89 / np.sqrt(12), abs=1)


def test_a_slanted_line_is_as_long_as_an_upright_one() -> None:
    flat, slanted = measured(drawn((64, 14, 64, 114)), drawn((34, 24, 94, 104)))
    ratio = slanted["skeleton_length_px"] / flat["skeleton_length_px"]
    assert ratio == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(64, 20, 64, 108), (20, 64, 108, 64)], (0, 4, 2, 0)),
        ([(64, 64, 20, 64), (64, 64, 100, 30), (64, 64, 100, 98)], (1, 3, 3, 0)),
        ([(40, 20, 40, 108), (20, 40, 108, 40), (80, 20, 80, 108)], (0, 6, 3, 0)),
        ([(30, 30, 30, 90), (30, 90, 90, 90), (90, 90, 90, 30), (90, 30, 30, 30)], (0, 0, 1, 1)),
    ],
    ids=["cross", "y", "double-cross", "square"],
)
def test_crossings_and_tips_are_counted(lines, expected) -> None:
    (found,) = measured(drawn(*lines))
    assert counts(found) == expected


def test_a_circle_has_its_length_hull_and_gyration() -> None:
    canvas = np.zeros((SIDE, SIDE))
    canvas[circle_perimeter(64, 64, 40)] = 1
    (found,) = measured(shown(canvas))
    assert counts(found) == (0, 0, 1, 1)
    assert found["skeleton_length_px"] == pytest.approx(2 * np.pi * 40, rel=0.02)
    assert found["radius_of_gyration_px"] == pytest.approx(40, rel=0.02)
    assert found["hull_area_px2"] == pytest.approx(np.pi * 40**2, rel=0.03)


def test_circles_are_crossed_once_by_each_ray() -> None:
    (found,) = measured(drawn((64, 22, 64, 106), (22, 64, 106, 64)))
    profile = [found[f"sholl_{k:02d}"] for k in range(1, 17)]
    assert profile == [4] * 10 + [0] * 6
    assert found["sholl_maximum"] == 4
    assert found["sholl_maximum_radius_px"] == pytest.approx(4)


def test_sholl_circles_lie_about_the_soma_and_the_soma_has_its_area() -> None:
    canvas = np.zeros((SIDE, SIDE))
    for ends in ((40, 80, 40, 125), (40, 80, 5, 80), (40, 80, 75, 80), (40, 80, 40, 45)):
        canvas[pixels_of_line(*ends)] = 1
    canvas[disk((40, 80), 8)] = 1
    (found,) = measured(shown(canvas))
    assert found["soma_area_px2"] == pytest.approx(np.pi * 8**2, rel=0.2)
    assert [found[f"sholl_{k:02d}"] for k in range(3, 9)] == [4] * 6


@pytest.mark.parametrize("seed", range(3))
def test_a_soma_of_few_photons_has_its_area(seed) -> None:
    photons = np.random.default_rng(seed).poisson(tree() / 255 * 15)
    clean, noisy = measured(tree(), np.clip(photons * 14, 0, 255).astype(np.uint8))
    assert noisy["soma_area_px2"] == pytest.approx(clean["soma_area_px2"], rel=0.15)


def test_segments_sum_to_the_skeleton() -> None:
    (found,) = measured(tree())
    assert counts(found) == (4, 7, 11, 0)
    whole = found["mean_segment_px"] * found["segments"]
    assert whole == pytest.approx(found["skeleton_length_px"])
    assert found["length_density_per_px"] * SIDE**2 == pytest.approx(whole)


def test_turns_by_90_degrees_and_flips_change_nothing() -> None:
    image = tree()
    poses = [np.rot90(sheet, k) for sheet in (image, image[:, ::-1]) for k in range(4)]
    first, *others = measured(*poses)
    assert first["tips"] > 4
    assert all(other == first for other in others)


@pytest.mark.parametrize("angle", [17, 45, 71])
def test_other_turns_change_little(angle) -> None:
    image = tree()
    turned = rotate(image.astype(float), angle, reshape=False, order=3, mode="nearest")
    before, after = measured(image, np.clip(turned, 0, 255).astype(np.uint8))
    for name in ("branch_points", "tips"):
        assert abs(after[name] - before[name]) <= 1
    for name in ("skeleton_length_px", "radius_of_gyration_px", "hull_area_px2", "mesh_size_px"):
        assert after[name] == pytest.approx(before[name], rel=0.05)
    assert after["box_dimension"] == pytest.approx(before["box_dimension"], abs=0.06)


def test_brightness_and_contrast_change_only_the_intensity() -> None:
    image = tree().astype(float)
    before, dim = measured(image.astype(np.uint8), (image * 0.2 + 40).astype(np.uint8))
    for name in ("branch_points", "tips", "segments", "loops"):
        assert dim[name] == before[name]
    for name in ("skeleton_length_px", "mean_diameter_px", "hull_area_px2", "mesh_size_px"):
        assert dim[name] == pytest.approx(before[name], rel=0.05)
    assert dim["mean_intensity"] == pytest.approx(before["mean_intensity"] * 0.2 + 40, rel=0.03)


@pytest.mark.parametrize("brightness", [1.0, 0.3])
def test_a_faint_dendrite_counts_where_it_goes_on_from_a_bright_one(brightness) -> None:
    joined, apart = np.zeros((2, SIDE, SIDE))
    joined[64, 20:64], joined[64, 64:108] = 1, 0.12
    apart[64, 20:64], apart[90, 64:108] = 1, 0.12
    images = [np.uint8(20 + brightness * 500 * gaussian_filter(c, 1.0)) for c in (joined, apart)]
    long, short = measured(*images)
    assert long["skeleton_length_px"] == pytest.approx(88, abs=4)
    assert short["skeleton_length_px"] == pytest.approx(44, abs=4)


def test_wider_lines_are_wider() -> None:
    canvas = np.zeros((2, SIDE, SIDE))
    canvas[0, 63:66, 20:108] = canvas[1, 62:67, 20:108] = 1
    thin, thick = measured(*(np.uint8(10 + 200 * c) for c in canvas))
    assert thin["mean_diameter_px"] == pytest.approx(3, abs=0.5)
    assert thick["mean_diameter_px"] == pytest.approx(5, abs=0.5)


def test_lengths_scale_with_the_pixel_and_counts_do_not() -> None:
    image = tree()
    (pixels,) = measured(image)
    half, whole = measured(image, image, pixel_um=np.array([0.5, 1.0]))
    renamed = {name.replace("_um", "_px"): name for name in half}
    assert list(renamed) == list(pixels)
    for name, scaled in renamed.items():
        power = 0 if name == scaled else -1 if "_per_" in name else 2 if name[-1] == "2" else 1
        assert whole[scaled] == pixels[name]
        assert half[scaled] == pytest.approx(pixels[name] * 0.5**power)


@pytest.mark.parametrize("side", [16, 64, 256])
def test_blank_images_and_mere_noise_have_no_arbor(side) -> None:
    noise = np.random.default_rng(0).normal(60, 12, (side, side)).astype(np.uint8)
    *blank, noisy = measured(np.zeros_like(noise), np.full_like(noise, 255), noise)
    assert all(value == 0 for found in blank for value in found.values())
    assert np.isfinite(list(noisy.values())).all()
    assert noisy["skeleton_length_px"] < 0.01 * side**2


def test_no_images_give_a_table_without_rows() -> None:
    table = arbor_statistics(np.zeros((0, 1, SIDE, SIDE), dtype=np.uint8))
    assert table.shape == (0, len(measured(tree())[0]))


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="float64"):
        arbor_statistics(np.zeros((1, 1, SIDE, SIDE)))


def test_real_neurons_are_as_published_measurements_say() -> None:
    folder = os.environ.get("MORPHOFLOW_REAL_DENDRITES")
    if folder is None:
        pytest.skip("MORPHOFLOW_REAL_DENDRITES names no folder of real images")
    files = sorted(Path(folder, "neuron_gan_dataset_montage/panels").glob("*.png"))
    images = np.stack([np.asarray(Image.open(file).convert("L")) for file in files])
    mean = arbor_statistics(images[:, None], 0.1615 * 512 / 179.1).mean()
    assert mean["skeleton_length_um"] == pytest.approx(1015, rel=0.2)
    # Published counts are of skeletons with closed paths, as images show them.
    assert mean["branch_points"] + mean["contacts"] == pytest.approx(124, rel=0.3)
    assert mean["tips"] - mean["contacts"] == pytest.approx(81, rel=0.3)
    assert mean["box_dimension"] == pytest.approx(1.33, abs=0.1)
    assert mean["radius_of_gyration_um"] == pytest.approx(28.2, rel=0.1)
