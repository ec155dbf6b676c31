"""All distances between two sets of images, by name, with what is a good value of each."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from scipy.stats import wasserstein_distance

from morphoflow.analysis.feature_distances import kid, prdc, two_sample_accuracy
from morphoflow.dendrites.realism.sets import ImageSet
from morphoflow.dendrites.realism.spectrum import spectrum_distance
from morphoflow.dendrites.realism.wasserstein import sliced_wasserstein

NEIGHBOURHOODS = ("precision", "recall", "density", "coverage")
# What is the best value of a distance, by the beginning of its name.
BETTER = {
    "difference": "near 0",
    "relative_error": "near 0",
    **dict.fromkeys(NEIGHBOURHOODS, "higher"),
    "two_sample_accuracy": "near 0.5",
}
SHARES = ("precision", "recall", "coverage", "two_sample_accuracy")
UNSIGNED = ("wasserstein", "sliced_wasserstein", "power_spectrum", "density")
# Patches of a set at each level of the pyramid, at most, and those of one image.
PATCHES, OF_IMAGE = 8192, 128
PROJECTIONS = 128


@dataclass(frozen=True)
class Distances:
    """How far a set of images is from a reference.

    ``names`` (k,) are those of arbor statistics and ``sd`` (k,) their unit, the standard deviation
    of training images; ``neighbours`` is the most that make a neighbourhood.
    """

    names: list[str]
    sd: np.ndarray
    neighbours: int
    seed: int
    device: str | torch.device

    def __call__(self, tested: ImageSet, reference: ImageSet) -> dict[str, float]:
        """Every distance by name; :func:`better` says which values are good.

        Differences are those of ``tested`` less ``reference``.
        """
        return {
            **self._of_arbors(tested.statistics, reference.statistics),
            **self._of_patches(tested.images, reference.images),
            "power_spectrum": spectrum_distance(reference.spectra, tested.spectra),
            **self._of_features(tested, reference),
        }

    def _of_arbors(self, tested: np.ndarray, reference: np.ndarray) -> dict[str, float]:
        distances, apart = {}, []
        for name, sd, a, b in zip(self.names, self.sd, tested.T, reference.T, strict=True):
            gap = a.mean() - b.mean()
            apart.append(_over(wasserstein_distance(a, b), sd))
            distances[f"difference_{name}"] = _over(gap, sd)
            distances[f"relative_error_{name}"] = _over(gap, abs(b.mean()))
            distances[f"wasserstein_{name}"] = apart[-1]
        return {**distances, "wasserstein_mean": float(pd.Series(apart).mean())}

    def _of_patches(self, tested: np.ndarray, reference: np.ndarray) -> dict[str, float]:
        sides = [torch.from_numpy(images).to(self.device) for images in (reference, tested)]
        patches = int(np.clip(PATCHES // len(reference), 1, OF_IMAGE))
        levels = sliced_wasserstein(
            *sides, seed=self.seed, patches=patches, projections=PROJECTIONS
        )
        distances = {f"sliced_wasserstein_{size}": value for size, value in levels.items()}
        return {**distances, "sliced_wasserstein_mean": float(np.mean([*levels.values()]))}

    def _of_features(self, tested: ImageSet, reference: ImageSet) -> dict[str, float]:
        distances = {}
        for kind, x in reference.features.items():
            y = tested.features[kind]
            # More than a quarter of a small sample is no neighbourhood.
            k = max(1, min(self.neighbours, len(x) // 4, len(y) // 4))
            around = prdc(x, y, k)
            distances[f"kid_{kind}"] = kid(x, y)
            distances |= {f"{name}_{kind}": around[name] for name in NEIGHBOURHOODS}
            distances[f"two_sample_accuracy_{kind}"] = two_sample_accuracy(x, y)
        return distances


def better(name: str) -> str:
    """Which values of a distance are good: ``lower``, ``higher``, ``near 0`` or ``near 0.5``."""
    known = (value for start, value in BETTER.items() if name.startswith(start))
    return next(known, "lower")


def bounds(name: str) -> tuple[float, float]:
    """The values that a distance can have."""
    if name.startswith(SHARES):
        return 0.0, 1.0
    return (0.0, np.inf) if name.startswith(UNSIGNED) else (-np.inf, np.inf)


def _over(value: float, unit: float) -> float:
    return float(value / unit) if unit > 0 else np.nan
