"""Writes what cp_measure says of drawn and of real cells, to be compared with by tests.

    python tests/support/record_cp_measure.py

cp_measure (https://github.com/afermg/cp_measure, MIT) is no dependency: its own, centrosome, needs
an older Pillow than this project has. Install it elsewhere to run this; version 0.3.0 wrote the
files.
"""

import json
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage import data

FILES = {name: Path(__file__).with_name(f"cp_measure_{name}.json") for name in ("drawn", "real")}


def scene() -> tuple[np.ndarray, np.ndarray]:
    """Two channels (2, 96, 128) float64 in 0..1, and labels (96, 128) of five cells.

    Two cells touch, one has a hole and one lies at the border of the image.
    """
    rng = np.random.default_rng(7)
    y, x = np.mgrid[:96, :128]
    labels = np.zeros((96, 128), dtype=np.int64)
    places = [(24, 26, 15, 10, 0.4), (24, 53, 13, 9, 1.2), (25, 96, 17, 8, 2.0)]
    places += [(66, 40, 19, 14, 0.9), (84, 100, 14, 14, 0)]
    for label, (row, column, long, short, angle) in enumerate(places, 1):
        u = (x - column) * np.cos(angle) + (y - row) * np.sin(angle)
        v = -(x - column) * np.sin(angle) + (y - row) * np.cos(angle)
        labels[(u / long) ** 2 + (v / short) ** 2 < 1] = label
    labels[62:68, 38:42] = 0
    grains = np.kron(rng.random((24, 32)), np.ones((4, 4)))
    first = 0.1 + 0.4 * (labels > 0) * (1 + np.sin(x / 5)) / 2 + 0.3 * grains
    second = 0.6 * first + 0.3 * rng.random(labels.shape)
    return np.stack([first, second]), labels


def nuclei() -> tuple[np.ndarray, np.ndarray]:
    """Two channels (2, 160, 160) float64 in 0..1 of stained tissue, and labels of its nuclei.

    The image comes with scikit-image (colon, haematoxylin and an antibody; Dukes et al., University
    of Cambridge); nuclei are what is dark in red, of 80 pixels or more and off the border.
    """
    image = data.immunohistochemistry()[:160, :160].astype(np.float64) / 255
    first, second = 1 - image[..., 0], 1 - image[..., 2]
    dark, count = ndimage.label(ndimage.gaussian_filter(first, 1.5) > 0.5)
    sides = [dark[0], dark[-1], dark[:, 0], dark[:, -1]]
    area = np.bincount(dark.ravel(), minlength=count + 1)
    kept = [k for k in range(1, count + 1) if area[k] >= 80 and not any(k in s for s in sides)]
    number = np.zeros(count + 1, dtype=np.int64)
    number[kept] = np.arange(1, len(kept) + 1)
    return np.stack([first, second]), number[dark]


SCENES = {"drawn": scene, "real": nuclei}


def recorded(name: str) -> dict[str, np.ndarray]:
    """The features (n,) of the cells of a scene by their names in this project, without units."""
    return {key: np.array(v) for key, v in json.loads(FILES[name].read_text()).items()}


def on_levels(x: np.ndarray) -> np.ndarray:
    """The values without rounding, by which Costes' thresholds of 8 bits would miss their own."""
    nearest = np.rint(255 * x) / 255
    return np.where(np.abs(x - nearest) < 1e-7, nearest, x)


def measured(name: str) -> dict[str, list[float]]:
    """What cp_measure gives, under the names of this project."""
    from cp_measure.bulk import get_core_measurements, get_correlation_measurements

    (first, second), labels = SCENES[name]()
    core, pairs = get_core_measurements(), get_correlation_measurements()
    result = {f"AreaShape_{k}": v for k, v in core["sizeshape"](labels, first).items()}
    result |= {f"{k}_a": v for k, v in core["intensity"](labels, first).items()}
    result |= {f"{k}_a": v for k, v in core["granularity"](labels, first).items()}
    texture = core["texture"](labels, first)
    for name in {key.split("_")[0] for key in texture}:
        each = [texture[f"{name}_3_{direction:02d}_256"] for direction in range(4)]
        result[f"Texture_{name}_a_3_mean_256"] = np.mean(each, axis=0)
    pearson = pairs["pearson"](first, second, labels)
    result["Correlation_Correlation_a_b"] = pearson["Correlation_Pearson"]
    manders = pairs["manders_fold"](first, second, labels)
    result["Correlation_Manders_a_b"] = manders["Correlation_Manders_1"]
    result["Correlation_Manders_b_a"] = manders["Correlation_Manders_2"]
    from cp_measure.core.measurecolocalization import (
        get_correlation_costes,
        get_correlation_overlap,
        get_correlation_rwc,
    )

    rwc = get_correlation_rwc(first, second, labels)
    costes = get_correlation_costes(on_levels(first), on_levels(second), labels, scale_max=255)
    for name, both in (("RWC", rwc), ("Costes", costes)):
        for k, pair in enumerate(("a_b", "b_a"), 1):
            result[f"Correlation_{name}_{pair}"] = both[f"Correlation_{name}_{k}"]
    overlap = get_correlation_overlap(first, second, labels)
    result["Correlation_Overlap_a_b"] = overlap["Correlation_Overlap"]
    result["Correlation_K_a_b"] = overlap["Correlation_K_1"]
    result["Correlation_K_b_a"] = overlap["Correlation_K_2"]
    return {name: np.ravel(values).tolist() for name, values in sorted(result.items())}


if __name__ == "__main__":
    for name, file in FILES.items():
        file.write_text(json.dumps(measured(name), indent=0) + "\n")
