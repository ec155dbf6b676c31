"""Features freed from differences between images or plates, as profiles of cells usually are.

The measures and their names are pycytominer's (Serrano et al., Nature Methods 22:677, 2025):
``mad_robustize`` and ``spherize`` by ``ZCA-cor``. Whatever is estimated is estimated from all
objects of an image or plate, or from those of its control wells; sphering, from the training split.
"""

import re

import numpy as np
import pandas as pd

from morphoflow.errors import InputError

# The median absolute deviation of a normal distribution of standard deviation 1.
MAD_OF_NORMAL = 1 / 1.482602218505602

# Added to the variances along the axes that are sphered, so that none is divided by nothing.
EPSILON = 1e-6

UNIT = re.compile(r"_(px|um)2?$")


def normalised(
    x: np.ndarray, names: list[str], objects: pd.DataFrame, settings: dict
) -> tuple[np.ndarray, list[str]]:
    """Features (n, d) float32 of ``objects`` as the ``settings`` say, and their names.

    ``normalise`` is ``image``, ``plate`` (that of the column ``plate_column``) or ``none``;
    ``controls`` name a ``column`` of the object table and the ``values`` of control wells;
    ``sphere`` is true or false. What has been normalised has no unit, so that its name has none.
    """
    reference = _reference(objects, settings.get("controls"))
    z = x.astype(np.float64)
    if settings["normalise"] != "none":
        z = robust_z(z, _batches(objects, settings), reference)
    if settings["sphere"]:
        z = spherised(z, reference & (objects["split"] == "train").to_numpy())
    changed = settings["normalise"] != "none" or settings["sphere"]
    return z.astype(np.float32), [UNIT.sub("", name) for name in names] if changed else names


def robust_z(x: np.ndarray, batch: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """``x`` (n, d) less the median of its ``batch`` (n,), by its median absolute deviation.

    Both are those of the batch's objects of ``reference`` (n,), the deviation such that it is the
    standard deviation of a normal distribution. Where it is 0, as for a measure that is the same
    for most objects, the standard deviation takes its place, and where that is 0, values are 0.
    Raises InputError for a batch without any reference.
    """
    result = np.empty_like(x)
    for name, rows in pd.Series(batch).groupby(batch, sort=True).indices.items():
        own = x[rows[reference[rows]]]
        if not len(own):
            raise InputError(
                f"none of the {len(rows)} objects of '{name}' is of `controls`, so that it cannot "
                f"be normalised by them; correct `features.controls`, or normalise without them."
            )
        middle = np.median(own, axis=0)
        spread = np.median(np.abs(own - middle), axis=0) / MAD_OF_NORMAL
        spread = np.where(spread > 0, spread, own.std(axis=0))
        result[rows] = np.where(spread > 0, (x[rows] - middle) / np.where(spread > 0, spread, 1), 0)
    return result


def spherised(x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """``x`` (n, d) turned and scaled so that its ``reference`` objects (n,) have no correlations.

    By ZCA-cor (Kessy, Lewin and Strimmer, The American Statistician 72:309, 2018): of all such
    changes, the one after which each feature is most like what it was. Raises InputError if there
    are not more objects than features.
    """
    own = x[reference]
    if len(own) <= x.shape[1]:
        raise InputError(
            f"{x.shape[1]} features cannot be sphered by {len(own)} training objects"
            f" of `controls`, if any are named; add objects, or set `features.sphere` to false."
        )
    mean, spread = own.mean(axis=0), own.std(axis=0, ddof=1)
    scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0)
    correlation = np.cov((own - mean) * scale, rowvar=False)
    value, axis = np.linalg.eigh(correlation)
    whitening = (axis / np.sqrt(np.maximum(value, 0) + EPSILON)) @ axis.T
    return (x - mean) * scale @ whitening


def _reference(objects: pd.DataFrame, controls: dict | None) -> np.ndarray:
    """Which objects (n,) others are compared with: those of the controls, or all."""
    if controls is None:
        return np.ones(len(objects), dtype=bool)
    chosen = _column(objects, controls["column"], "controls.column").isin(controls["values"])
    if not chosen.any():
        values = ", ".join(map(str, controls["values"]))
        raise InputError(
            f"no object has {values} in its column '{controls['column']}'; correct "
            f"`features.controls`."
        )
    return chosen.to_numpy()


def _batches(objects: pd.DataFrame, settings: dict) -> np.ndarray:
    """The image or plate (n,) of each object."""
    by_image = settings["normalise"] == "image"
    name = "image" if by_image else settings["plate_column"]
    batch = _column(objects, name, "normalise" if by_image else "plate_column")
    unknown = objects["id"][batch.isna()]
    if len(unknown):
        raise InputError(
            f"the {settings['normalise']} of {len(unknown)} objects, such as '{unknown.iloc[0]}', "
            f"is not known; name it in the label table, or set `features.normalise` to none."
        )
    return batch.to_numpy()


def _column(objects: pd.DataFrame, name: str, key: str) -> pd.Series:
    if name not in objects:
        raise InputError(
            f"the object table has no column '{name}' (it has: {', '.join(objects)}); add it to "
            f"the label table, or correct `features.{key}`."
        )
    return objects[name].astype(object).map(lambda value: None if pd.isna(value) else str(value))
