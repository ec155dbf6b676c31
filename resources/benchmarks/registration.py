"""Accuracy and time of registration by rotation and flip, beside brute force and O2-VAE's method.

The published method (registration by polar phase correlation of O2-VAE, Burgess et al., Nature
Communications 15:1022, 2024) is reproduced from its description, with its sampling positions,
which are off by one (pixel positions are divided by n where the sampler expects n - 1), and with
the right ones. Pictures are drawn anew for every angle, so that the known motion is exact: sums of
Gaussian blobs, and polygons with anti-aliased edges. Times are process CPU seconds of one thread.
"""

import argparse
import json
import math
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from machine import cpu_model
from torch import Tensor
from torch.nn import functional

from morphoflow.cells.demo.demo import rasterise
from morphoflow.cells.registration.angle import register_spectra, spectrum
from morphoflow.cells.registration.brute import register_brute
from morphoflow.cells.registration.register import register
from morphoflow.cells.shapes.outlines import Outlines
from morphoflow.images.rotate import transform, wrap

SIZES = (28, 64, 128, 256)
PAIRS = 64
# Brute force takes so long that it is timed and judged on fewer pairs.
BRUTE_PAIRS = {28: 16, 64: 16, 128: 8, 256: 2}
BRUTE_STEPS = (1, 2)
SECONDS = 1.0
COMMAND = "PYTHONPATH=scripts python resources/benchmarks/registration.py"
# Pairs a CPU second of the published code itself, measured once on another processor.
PUBLISHED_CODE = {
    "cpu": "AMD EPYC, 1 thread, torch 2.13.0",
    "pairs_per_cpu_second": {
        "28": {"fourier": 2681, "brute 2 degrees": 178, "brute 1 degree": 91},
        "64": {"fourier": 814, "brute 2 degrees": 35, "brute 1 degree": 11.7},
        "128": {"fourier": 523, "brute 2 degrees": 6.0, "brute 1 degree": 3.0},
    },
    "degrees_median_p95": {
        "as shipped": {"28": [2.25, 11.9], "64": [0.91, 2.98], "128": [0.36, 1.97]},
        "grid right": {"all sizes": [0.18, 0.48]},
    },
}


def main() -> None:
    """Measure all methods at all sizes and write the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    record = {
        "what": f"{PAIRS} pairs of pictures of each kind under known rotations and flips",
        "command": COMMAND,
        "threads": 1,
        "machine": {"cpu": cpu_model(), "cores": os.cpu_count()},
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
        "published_code_elsewhere": PUBLISHED_CODE,
        "sizes": {str(size): compare(size) for size in SIZES},
    }
    options.output.write_text(json.dumps(record, indent=2) + "\n")
    print(options.output.read_text())


def compare(size: int) -> dict:
    """All methods at one size: accuracy for each kind of picture, and speed."""
    kinds = {"blobs": blobs(size), "polygons": polygons(size), "blobs on 0.3": blobs(size, 0.3)}
    found = {name: {} for name in methods(size)}
    for name, (method, n) in methods(size).items():
        for kind, (moving, fixed, angle, flip) in kinds.items():
            result = method(moving[:n], fixed[:n])
            found[name][kind] = accuracy(result, moving[:n], fixed[:n], angle[:n], flip[:n])
        moving, fixed, _, _ = kinds["blobs"]
        found[name]["pairs"] = n
        found[name]["pairs_per_cpu_second"] = rate(method, moving[:n], fixed[:n])
    return found


def methods(size: int) -> dict[str, tuple[Callable[[Tensor, Tensor], tuple], int]]:
    """Each method by name, with the number of pairs that it is measured on."""
    n = BRUTE_PAIRS[size]
    return {
        "ours": (lambda a, b: pose(register(a, b)), PAIRS),
        "ours, spectra of the fixed kept": (with_kept_spectra(), PAIRS),
        "ours with shifts": (lambda a, b: pose(register(a, b, shifts=True)), PAIRS),
        "published, reproduced": (lambda a, b: published(a, b, size), PAIRS),
        "published, grid right": (lambda a, b: published(a, b, size - 1), PAIRS),
        **{
            f"brute force, {step} degree steps": (
                lambda a, b, step=step: pose(register_brute(a, b, step)),
                n,
            )
            for step in BRUTE_STEPS
        },
    }


def pose(found) -> tuple[Tensor, Tensor]:
    """Angle and flip of a registration."""
    return found.angle, found.flip


def with_kept_spectra() -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Registration to images whose spectra are computed at the first call and kept."""
    kept = {}

    def method(moving: Tensor, fixed: Tensor) -> tuple[Tensor, Tensor]:
        if id(fixed) not in kept:
            kept[id(fixed)] = (fixed, spectrum(fixed))
        return register_spectra(spectrum(moving), kept[id(fixed)][1])[:2]

    return method


