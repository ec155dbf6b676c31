"""Random motions and changes of tone, so that a critic does not learn a few images by heart.

Applied to real *and* generated images they are differentiable, and the generator does not learn
them: an image that looks augmented is then no more real than others (Zhao et al., "Differentiable
augmentation for data-efficient GAN training", and Karras et al., "Training generative adversarial
networks with limited data", both NeurIPS 2020). neuron-gan augments real images alone, always, by
rotation, flip, shift and tone; its generator therefore learns dimmed and shifted images. What is
fixed here for that variant too: it turned by the nearest pixel, which breaks thin dendrites, left
corners black where the frame did not reach, and did all at the largest size.
"""

import math

import torch
from torch import Tensor


class Augmentation:
    """Augmentations of ``settings``, drawn for each image and computed for a batch at once.

    With ``augment`` "both" those of real and generated images, with "reals" of real ones alone. Of
    each image, motion and tone change with the probability ``augment_probability`` each. A
    motion is a rotation by any angle, a flip and a shift of up to ``translation`` of the edge; a
    tone multiplies brightness, and contrast about the mean, by up to 1 plus or minus ``brightness``
    and ``contrast``.
    """

    def __init__(self, settings: dict) -> None:
        names = ("augment_probability", "translation", "brightness", "contrast")
        self.probability, self.translation, self.brightness, self.contrast = (
            settings[name] for name in names
        )
        self.which = settings["augment"]

    def of_real(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Real images as the critic sees them."""
        return x if self.which == "none" else self(x, generator)

    def of_fake(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Generated images as the critic sees them."""
        return self(x, generator) if self.which == "both" else x

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Images (b, 1, s, s) from -1 to 1, augmented; a little beyond, where edges are sharp."""
        draws = torch.rand(8, len(x), generator=generator, device=x.device)
        happens = draws[:2] < self.probability
        angle = 360 * draws[2] * happens[0]
        flip = (draws[3] < 0.5) & happens[0]
        shift = (2 * draws[4:6] - 1) * happens[0] * (self.translation * x.shape[-1])
        strengths = torch.tensor([self.brightness, self.contrast]).to(x.device, non_blocking=True)
        factors = 1 + (2 * draws[6:] - 1) * happens[1] * strengths[:, None]
        return toned(moved(x, angle, flip, shift.T), factors[0], factors[1])


def toned(x: Tensor, brightness: Tensor, contrast: Tensor) -> Tensor:
    """Images (b, 1, s, s), black at -1, times ``brightness`` (b,) and with ``contrast`` (b,).

    Contrast is about the mean of the image, which it does not change; 1 and 1 change nothing.
    """
    b, c = (value[:, None, None, None] for value in (brightness, contrast))
    mean = x.mean((1, 2, 3), keepdim=True)
    # Written so that factors of 1 are exact.
    return x * (b * c) + (mean * b * (1 - c) + (b - 1))


# Rotation, flip and shift of images, differentiable and lossless: what is fine stays fine.
#
# A rotation is a quarter turn and three shears (Unser, Thevenaz and Yaroslavsky, IEEE Transactions
# on Image Processing 4:1371, 1995), a shear a shift of every row by a phase of its Fourier
# transform. No neighbours are blended, so that thin dendrites keep their contrast, and unlike the
# gradient of a resampling on a mesh that of a transform is the same to the bit each time on a GPU.


def moved(x: Tensor, angle: Tensor, flip: Tensor, shift: Tensor) -> Tensor:
    """Square images (b, c, s, s), s even, under a flip, then a rotation, then a shift.

    ``angle`` (b,) is in degrees, counter-clockwise as displayed, about the middle; ``flip`` (b,)
    bool, left to right; ``shift`` (b, 2) px along y (down) and x, at most a quarter of s. From
    outside of an image comes its mirror image. Quarter turns without a shift move pixels and
    compute none.
    """
    quarter = (angle / 90).round()
    rest = torch.deg2rad(angle - 90 * quarter)
    turned = _quarter_turned(_where(flip, x.flip(-1), x), quarter.long() % 4)
    tangent, sine = (rest / 2).tan(), -rest.sin()
    wide = _mirrored(turned)
    wide = _sheared(wide, tangent, torch.zeros_like(rest))
    wide = _sheared(wide.transpose(2, 3), sine, shift[:, 0]).transpose(2, 3)
    wide = _sheared(wide, tangent, shift[:, 1] - tangent * shift[:, 0])
    half = x.shape[-1] // 2
    inner = wide[..., half:-half, half:-half]
    return _where((rest == 0) & (shift == 0).all(1), turned, inner)


def _quarter_turned(x: Tensor, turns: Tensor) -> Tensor:
    """Each image turned by 90 degrees 0 to 3 times."""
    x = _where(turns >= 2, x.flip(2, 3), x)
    return _where(turns % 2 == 1, x.transpose(2, 3).flip(2), x)


def _mirrored(x: Tensor) -> Tensor:
    """The images with half of their mirror image on each side, which goes on for ever."""
    for axis in (2, 3):
        near, far = x.chunk(2, axis)
        x = torch.cat([near.flip(axis), x, far.flip(axis)], axis)
    return x


def _sheared(x: Tensor, slope: Tensor, shift: Tensor) -> Tensor:
    """Rows (b, c, h, w) moved along themselves by ``slope`` times their place, and ``shift`` px.

    The place of a row is its distance down from the middle. What leaves a row enters it again.
    """
    height, width = x.shape[2:]
    place = torch.arange(height, device=x.device) - (height - 1) / 2
    way = slope[:, None] * place + shift[:, None]
    frequency = torch.fft.rfftfreq(width, device=x.device) * (-2 * math.pi)
    angle = way[:, None, :, None] * frequency
    phase = torch.complex(angle.cos(), angle.sin())
    return torch.fft.irfft(torch.fft.rfft(x) * phase, n=width)


def _where(which: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(which[:, None, None, None], one, other)
