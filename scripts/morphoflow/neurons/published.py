"""Neurons that a package ships or a server holds, as their dataset card says."""

from collections.abc import Callable
from urllib.parse import quote

import pandas as pd

from morphoflow.downloads import download_bytes
from morphoflow.neurons.published_archive import zenodo_neurons
from morphoflow.neurons.published_query import allen_neurons, neuromorpho_neurons
from morphoflow.packages import package_files

Found = tuple[dict[str, bytes], list[dict]]
COLUMNS = ["id", "label", "group"]


def published_neurons(facts: dict) -> tuple[dict[str, bytes], pd.DataFrame]:
    """The SWC files of a card by the id of their neuron, and a table of id, label and group.

    The card's ``kind`` says where they are: in a ``package`` (the default), as single ``files`` on
    a server, in the archives of a ``zenodo`` record, or in what the services ``neuromorpho`` and
    ``allen`` answer to a query. A neuron without a group of its own is its own group.
    """
    content, rows = KINDS[facts.get("kind", "package")](facts)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return content, table.assign(group=table["group"].fillna(table["id"]))


def _from_package(facts: dict) -> Found:
    content = package_files(facts)
    return {file["id"]: content[file["path"]] for file in facts["files"]}, facts["files"]


def _from_server(facts: dict) -> Found:
    content = {
        file["id"]: download_bytes(f"{facts['address']}/{quote(file['path'])}", file["sha256"])
        for file in facts["files"]
    }
    return content, facts["files"]


KINDS: dict[str, Callable[[dict], Found]] = {
    "package": _from_package,
    "files": _from_server,
    "zenodo": zenodo_neurons,
    "neuromorpho": neuromorpho_neurons,
    "allen": allen_neurons,
}
