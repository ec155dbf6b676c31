"""All figures of a run, as SVG and as PNG."""

from pathlib import Path

from morphoflow.command import run as run_main
from morphoflow.figures.of_run import RunFiles, figure_of
from morphoflow.figures.save import save_figure
from morphoflow.manifest import whole_folder
from morphoflow.provenance import provenance


def main(
    *,
    figures: list[str],
    run: Path,
    dataset: Path,
    pictures: list[Path],
    settings: dict,
    folder: Path,
) -> None:
    """Draw the ``figures`` of the files in ``run`` and in ``dataset`` into ``folder``.

    ``pictures`` is the store with a picture of each object, if there is one.
    """
    files = RunFiles(run, dataset, next(iter(pictures), None), settings)
    with whole_folder(folder, provenance(inputs=[], settings={})) as partial:
        partial.mkdir()
        for name in figures:
            figure = figure_of(name, files)
            save_figure(figure, partial / f"{name}.svg", partial / f"{name}.png")
    print(f"{len(figures)} figures")


if __name__ == "__main__":
    run_main(main)
