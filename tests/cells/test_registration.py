"""Laws of registration: known motions are found, undone and composed, on any background."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from morphoflow.cells.registration.angle import register_spectra, spectrum
from morphoflow.cells.registration.brute import disc, register_brute
from morphoflow.cells.registration.register import Registration, estimate_shift, register
from morphoflow.images.rotate import Motion, compose, inverse, matrices, transform
from synthetic_shapes import Blobs, angle_error, noise, random_motions


def motions(n: int = 6, shift_px: float = 0.0) -> Motion:
    angle, flip, shift = random_motions(n, reach_px=shift_px)
    as_float = (torch.from_numpy(values).float() for values in (angle, shift))
    angle, shift = as_float
    return Motion(angle, torch.from_numpy(flip), shift)


def textured(size: int, n: int) -> torch.Tensor:
    """A background that does not turn with the cells."""
    y, x = np.mgrid[:size, :size] / size
    waves = 0.01 * np.sin(25 * x + 7 * y) + 0.01 * np.cos(19 * y - 11 * x)
    return torch.from_numpy(waves.astype(np.float32)).expand(n, 1, size, size)


class TestTransform:
    @pytest.mark.parametrize("size", [28, 33, 256])
    @pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
    def test_quarter_turns_and_flips_permute_pixels_exactly(self, size, mode):
        x = noise(1, 2, size, size)
        for quarter in range(-4, 5):
            for flip in (False, True):
                angle = torch.tensor([90.0 * quarter])
                found = transform(x, angle, torch.tensor([flip]), torch.zeros(1, 2), mode=mode)
                expected = torch.rot90(x.flip(-1) if flip else x, quarter, (2, 3))
                assert (found - expected).abs().max() <= 1e-6

    def test_it_is_the_rotation_of_scipy(self):
        x = noise(1, 1, 33, 33)
        found = transform(x, torch.tensor([27.0]), torch.tensor([False]))[0, 0]
        wanted = ndimage.rotate(x[0, 0].numpy(), 27, reshape=False, order=1, mode="nearest")
        assert np.allclose(found, wanted, atol=1e-5)

    def test_whole_shifts_move_pixels_down_and_right(self):
        x = noise(1, 1, 16, 16)
        moved = transform(x, torch.zeros(1), torch.tensor([False]), torch.tensor([[2.0, 3.0]]))
        assert torch.allclose(moved[..., 2:, 3:], x[..., :-2, :-3], atol=1e-5)

    def test_drawn_motions_are_met(self):
        blobs, (angle, flip, shift) = Blobs(6), random_motions(6, reach_px=3)
        as_tensors = (torch.from_numpy(v) for v in (angle, flip, shift))
        moved = transform(blobs.draw(64), *as_tensors, mode="bicubic")
        assert (moved - blobs.draw(64, angle, flip, shift)).abs().max() < 0.01

    def test_the_background_goes_on(self):
        x = torch.full((1, 1, 16, 16), 0.3)
        for angle in (10.0, 45.0):
            moved = transform(x, torch.tensor([angle]), torch.tensor([True]), torch.ones(1, 2))
            assert torch.allclose(moved, x, atol=1e-6)


class TestGroup:
    def test_the_inverse_undoes(self):
        g = motions(shift_px=5)
        for both in (compose(g, inverse(g)), compose(inverse(g), g)):
            assert both.angle.abs().max() < 1e-4
            assert not both.flip.any()
            assert both.shift.abs().max() < 1e-4

    def test_composition_is_the_product_of_matrices(self):
        g, h = motions(40, shift_px=5), motions(40, shift_px=2)
        h = Motion(h.angle.roll(7), h.flip.roll(3), h.shift)
        both = compose(g, h)
        product = matrices(g.angle, g.flip) @ matrices(h.angle, h.flip)
        assert torch.allclose(matrices(both.angle, both.flip), product, atol=1e-6)
        carried = matrices(g.angle, g.flip) @ h.shift.double()[..., None]
        assert torch.allclose(both.shift.double(), carried[..., 0] + g.shift, atol=1e-5)


class TestRotationAndFlip:
    @pytest.mark.parametrize("size", [28, 33, 64, 128])
    @pytest.mark.parametrize("background", [0.0, 0.1, 0.3, "textured"])
    def test_known_motions_are_found(self, size, background):
        n = 16
        blobs, (angle, flip, _) = Blobs(n), random_motions(n)
        moving, fixed = blobs.draw(size), blobs.draw(size, angle, flip)
        if background == "textured":
            moving, fixed = moving + textured(size, n), fixed + textured(size, n)
        else:
            moving, fixed = (background + (1 - background) * x for x in (moving, fixed))
        found = register(moving, fixed)
        assert (found.flip.numpy() == flip).all()
        error = angle_error(found.angle, angle)
        assert error.max() < (3 if background == "textured" else 0.02)

    def test_channels_count_together(self):
        blobs, (angle, flip, _) = Blobs(8, channels=3), random_motions(8)
        moving, fixed = blobs.draw(32), blobs.draw(32, angle, flip)
        moving[:, 1] += 0.2
        found = register(moving, fixed)
        assert (found.flip.numpy() == flip).all() and angle_error(found.angle, angle).max() < 0.02

    def test_registering_a_moved_image_onto_its_origin_finds_the_inverse(self):
        x, g = Blobs(6).draw(64), motions()
        found, expected = register(transform(x, g.angle, g.flip, mode="bicubic"), x), inverse(g)
        assert torch.equal(found.flip, expected.flip)
        assert angle_error(found.angle, expected.angle.numpy()).max() < 0.2
        assert isinstance(found, Registration) and (found.shift == 0).all()

    def test_turning_the_fixed_image_turns_the_angle_with_it(self):
        x, y = noise(6, 1, 32, 32), noise(6, 1, 32, 32, seed=1)
        before, after = register(x, y), register(x, torch.rot90(y, 1, (2, 3)))
        assert torch.equal(before.flip, after.flip)
        assert angle_error(after.angle, before.angle.numpy() + 90).max() < 0.01
        assert torch.allclose(before.score, after.score, atol=1e-5)

    def test_the_score_is_the_correlation_over_the_disc(self):
        x, y = Blobs(6).draw(64), Blobs(6, seed=5).draw(64)
        found = register(x, y)
        inside = disc(64)
        moved = transform(x, found.angle, found.flip, mode="bicubic")[..., inside][:, 0]
        wanted = [np.corrcoef(a, b)[0, 1] for a, b in zip(moved, y[..., inside][:, 0], strict=True)]
        assert np.allclose(found.score, wanted, atol=0.02)

    def test_no_motion_of_a_fine_brute_force_search_is_better(self):
        x, y = Blobs(6).draw(32), Blobs(6, seed=5).draw(32)
        found, tried = register(x, y), register_brute(x, y, 2)
        assert torch.equal(found.flip, tried.flip)
        assert (
            angle_error(found.angle, tried.angle.numpy()).max() <= 1.2
        )  # half a step, and interpolation
        assert (found.score > tried.score - 0.005).all()

    def test_without_flips_none_is_found(self):
        x = Blobs(6).draw(32)
        assert not register(x, x.flip(-1), flips=False).flip.any()
        assert not register_brute(x, x.flip(-1), 10, flips=False).flip.any()

    def test_kept_spectra_give_the_same_motions(self):
        x, y = noise(6, 1, 32, 32), noise(6, 1, 32, 32, seed=1)
        angle, flip, score = register_spectra(spectrum(x), spectrum(y)[torch.arange(6)])
        found = register(x, y)
        assert torch.equal(angle, found.angle) and torch.equal(flip, found.flip)
        assert torch.equal(score, found.score)

    def test_blocks_and_a_shared_target_change_nothing(self, monkeypatch):
        x, y = Blobs(7).draw(32), Blobs(1, seed=4).draw(32)
        whole = register(x, y.expand(7, -1, -1, -1))
        monkeypatch.setattr("morphoflow.cells.registration.register.BLOCK_SAMPLES", 1)
        parts = register(x, y)
        assert torch.allclose(whole.angle, parts.angle, atol=1e-3)
        assert torch.equal(whole.flip, parts.flip)


class TestTies:
    @pytest.mark.parametrize("shifts", [False, True])
    @pytest.mark.parametrize("level", [0.0, 0.3, 1.0])
    def test_images_without_contrast_stay_as_they_are(self, shifts, level):
        flat, x = torch.full((3, 1, 28, 28), level), noise(3, 1, 28, 28)
        for pair in ((flat, x), (x, flat), (flat, flat)):
            found = register(*pair, shifts=shifts)
            for values in (found.angle, found.flip, found.shift, found.score):
                assert (values == 0).all()

    def test_of_equal_fits_the_smallest_motion_is_taken(self):
        y, x = torch.meshgrid(torch.arange(33.0) - 16, torch.arange(33.0) - 16, indexing="ij")
        cross = torch.exp(-((x * y) ** 2) / 50 - (x**2 + y**2) / 100)[None, None]
        for angle in (0.0, 20.0, -40.0):
            fixed = transform(cross, torch.tensor([angle]), torch.tensor([False]), mode="bicubic")
            found = register(cross, fixed)
            assert abs(float(found.angle) - angle) < 0.1 and not found.flip.any()


class TestShifts:
    @pytest.mark.parametrize("size", [28, 33, 64])
    def test_sub_pixel_shifts_are_found(self, size):
        blobs, (_, _, shift) = Blobs(8, reach=0.3), random_motions(8, reach_px=size / 10)
        found, score = estimate_shift(blobs.draw(size) + 0.2, blobs.draw(size, shift=shift) + 0.2)
        assert np.abs(found.numpy() - shift).max() < 0.03
        assert score.min() > 0.99

    @pytest.mark.parametrize("size", [28, 64])
    @pytest.mark.parametrize("background", [0.0, 0.3])
    def test_rotation_flip_and_shift_are_found_together(self, size, background):
        n = 16
        blobs = Blobs(n, reach=0.35)
        angle, flip, shift = random_motions(n, reach_px=size / 12)
        moving, fixed = blobs.draw(size), blobs.draw(size, angle, flip, shift)
        found = register(moving + background, fixed + background, shifts=True)
        assert (found.flip.numpy() == flip).all()
        assert np.median(angle_error(found.angle, angle)) < 0.2
        assert angle_error(found.angle, angle).max() < 1
        assert np.abs(found.shift.numpy() - shift).max() < 0.1
        assert found.score.min() > 0.99

    def test_the_motion_found_carries_one_image_onto_the_other(self):
        blobs, (angle, flip, shift) = Blobs(8, reach=0.35), random_motions(8, reach_px=4)
        moving, fixed = blobs.draw(48), blobs.draw(48, angle, flip, shift)
        g = register(moving, fixed, shifts=True)
        assert (transform(moving, g.angle, g.flip, g.shift) - fixed).abs().max() < 0.02
        back = inverse(g)
        assert (transform(fixed, back.angle, back.flip, back.shift) - moving).abs().max() < 0.02


def test_equal_inputs_give_equal_bits_and_no_gradient():
    x, y = noise(4, 1, 28, 28).requires_grad_(), noise(4, 1, 28, 28, seed=1)
    first, second = register(x, y, shifts=True), register(x, y, shifts=True)
    assert torch.equal(first.angle, second.angle) and torch.equal(first.shift, second.shift)
    assert not transform(x, first.angle, first.flip, first.shift).requires_grad
    assert not spectrum(x).requires_grad
