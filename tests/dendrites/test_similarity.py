"""Laws of the likeness of images: known motions are found, frames cut nothing off, twins group."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage
from torch import Tensor

from morphoflow.dendrites.similar import search, similar
from morphoflow.dendrites.similar import similarity as similarity_module
from morphoflow.dendrites.similar.similar import near_duplicates
from morphoflow.dendrites.similar.similarity import fine_structure, similarity
from morphoflow.images.rotate import transform

SIZE = 48
REAL = os.environ.get("MORPHOFLOW_REAL_DENDRITES")


def arbors(n: int, size: int = SIZE, seed: int = 0, width: float = 1.5) -> np.ndarray:
    """Bright crossing lines (n, size, size) 0 to 1: where smooth noise changes its sign."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(n, size, size)), (0, 3 * width, 3 * width))
    slope = np.stack(np.gradient(field, axis=(1, 2))).std()
    return np.exp(-((field / (slope * width)) ** 2)).astype(np.float32)


def tensor(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images)[:, None]


def moved(images: Tensor, angle: float, flip: bool, shift: tuple[int, int] = (0, 0)) -> Tensor:
    n = len(images)
    motion = torch.full((n,), angle), torch.full((n,), flip), torch.tensor([shift] * n).float()
    return transform(images, *motion)


class TestSimilarity:
    @pytest.mark.parametrize(
        ("angle", "flip", "shift"),
        [
            (0.0, False, (0, 0)),
            (90.0, True, (3, -5)),
            (-35.0, False, (-6, 2)),
            (120.0, True, (0, 4)),
        ],
    )
    def test_a_known_motion_is_found(self, angle, flip, shift):
        a = tensor(arbors(2))
        found = similarity(a, moved(a, angle, flip, shift))
        own = torch.arange(2)
        assert torch.allclose(found.angle[own, own], torch.tensor(angle))
        assert (found.flip[own, own] == flip).all()
        assert torch.equal(found.shift[own, own], torch.tensor([shift, shift]).float())
        assert (found.correlation[own, own] > 0.8).all()
        assert found.correlation[0, 1] < 0.5 and found.correlation[1, 0] < 0.5

    def test_it_is_the_largest_correlation_over_the_overlap(self):
        a, b = tensor(arbors(1, 20)), tensor(arbors(1, 20, seed=1))
        found = similarity(a, b, angles=[0], flips=False)
        x, y = fine_structure(a)[0].numpy(), fine_structure(b)[0].numpy()
        wanted = {}
        for down in range(-5, 6):
            for right in range(-5, 6):
                of_x = x[max(0, -down) : 20 - max(0, down), max(0, -right) : 20 - max(0, right)]
                of_y = y[max(0, down) : 20 + min(0, down), max(0, right) : 20 + min(0, right)]
                norm = np.sqrt((of_x**2).sum() * (of_y**2).sum())
                wanted[(down, right)] = (of_x * of_y).sum() / norm
        best = max(wanted, key=wanted.get)
        assert found.correlation.item() == pytest.approx(wanted[best], abs=1e-5)
        assert tuple(found.shift[0, 0].tolist()) == best

    def test_what_the_frame_cuts_off_costs_nothing(self):
        scene = tensor(arbors(1, 80))
        a, b = scene[..., 10:58, 8:56], scene[..., 18:66, 16:64]
        found = similarity(a, b, angles=[0, 90])
        assert found.shift[0, 0].tolist() == [-8, -8]
        assert found.correlation.item() > 0.95

    def test_corners_that_a_rotation_brings_in_cost_nothing(self):
        scene = arbors(1, 80)
        turned = ndimage.rotate(scene[0], 45, reshape=False, order=3)[None]
        crops = [tensor(np.ascontiguousarray(x[:, 16:64, 16:64])) for x in (scene, turned)]
        assert similarity(*crops, flips=False).correlation.item() > 0.9

    def test_brightness_and_contrast_do_not_matter(self):
        a, b = tensor(arbors(2)), tensor(arbors(3, seed=1))
        plain, changed = similarity(a, b), similarity(0.3 * a + 0.2, b)
        assert torch.allclose(plain.correlation, changed.correlation, atol=1e-4)

    def test_sides_may_be_exchanged(self):
        a, b = tensor(arbors(2)), tensor(arbors(3, seed=1))
        quarters = range(0, 360, 90)
        there, back = similarity(a, b, angles=quarters), similarity(b, a, angles=quarters)
        assert torch.allclose(there.correlation, back.correlation.T, atol=1e-5)

    def test_without_flips_a_mirror_image_is_another(self):
        a = tensor(arbors(1))
        mirror = a.flip(-1)
        assert similarity(a, mirror).correlation.item() > 0.99
        assert similarity(a, mirror, flips=False).correlation.item() < 0.5

    def test_large_images_are_reduced_and_shifts_stay_in_their_pixels(self):
        a = tensor(arbors(1, 176, width=4))
        found = similarity(a, moved(a, 0.0, False, (12, -20)), angles=[0])
        assert found.shift[0, 0].tolist() == [12, -20]

    def test_an_image_without_contrast_has_no_likeness(self):
        blank = torch.full((1, 1, SIZE, SIZE), 0.5)
        found = similarity(torch.cat([blank, tensor(arbors(1))]), blank)
        assert torch.equal(found.correlation, torch.zeros(2, 1))

    def test_blocks_change_nothing(self, monkeypatch):
        a, b = tensor(arbors(2)), tensor(arbors(5, seed=1))
        whole = similarity(a, b, angles=range(0, 360, 30))
        monkeypatch.setattr(search, "BLOCK_VALUES", 1 << 14)
        monkeypatch.setattr(similarity_module, "BLOCK_IMAGES", 2)
        parts = similarity(a, b, angles=range(0, 360, 30))
        assert torch.allclose(whole.correlation, parts.correlation, atol=1e-6)
        assert torch.equal(whole.shift, parts.shift) and torch.equal(whole.angle, parts.angle)

    def test_images_of_two_sizes_are_refused(self):
        with pytest.raises(ValueError, match=r"48.*32"):
            similarity(torch.zeros(1, 1, 48, 48), torch.zeros(1, 1, 32, 32))


