"""The soma: the largest bright compact blob of a picture.

The thickest place of an arbor is where the largest disc fits inside of it, the maximum of the
distance transform (Blum, "A transformation for extracting new descriptors of shape", 1967). A soma
is both thick and bright, so the distance is summed over thresholds from the level that parts arbor
from background (Otsu, IEEE Trans. Syst. Man Cybern. 9:62, 1979) up to white: haze is thick at the
lowest thresholds alone, dendrites and specks are thin at all of them. No scale has to be known.
"""

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from morphoflow.dendrites.resample import resample

SIDE = 256  # of the picture that is searched: a soma is several pixels wide in it
SMOOTHING = 1.0  # pixels of that picture, against noise
THRESHOLDS = 8
WHITE = 99.9  # percentile, so that hot pixels do not set the scale


def find_soma(picture: np.ndarray) -> tuple[float, float]:
    """The row and column of the soma's centre in a ``picture`` (h, w), in its pixels."""
    scale = min(1.0, SIDE / max(picture.shape))
    smooth = ndimage.gaussian_filter(resample(picture, scale), SMOOTHING)
    low, high = threshold_otsu(smooth), np.percentile(smooth, WHITE)
    thickness = np.zeros_like(smooth)
    for threshold in np.linspace(low, high, THRESHOLDS, endpoint=False):
        thickness += _depth(smooth > threshold)
    row, column = _centre(thickness)
    return (row + 0.5) / scale - 0.5, (column + 0.5) / scale - 0.5


def _depth(bright: np.ndarray) -> np.ndarray:
    """The distance of each bright pixel from the dark, as which the outside of the frame counts."""
    return ndimage.distance_transform_edt(np.pad(bright, 1))[1:-1, 1:-1]


def _centre(thickness: np.ndarray) -> tuple[float, float]:
    """The centre of mass of the thickest place, down to half of its thickness."""
    thickest = np.unravel_index(thickness.argmax(), thickness.shape)
    pieces, _ = ndimage.label(2 * thickness >= thickness[thickest])
    return ndimage.center_of_mass(thickness, pieces, pieces[thickest])
