"""How real the images of the trained generators are: the main distances, and samples to look at.

README.md says when to run it, in the lab folder. It writes class_iv.json, samples.png and sheet.png
beside this file.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent.parent / "scripts"))
sys.path.insert(0, str(HERE.parent))

from machine import cpu_model  # noqa: E402

from morphoflow.dendrites.reading.tiles import FONT, tiled  # noqa: E402
from morphoflow.store import read_samples  # noqa: E402
from morphoflow.tables import read_table  # noqa: E402

METRICS = (
    *("wasserstein_mean", "sliced_wasserstein_mean", "power_spectrum"),
    *("two_sample_accuracy_arbors", "two_sample_accuracy_scattering"),
    *("precision_arbors", "recall_arbors", "coverage_arbors", "coverage_scattering"),
    *("relative_error_skeleton_length_um", "relative_error_branch_points"),
    *("relative_error_tips", "relative_error_loops"),
)
MODELS = ("flow", "progressive_gan")
# Images of a run in samples.png, and the width of its two halves.
SHOWN, WIDTH = 16, 560
# The columns of sheet.png, and of each row the datasets and runs whose images they show.
COLUMNS = ("real", "simulated", "flow", "GAN")
ROWS = {
    "64 px": (
        *("panels", "class_iv_64"),
        *("class_iv_64/flow/long/seed0", "class_iv_64/progressive_gan/long/seed0"),
    ),
    "128 px": ("panels_128", "class_iv_128", "class_iv_128/flow/longer/seed0"),
}
# Images of a place in sheet.png, its width, and the height of the words above it.
IN_SHEET, SHEET_WIDTH, WORDS = 9, 412, 24


def main() -> None:
    """Collect the tables and images of all runs below results."""
    runs, pictures = {}, []
    found = [Path("results").glob(f"*/{model}/*/seed*/realism.parquet") for model in MODELS]
    for path in sorted(path for paths in found for path in paths):
        folder = path.parent
        name = folder.relative_to("results").as_posix()
        runs[name] = {
            "largest_correlation_with_a_training_image": closest(folder / "nearest.parquet"),
            "distances": distances(path),
        }
        real = read_samples(Path("results") / folder.parts[1] / "samples/images.zarr").x[:SHOWN, 0]
        made = read_samples(folder / "generated.zarr").x[:SHOWN, 0]
        pictures.append(np.concatenate([tiled(real, WIDTH), tiled(made, WIDTH)], axis=1))
        print(name, json.dumps(runs[name]["distances"]["wasserstein_mean"]))
    record = {
        "command": "README.md, To run it",
        "machine": {"cpu": cpu_model()},
        "samples.png": list(runs),
        "runs": runs,
    }
    (HERE / "class_iv.json").write_text(json.dumps(record, indent=1) + "\n")
    Image.fromarray(np.concatenate(pictures)).save(HERE / "samples.png", optimize=True)
    sheet().save(HERE / "sheet.png", optimize=True)


def sheet() -> Image.Image:
    """Real images, simulated and generated ones side by side, a row a size."""
    rows = [[grid(name) for name in names] for names in ROWS.values()]
    side = len(rows[0][0])
    picture = Image.new("L", (len(COLUMNS) * side, len(ROWS) * (side + WORDS)))
    draw, font = ImageDraw.Draw(picture), ImageFont.truetype(FONT, WORDS * 2 // 3)
    for i, (size, row) in enumerate(zip(ROWS, rows, strict=True)):
        for k, (column, images) in enumerate(zip(COLUMNS, row, strict=False)):
            left, top = k * side, i * (side + WORDS)
            draw.text((left + 4, top + 2), f"{column}, {size}", 255, font)
            picture.paste(Image.fromarray(images), (left, top + WORDS))
    return picture


def grid(name: str) -> np.ndarray:
    """The first images of a dataset, or of a run, as one picture (h, w) uint8."""
    store = "generated.zarr" if "/" in name else "samples/images.zarr"
    return tiled(read_samples(Path("results") / name / store).x[:IN_SHEET, 0], SHEET_WIDTH)


def closest(path: Path) -> dict[str, float]:
    """The largest correlation of generated, and of held-out, images with a training image."""
    found = read_table(path).groupby("kind")["correlation"].max()
    return {kind: round(float(value), 4) for kind, value in found.items()}


def distances(path: Path) -> dict[str, dict[str, list[float | None]]]:
    """For each metric and comparison its value, and its lower and upper limit, if it has any."""
    table = read_table(path)
    return {
        metric: {
            row.comparison: [
                None if np.isnan(value) else round(value, 4)
                for value in (row.value, row.low, row.high)
            ]
            for row in table[table["metric"] == metric].itertuples()
        }
        for metric in METRICS
    }


if __name__ == "__main__":
    main()
