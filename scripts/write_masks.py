"""The label volume with the number of its cluster for each object, in several formats."""

from pathlib import Path

import pandas as pd

from morphoflow.command import run
from morphoflow.manifest import whole_folder
from morphoflow.organelles.masks.volume import objects_with_clusters
from morphoflow.organelles.masks.write import write_list, write_masks
from morphoflow.organelles.volumes.open_source import open_source
from morphoflow.organelles.volumes.source import source_names
from morphoflow.organelles.volumes.watched import is_address
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

    Of several ``sources`` by name, in place of one ``source``, each has a folder in it, beside the
    list of all their objects.
    """
    table = objects_with_clusters(read_objects(objects), clusters)
    named = sources or {"": source}
    volumes = {name: open_source(each) for name, each in named.items()}
    made_by = {**settings, "source": {name: source_names(s) for name, s in named.items()}}
    record = provenance(inputs=[objects, clusters], settings=made_by)
    lists = []
    with whole_folder(output, record) as partial:
        for name, volume in volumes.items():
            mine = table if not sources else table[table["source"] == name]
            chosen = of_source(settings, name) if sources else settings
            em = em_folder(named[name])
            lists.append(write_masks(partial / name, volume, mine, chosen, em))
        if sources:
            write_list(partial, pd.concat(lists))
    print(f"{len(table)} objects in {table['number'].nunique()} clusters: {settings['formats']}")


def of_source(settings: dict, name: str) -> dict:
    """The settings for one of several sources, whose name is in the addresses of masks and EM."""
    places = {"url": f"{settings['url'].rstrip('/')}/{name}"}
    if "em_url" in settings:
        places["em_url"] = settings["em_url"].replace("{source}", name)
    return settings | places


def em_folder(source: dict) -> Path | None:
    """The folder of a source's EM on this machine; None where it lies elsewhere or is none."""
    em = source.get("em")
    return None if em is None or is_address(em) else Path(em) / (source.get("em_key") or "")


if __name__ == "__main__":
    run(main)
