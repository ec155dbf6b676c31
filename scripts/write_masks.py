"""The label volume with the number of its cluster for each object, in several formats."""

from pathlib import Path

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.organelles.masks.volume import objects_with_clusters
from morphoflow.organelles.masks.write import write_masks
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import source_names
from morphoflow.provenance import provenance
from morphoflow.tables import read_objects


def main(*, source: dict, objects: Path, clusters: Path, settings: dict, output: Path) -> None:
    """Write a folder with the masks of the recommended ``clusters``."""
    opened = open_source(source)
    table = objects_with_clusters(read_objects(objects), clusters)
    made_by = {**settings, "source": source_names(source)}
    record = provenance(inputs=[objects, clusters], settings=made_by)
    with whole_folder(output, record) as partial:
        write_masks(partial, opened, table, settings)
    print(f"{len(table)} objects in {table['number'].nunique()} clusters: {settings['formats']}")


if __name__ == "__main__":
    run(main)
