"""The best rotation, flip and shift between images: all turns and shifts by Fourier transforms.

The correlation is normalised over the overlap of the two images. A rotation brings corners without
values into the square, and a shift borders; to take these for zeros would lower the correlation of
a neuron with itself by the share that the frame cut off. As the overlap depends on the motion and
not on the images, the sums under its root are made once an image, and each pair costs one Fourier
transform a turn. Images have no mean to take off: they are high-passed before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import torch
from torch import Tensor
from torch.nn import functional

from morphoflow.images.rotate import transform

# The largest shift along each axis, as a share of the image.
REACH = 0.25
# Complex frequencies of pairs and turns that are held at a time.
BLOCK_VALUES = 1 << 18
# Energy per pixel under which an overlap has nothing to correlate.
EMPTY = 1e-6


@dataclass(frozen=True)
class Turned:
    """One image in all its turns: spectra (t, p, q) and, by turn and shift, scales (t, k, k)."""

    spectra: Tensor
    scale: Tensor


@dataclass(frozen=True)
class Still:
    """Images as they are: spectra (m, p, q) and, by outline and shift, scales (m, o, k, k)."""

    spectra: Tensor
    scale: Tensor

    def __getitem__(self, rows: slice) -> "Still":
        return Still(self.spectra[rows], self.scale[rows])


class MotionSearch:
    """Correlations of images (size, size) over all ``angles`` (degrees), flips and shifts.

    ``angle`` (t,) and ``flip`` (t,) are its turns, which a shift follows.
    """

    def __init__(
        self, size: int, angles: Sequence[float], flips: bool, device: torch.device | str
    ) -> None:
        sides = torch.tensor([False, True] if flips else [False], device=device)
        once = torch.tensor(list(angles), dtype=torch.float32, device=device)
        self.angle, self.flip = once.repeat(len(sides)), sides.repeat_interleave(len(once))
        self.size, self.reach = size, int(REACH * size)
        self._lags = 2 * self.reach + 1
        self._period = _fast_length(size + self.reach)
        # A square looks the same after a quarter turn, and after a flip.
        quarter, self._outline = torch.unique(self.angle % 90, return_inverse=True)
        self._outlines = _outlines(size, quarter)

    def turned(self, image: Tensor) -> Turned:
        """An image (size, size) in all turns."""
        turns = transform(image.expand(len(self.angle), 1, -1, -1), self.angle, self.flip)[:, 0]
        turns = turns * self._outlines[self._outline]
        frame = self._moved_spectra(torch.ones_like(image))
        energy = self._correlations(self._spectra(turns.square()).conj() * frame)
        return Turned(self._spectra(turns).conj(), self._scale(energy))

    def still(self, images: Tensor) -> Still:
        """Images (m, size, size) as they are."""
        outlines = self._spectra(self._outlines).conj()
        squares = self._moved_spectra(images.square())
        energy = torch.stack([self._correlations(outlines * square) for square in squares])
        return Still(self._moved_spectra(images), self._scale(energy))

    def best(self, turned: Turned, still: Still) -> tuple[Tensor, Tensor, Tensor]:
        """The best correlation (m,) of one image with others, its turn (m,) and shift (m, 2)."""
        step = max(1, BLOCK_VALUES // still.spectra.numel())
        peaks = [
            self._peaks(turned, still, slice(start, start + step))
            for start in range(0, len(self.angle), step)
        ]
        heights, places = (torch.cat(values, dim=1) for values in zip(*peaks, strict=True))
        height, turn = heights.max(1)
        place = places.gather(1, turn[:, None])[:, 0]
        shift = torch.stack([place // self._lags, place % self._lags], dim=1) - self.reach
        return height, turn, shift

    def _peaks(self, turned: Turned, still: Still, turns: slice) -> tuple[Tensor, Tensor]:
        """Heights (m, turns) and places (m, turns) of the best shifts."""
        values = self._correlations(still.spectra[:, None] * turned.spectra[turns])
        values *= turned.scale[turns]
        values *= still.scale[:, self._outline[turns]]
        return values.flatten(2).max(2)

    def _scale(self, energy: Tensor) -> Tensor:
        """The inverse roots of energies, 0 where there is none."""
        return torch.where(energy > EMPTY * self.size**2, energy, torch.inf).rsqrt()

    def _moved_spectra(self, images: Tensor) -> Tensor:
        """Spectra of images moved so that the lag 0 stands for the most negative shift."""
        return self._spectra(functional.pad(images, (self.reach, 0, self.reach, 0)))

    def _spectra(self, images: Tensor) -> Tensor:
        return torch.fft.rfft2(images, s=(self._period, self._period))

    def _correlations(self, spectra: Tensor) -> Tensor:
        """The values (..., k, k) at the shifts within reach."""
        rows = torch.fft.ifft(spectra, dim=-2)[..., : self._lags, :]
        return torch.fft.irfft(rows, n=self._period)[..., : self._lags]


def _outlines(size: int, angle: Tensor) -> Tensor:
    """Which pixels (k, size, size) a turned square covers, 0 or 1."""
    place = torch.arange(size, device=angle.device) - (size - 1) / 2
    radians = torch.deg2rad(angle)[:, None, None]
    along = radians.cos() * place[:, None] + radians.sin() * place
    across = radians.cos() * place - radians.sin() * place[:, None]
    return (torch.maximum(along.abs(), across.abs()) <= size / 2).float()


def _fast_length(least: int) -> int:
    """The smallest length from ``least`` on that has no prime factor above 7."""
    products = (2**a * 3**b * 5**c * 7**d for a, b, c, d in product(range(12), *[range(6)] * 3))
    return min(length for length in products if length >= least)