def eight_bit(images: Tensor) -> np.ndarray:
    return (255 * images).round().clamp(0, 255).byte().numpy()


class TestNearDuplicates:
    def images(self) -> tuple[np.ndarray, list[str]]:
        """Five scenes, the first in three views and the fourth in two."""
        a = tensor(arbors(5))
        views = [moved(a[:1], 65.0, True, (3, 2)), moved(a[:1], -20.0, False, (-4, 1))]
        again = a[3:4] * 0.6 + 0.05
        return eight_bit(torch.cat([a, *views, again])), list("abcdefgh")

    def test_views_of_one_neuron_are_one_group(self):
        images, ids = self.images()
        pairs, groups = near_duplicates(images, ids, 0.5)
        assert {*zip(pairs["id_a"], pairs["id_b"], strict=True)} >= {
            ("a", "f"),
            ("a", "g"),
            ("d", "h"),
        }
        assert groups.tolist() == [0, 1, 2, 3, 4, 0, 0, 3]
        assert pairs["correlation"].is_monotonic_decreasing
        twins = pairs.set_index(["id_a", "id_b"]).loc[("d", "h")]
        assert twins["correlation"] > 0.95
        assert not twins[["angle_deg", "flipped", "shift_y", "shift_x"]].any()

    def test_the_screen_loses_no_pair(self):
        images, ids = self.images()
        full = similarity(torch.from_numpy(images), torch.from_numpy(images)).correlation
        first, second = torch.nonzero(full.triu(1) >= 0.4, as_tuple=True)
        pairs, _ = near_duplicates(images, ids, 0.4)
        wanted = {(ids[a], ids[b]) for a, b in zip(first, second, strict=True)}
        assert {*zip(pairs["id_a"], pairs["id_b"], strict=True)} == wanted

    def test_blocks_change_nothing(self, monkeypatch):
        images, ids = self.images()
        whole = near_duplicates(images, ids, 0.4)
        monkeypatch.setattr(similar, "BLOCK_IMAGES", 3)
        parts = near_duplicates(images, ids, 0.4)
        assert len(whole[0]) == len(parts[0])
        assert np.allclose(whole[0]["correlation"], parts[0]["correlation"], atol=1e-5)
        assert whole[1].tolist() == parts[1].tolist()

    def test_without_any_pair_the_table_is_empty_and_each_is_its_own_group(self):
        images = eight_bit(tensor(arbors(3, 32)))
        images[1:] = 0
        pairs, groups = near_duplicates(images, ["x", "y", "z"])
        assert len(pairs) == 0 and list(pairs.columns) == list(similar.COLUMNS)
        assert groups.tolist() == [0, 1, 2]

    @pytest.mark.parametrize(("ids", "threshold"), [("ab", 0.3), ("abc", 0.0), ("abc", 1.5)])
    def test_wrong_calls_are_refused(self, ids, threshold):
        with pytest.raises(ValueError, match=r"2 ids|threshold"):
            near_duplicates(np.zeros((3, 1, 32, 32), np.uint8), list(ids), threshold)


@pytest.mark.skipif(REAL is None, reason="MORPHOFLOW_REAL_DENDRITES names no folder")
def test_the_four_neurons_that_two_real_images_show_are_found():
    files = sorted(Path(REAL).glob("neuron_gan_dataset_montage/panels/*.png"))
    images = np.stack([np.asarray(Image.open(file).convert("L"))[None] for file in files])
    pairs, groups = near_duplicates(images, [file.stem[-2:] for file in files])
    found = {*zip(pairs["id_a"], pairs["id_b"], strict=True)}
    assert found == {("11", "33"), ("01", "32"), ("21", "31"), ("22", "30")}
    assert groups.max() == 11
    assert (pairs["angle_deg"] == 0).all() and not pairs["flipped"].any()
