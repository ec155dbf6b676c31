"""Sets of images with all that their realism is judged by, described once and then drawn from."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from morphoflow.dendrites.realism.scattering import scattering
from morphoflow.dendrites.realism.spectrum import radial_spectrum

# What is done to real images to show how far a visible fault is: sd of a blur in pixels, and sd of
# noise in grey levels of 255.
BLUR_PX, NOISE = 1.0, 12.75
# Standard deviations of training images beyond which a feature goes no further: a blank image is
# no further from the others than this, or it alone would be the mean and the kernel distance.
FAR = 5.0


@dataclass(frozen=True)
class ImageSet:
    """Images (n, 1, s, s) uint8 with a row of everything else for each.

    ``groups`` (n,) are what is drawn as a whole; ``statistics`` (n, k) float64 are those of arbors;
    ``features`` are matrices (n, d), in units of the training images.
    """

    images: np.ndarray
    groups: np.ndarray
    statistics: np.ndarray
    features: dict[str, np.ndarray]
    spectra: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> "ImageSet":
        """The images at ``rows``."""
        parts = {name: getattr(self, name)[rows] for name in ("images", "groups", "statistics")}
        features = {name: x[rows] for name, x in self.features.items()}
        return ImageSet(**parts, features=features, spectra=self.spectra[rows])


def describe(
    images: np.ndarray, groups: np.ndarray, statistics: np.ndarray, device: str | torch.device
) -> ImageSet:
    """The set of ``images`` (n, 1, s, s) uint8 with arbor ``statistics`` (n, k), not yet scaled."""
    features = {"arbors": statistics, "scattering": scattering(images, device).astype(np.float64)}
    return ImageSet(images, groups, statistics, features, radial_spectrum(images, device))


def in_units_of(train: ImageSet, others: dict[str, ImageSet]) -> dict[str, ImageSet]:
    """The sets with features as distances from the mean of ``train``, in its sd, FAR at most."""
    scaled = {}
    for name, one in others.items():
        features = {
            kind: _standardised(x, train.features[kind]) for kind, x in one.features.items()
        }
        scaled[name] = replace(one, features=features)
    return scaled


def blurred(images: np.ndarray) -> np.ndarray:
    """Images (n, 1, s, s) uint8 out of focus by a Gaussian of BLUR_PX."""
    made = np.empty_like(images)
    for image, out in zip(images[:, 0], made[:, 0], strict=True):
        out[:] = np.rint(gaussian_filter(image.astype(np.float32), BLUR_PX, mode="nearest"))
    return made


def noisy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images (n, 1, s, s) uint8 with Gaussian noise of NOISE grey levels."""
    made = np.empty_like(images)
    for image, out in zip(images, made, strict=True):
        added = image + NOISE * rng.standard_normal(image.shape, dtype=np.float32)
        out[:] = np.rint(added.clip(0, 255))
    return made


def _standardised(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    sd = train.std(axis=0)
    scaled = np.divide(x - train.mean(axis=0), sd, out=np.zeros(x.shape), where=sd > 0)
    return scaled.clip(-FAR, FAR)
