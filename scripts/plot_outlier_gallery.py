"""The most unusual objects of an embedding beside the most typical ones."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.figures.crop_rows import Crops
from morphoflow.figures.outlier_gallery import plot_outlier_gallery
from morphoflow.figures.save import save_figure
from morphoflow.tables import align_objects, read_objects, read_table


def main(*, crops: Path, objects: Path, outliers: Path, svg: Path, png: Path) -> None:
    """Draw ``crops`` by the scores of a table of ``outliers``, with the labels of ``objects``."""
    scores = read_table(outliers)
    table = align_objects(read_objects(objects), scores["id"].tolist(), str(outliers))
    cells = Crops.read(crops).select(scores["id"].to_numpy())
    save_figure(plot_outlier_gallery(cells, scores, table["label"].tolist()), svg, png)


if __name__ == "__main__":
    run(main)
