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


def main(
    *,
    source: dict | None,
    sources: dict | None,
    objects: Path,
    clusters: Path,
    settings: dict,
    output: Path,
) -> None:
    """Write a folder with the masks of the recommended ``clusters``.

    Of several ``sources`` by name, in place of one ``source``, each has a folder in it.
    """
    table = objects_with_clusters(read_objects(objects), clusters)
    named = sources or {"": source}
    volumes = {name: open_source(each) for name, each in named.items()}
    made_by = {**settings, "source": {name: source_names(s) for name, s in named.items()}}
    record = provenance(inputs=[objects, clusters], settings=made_by)
    with whole_folder(output, record) as partial:
        for name, volume in volumes.items():
            mine = table if not sources else table[table["source"] == name]
            place = {"url": f"{settings['url']}/{name}"} if sources else {}
            write_masks(partial / name, volume, mine, settings | place)
    print(f"{len(table)} objects in {table['number'].nunique()} clusters: {settings['formats']}")


if __name__ == "__main__":
    run(main)
