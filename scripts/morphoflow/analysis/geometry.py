"""Centring, scaling and principal components that are the same for every analysis."""

import numpy as np

from morphoflow.errors import CannotAnalyse, InputError


def centred(x: np.ndarray) -> np.ndarray:
    """``x`` (n, d) less its mean and over the root mean square distance to it, as float64.

    One factor for all axes: distances keep their proportions, so results do not depend on the unit
    of the embedding, and an axis that carries little stays little. Identical rows give zeros.
    """
    moved = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    scale = np.sqrt((moved**2).sum(axis=1).mean())
    return moved / scale if scale > 0 else moved


def principal_components(x: np.ndarray, n_components: int) -> tuple[np.ndarray, np.ndarray]:
    """Principal components of ``x`` (n, d): coordinates (n, n_components) and variance shares.

    On each component the object furthest from the mean is on the positive side, which leaves no
    sign to chance and does not depend on how the axes of ``x`` are turned. Components that the
    data lack are zero.
    """
    u, singular, _ = np.linalg.svd(centred(x), full_matrices=False)
    coordinates = u * singular
    furthest = np.abs(coordinates).argmax(axis=0)
    signs = np.sign(coordinates[furthest, np.arange(len(furthest))])
    coordinates *= np.where(signs == 0, 1, signs)
    share = singular**2 / max((singular**2).sum(), np.finfo(float).tiny)
    missing = max(0, n_components - len(share))
    coordinates = np.pad(coordinates, ((0, 0), (0, missing)))
    return coordinates[:, :n_components], np.pad(share, (0, missing))[:n_components]


def check_embedding(x: np.ndarray, least: int, purpose: str) -> None:
    """Raise InputError for an embedding (n, d) with values that are not finite.

    It is a CannotAnalyse where there are fewer than ``least`` objects.
    """
    if len(x) < least:
        raise CannotAnalyse(
            f"{purpose} needs at least {least} objects, but the embedding has n = {len(x)}; "
            f"add objects or leave this analysis out."
        )
    if not np.isfinite(x).all():
        row = int(np.flatnonzero(~np.isfinite(x).all(axis=1))[0])
        raise InputError(f"{purpose}: row {row} of the embedding is not finite; embed again.")
