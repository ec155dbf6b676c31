"""The figures of a dataset of cells: crops, stability of prealignment, quality, scores."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.crops import plot_crops
from morphoflow.figures.quality import plot_quality
from morphoflow.figures.save import save_figures
from morphoflow.figures.scores import plot_scores
from morphoflow.figures.stability import plot_stability
from morphoflow.provenance import provenance
from morphoflow.tables import align_objects, read_objects, read_table


def main(
    *,
    crops: Path,
    prealigned: Path,
    objects: Path,
    quality: Path,
    scores: Path,
    folder: Path,
) -> None:
    """Draw a few cells of every label, and three tables, into ``folder``."""
    cells = Crops.read(crops)
    table = align_objects(read_objects(objects), list(cells.ids), str(crops))
    figures = {
        "crops": plot_crops(cells, table["label"].tolist()),
        "stability": plot_stability(read_table(prealigned)),
        "quality": plot_quality(read_table(quality)),
        "scores": plot_scores(read_table(scores)),
    }
    inputs = [crops, prealigned, objects, quality, scores]
    save_figures(figures, folder, provenance(inputs=inputs, settings={}))


if __name__ == "__main__":
    run(main)
