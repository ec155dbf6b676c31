"""Pictures of a small neuron (a soma, straight dendrites, haze, noise) or of bright lines alone."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from scipy import ndimage

from morphoflow.dendrites.reading.files import is_simulated, resolve, truth_table
from morphoflow.dendrites.reading.objects import object_table
from morphoflow.dendrites.reading.prepare import read_dendrites
from morphoflow.dendrites.similar.similar import similar_images
from morphoflow.reading.label_tables import read_label_tables
from morphoflow.store_stream import stream_samples
from morphoflow.tables import check_objects
from places import ROOT

SETTINGS = {
    "size": 64,
    "pixel_um": None,
    "percentiles": [1, 99.5],
    "near_duplicates": 0,
    "split": {"train": 0.6, "validation": 0.2, "test": 0.2, "seed": 17},
    "label_column": "label",
    "on_bad_input": "stop",
}
AXES = ["object", "channel", "y", "x"]
OUTPUTS = {
    "--objects": "objects.parquet",
    "--samples": "images.zarr",
    "--quality": "quality.parquet",
    "--similar": "similar.parquet",
}


def neuron(
    seed: int, height: int = 96, width: int = 96, soma: tuple[float, float] | None = None
) -> np.ndarray:
    """A picture (height, width) uint16 of a neuron with its soma at (row, column)."""
    rng = np.random.default_rng(seed)
    soma = (height / 2, width / 2) if soma is None else soma
    rows, columns = np.mgrid[:height, :width]
    light = np.zeros((height, width))
    for _ in range(7):
        angle, along = rng.uniform(0, 2 * np.pi), np.linspace(0, max(height, width), 600)
        r = np.rint(soma[0] + along * np.sin(angle) + 2 * np.sin(along / 9)).astype(int)
        c = np.rint(soma[1] + along * np.cos(angle)).astype(int)
        inside = (r >= 0) & (r < height) & (c >= 0) & (c < width)
        light[r[inside], c[inside]] = 1
    light = ndimage.gaussian_filter(light, 1) * 4
    radius = max(height, width) / 16
    light[np.hypot(rows - soma[0], columns - soma[1]) < radius] = 2
    haze = 0.3 * ndimage.gaussian_filter(light, radius) + 0.1 * columns / width
    counts = 100 + 3000 * (light + haze) + rng.normal(0, 40, light.shape)
    return np.clip(counts, 0, 65535).astype(np.uint16)


def write_neurons(folder: Path, n: int = 5, **options) -> Path:
    """A folder with ``n`` neurons as TIFF files."""
    folder.mkdir(parents=True)
    for i in range(n):
        tifffile.imwrite(folder / f"neuron{i}.tif", neuron(i, **options))
    return folder


def bright_lines(n: int, seed: int = 0, size: int = 32) -> np.ndarray:
    """Images (n, 1, size, size) uint8 of random bright lines, some wide and some thin."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size - 0.5
    angle, offset = rng.uniform(0, np.pi, (n, 6)), rng.uniform(-0.4, 0.4, (n, 6))
    width = rng.uniform(0.015, 0.03, (n, 6)) + rng.uniform(0, 0.02, (n, 1))
    cosine, sine = (f(angle)[..., None, None] for f in (np.cos, np.sin))
    away = cosine * x + sine * y - offset[..., None, None]
    light = np.exp(-((away / width[..., None, None]) ** 2) / 2).max(axis=1)
    return np.rint(20 + 215 * light).astype(np.uint8)[:, None]


def save_png(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


def read(folder: Path, sources: list[dict], labels: list[Path] = (), **settings):
    """Read sources into the store ``folder``/images.zarr; objects, findings and pairs."""
    settings = {**SETTINGS, **settings}
    resolved = [resolve(source) for source in sources]
    truths = [truth_table(source, settings) for source in resolved if is_simulated(source)]
    tables = [*truths, *read_label_tables([], list(labels), settings)]
    with stream_samples(folder / "images.zarr", axes=AXES, units="1/255", provenance={}) as stream:
        reading = read_dendrites(resolved, settings, stream)
        pairs, numbers = similar_images(reading, settings["size"], settings["near_duplicates"])
        objects, findings = object_table(reading, tables, pairs, numbers, settings)
    check_objects(objects, "objects")
    return objects, findings, pairs


def run_script(
    folder: Path, sources: list[dict], labels: list[Path] = (), **settings
) -> subprocess.CompletedProcess:
    """Run read_dendrites.py into ``folder``."""
    outputs = [text for flag, name in OUTPUTS.items() for text in (flag, str(folder / name))]
    command = [
        *(sys.executable, "scripts/read_dendrites.py", "--sources", json.dumps(sources)),
        *("--settings", json.dumps({**SETTINGS, **settings}), "--labels", *map(str, labels)),
    ]
    return subprocess.run([*command, *outputs], capture_output=True, text=True, cwd=ROOT)
