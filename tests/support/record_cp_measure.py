"""Writes what cp_measure says of the drawn cells, to be compared with by tests.

    python tests/support/record_cp_measure.py

cp_measure (https://github.com/afermg/cp_measure, MIT) is no dependency: its own, centrosome, needs
an older Pillow than this project has. Install it elsewhere to run this; version 0.3.0 wrote the
file.
"""

import json
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("cp_measure.json")


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


def recorded() -> dict[str, np.ndarray]:
    """The features (5,) of the cells by their names in this project, without units."""
    return {name: np.array(values) for name, values in json.loads(FILE.read_text()).items()}


def measured() -> dict[str, list[float]]:
    """What cp_measure gives, under the names of this project."""
    from cp_measure.bulk import get_core_measurements, get_correlation_measurements

    (first, second), labels = scene()
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
    from cp_measure.core.measurecolocalization import get_correlation_overlap

    overlap = get_correlation_overlap(first, second, labels)
    result["Correlation_Overlap_a_b"] = overlap["Correlation_Overlap"]
    result["Correlation_K_a_b"] = overlap["Correlation_K_1"]
    result["Correlation_K_b_a"] = overlap["Correlation_K_2"]
    return {name: np.ravel(values).tolist() for name, values in sorted(result.items())}


if __name__ == "__main__":
    FILE.write_text(json.dumps(measured(), indent=0) + "\n")
