"""The label volume of a dataset in which every object is connected."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.organelles.counting.instances import write_instances
from morphoflow.organelles.volumes.open_source import open_source


def main(*, source: dict, by: str, output: Path) -> None:
    """Write the labels of ``source`` to ``output``, their parts numbered as ``by`` says."""
    opened = open_source({name: source[name] for name in source if not name.startswith("classes")})
    placed = opened.voxel_size_nm, opened.offset
    print(write_instances(output, opened.labels, placed, by))


if __name__ == "__main__":
    run(main)
