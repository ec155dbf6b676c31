"""Random motions and changes of tone, so that a critic does not learn a few images by heart.

Applied to real *and* generated images they are differentiable, and the generator does not learn
them: an image that looks augmented is then no more real than others (Zhao et al., "Differentiable
augmentation for data-efficient GAN training", and Karras et al., "Training generative adversarial
networks with limited data", both NeurIPS 2020). neuron-gan augments real images alone, always, by
rotation, flip, shift and tone; its generator therefore learns dimmed and shifted images. What is
mended here for that variant too: it turned by the nearest pixel, which breaks thin dendrites, left
corners black where the frame did not reach, and did all at the largest size.
"""

import torch
from torch import Tensor

from morphoflow.models.gan_augment_space import moved


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
