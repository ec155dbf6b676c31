"""Statistics of arbors in several sets of images."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.errors import InputError
from morphoflow.figures.arbors import plot_arbors
from morphoflow.figures.save import save_figure
from morphoflow.tables import read_table


def main(*, arbors: list[Path], names: list[str], svg: Path, png: Path) -> None:
    """Draw tables of ``arbors`` beside each other, under their ``names`` (real, generated, ...)."""
    if len(arbors) != len(names) or len(set(names)) != len(names):
        raise InputError(
            f"{len(arbors)} tables of arbors have the names {', '.join(names)}; "
            f"give each a name of its own."
        )
    tables = {name: read_table(path) for name, path in zip(names, arbors, strict=True)}
    save_figure(plot_arbors(tables), svg, png)


if __name__ == "__main__":
    run(main)