def published(moving: Tensor, fixed: Tensor, divisor: int) -> tuple[Tensor, Tensor]:
    """The published method: 360 angles, radii to the half diagonal, the flip of less squared error.

    Its sampling positions are pixel positions over ``divisor``, which is n as published and n - 1
    where they are right.
    """
    size = moving.shape[-1]
    reach = math.ceil(math.sqrt(2) * size / 2)
    turn = torch.arange(360) * (2 * math.pi / 360)
    radius = torch.arange(reach) * (math.sqrt(2) * size / 2 / reach)
    direction = torch.stack([turn.cos(), turn.sin()], dim=-1)
    place = (size - 1) / 2 + radius[None, :, None] * direction[:, None]
    grid = (2 * place / divisor - 1)[None]

    def polar(x: Tensor) -> Tensor:
        return torch.fft.fft2(
            functional.grid_sample(x, grid.expand(len(x), -1, -1, -1), align_corners=True)[:, 0]
        )

    target, angles, errors = polar(fixed), [], []
    for view, extra in ((moving, 0.0), (moving.flip(-2), 180.0)):
        peak = torch.fft.ifft2(target * polar(view).conj()).abs().flatten(1).argmax(1)
        # Its angles turn clockwise as displayed.
        angle = wrap(-torch.div(peak, reach, rounding_mode="floor").float())
        turned = transform(view, angle, torch.zeros_like(angle, dtype=torch.bool))
        errors.append((turned - fixed).square().sum((1, 2, 3)))
        # Up-down is left-right and half a turn.
        angles.append(wrap(angle + extra))
    flip = errors[1] < errors[0]
    return torch.where(flip, *angles[::-1]), flip


def accuracy(found: tuple, moving: Tensor, fixed: Tensor, angle, flip) -> dict[str, float]:
    """Error of the angle where the flip is right, share of wrong flips, squared error after."""
    right = found[1].numpy() == flip
    error = np.abs((found[0].numpy() - angle + 180) % 360 - 180)[right]
    moved = transform(moving, *found, mode="bicubic")
    return {
        "degrees_median": short(np.median(error)),
        "degrees_p95": short(np.quantile(error, 0.95)),
        "wrong_flips": short(1 - right.mean()),
        "summed_squared_error": short((moved - fixed).square().sum((1, 2, 3)).mean()),
    }


def rate(method: Callable, moving: Tensor, fixed: Tensor) -> float:
    """Pairs a CPU second; the fastest of three times as many calls as fit into SECONDS."""
    method(moving, fixed)
    best = 0.0
    for _ in range(3):
        calls, start = 0, time.process_time()
        while time.process_time() - start < SECONDS / 3 or not calls:
            method(moving, fixed)
            calls += 1
        best = max(best, calls * len(moving) / (time.process_time() - start))
    return short(best)


def motions() -> tuple[np.ndarray, np.ndarray]:
    """The known angles (PAIRS,) in degrees and flips (PAIRS,)."""
    rng = np.random.default_rng(7)
    return rng.uniform(-180, 180, PAIRS), rng.random(PAIRS) < 0.5


def blobs(size: int, background: float = 0.0) -> tuple[Tensor, Tensor, np.ndarray, np.ndarray]:
    """Smooth pictures: sums of six Gaussians within 0.6 of the half side."""
    rng = np.random.default_rng(5)
    radius, turn = 0.6 * np.sqrt(rng.random((PAIRS, 6))), 2 * np.pi * rng.random((PAIRS, 6))
    height, width = rng.uniform(0.1, 0.3, (PAIRS, 6)), rng.uniform(0.08, 0.16, (PAIRS, 6))
    x, y = radius * np.cos(turn), radius * np.sin(turn)
    angle, flip = motions()

    def draw(side: np.ndarray, degrees: np.ndarray) -> Tensor:
        cosine, sine = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        along_x = cosine[:, None] * side[:, None] * x - sine[:, None] * y
        along_y = sine[:, None] * side[:, None] * x + cosine[:, None] * y
        place = np.linspace(-1, 1, size)
        waves = [
            np.exp(-((place - centre[..., None]) ** 2) / (2 * width[..., None] ** 2))
            for centre in (-along_y, along_x)
        ]
        image = np.einsum("nk,nky,nkx->nyx", height, *waves)
        return torch.from_numpy(image.astype(np.float32))[:, None] * (1 - background) + background

    still = np.zeros(PAIRS)
    return draw(still + 1, still), draw(1 - 2.0 * flip, angle), angle, flip


def polygons(size: int) -> tuple[Tensor, Tensor, np.ndarray, np.ndarray]:
    """Sharp pictures: polygons of 5 to 8 corners, each pixel the share of its area inside."""
    rng = np.random.default_rng(6)
    corners = []
    for _ in range(PAIRS):
        turn = np.sort(2 * np.pi * rng.random(rng.integers(5, 9)))
        radius = rng.uniform(0.35, 1, len(turn))
        corner = radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], axis=1)
        corners.append(corner)
    outlines, (angle, flip) = Outlines.of(corners), motions()
    images = [
        rasterise(outlines, size, 0.35 * size, **moved)
        for moved in ({}, {"angle": angle, "flip": flip})
    ]
    return *(torch.from_numpy(image)[:, None] for image in images), angle, flip


def short(value: float) -> float:
    """Three digits of a figure."""
    return float(f"{float(value):.3g}")


if __name__ == "__main__":
    main()
