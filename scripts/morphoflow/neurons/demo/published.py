"""Neurons that a package ships or a server holds, as their dataset card says."""

import fnmatch
import hashlib
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urlencode

import pandas as pd

from morphoflow.downloads import download_bytes, download_file, download_json
from morphoflow.errors import InputError
from morphoflow.packages import package_files

Found = tuple[dict[str, bytes], list[dict]]

COLUMNS = ["id", "label", "group"]


def _from_package(facts: dict) -> Found:
    content = package_files(facts)
    return {file["id"]: content[file["path"]] for file in facts["files"]}, facts["files"]


def _from_server(facts: dict) -> Found:
    content = {
        file["id"]: download_bytes(f"{facts['address']}/{quote(file['path'])}", file["sha256"])
        for file in facts["files"]
    }
    return content, facts["files"]


# Neurons that NeuroMorpho.Org and the Allen Cell Types Database answer a query with.


def allen_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """Reconstructions of the Allen Cell Types Database (Gouwens et al., Nat. Neurosci. 22, 2019).

    ``facts["query"]`` has a value for each column of its table of specimens; the label is the
    column ``label``. Neurons of one donor share a group.
    """
    content: dict[str, bytes] = {}
    rows = []
    for record in _at_most(facts, _allen_records(facts)):
        name = str(record["specimen__id"])
        address = f"{facts['address']}/well_known_file_download/{record['nrwkf__id']}"
        content[name] = download_bytes(address)
        rows.append({"id": name, "label": _label(record, facts), "group": record["donor__id"]})
    return content, rows


def neuromorpho_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """Standardised SWC files of NeuroMorpho.Org (Ascoli et al., J. Neurosci. 27:9247, 2007).

    ``facts["query"]`` has a value or a list of them for each field of the service, such as
    ``species``. The label is the value of the field ``label``, or of a list of values that at
    ``label_level`` (-1: the last, which is the most general); neurons share a group that share the
    values of the fields ``group``.
    """
    content: dict[str, bytes] = {}
    rows = []
    for record in _at_most(facts, _neuromorpho_records(facts)):
        name = record["neuron_name"]
        folder = quote(record["archive"].lower())
        address = f"{facts['address']}/dableFiles/{folder}/CNG%20version/{quote(name)}.CNG.swc"
        content[name] = download_bytes(address)
        group = "/".join(str(record.get(field)) for field in facts.get("group", []))
        rows.append({"id": name, "label": _label(record, facts), "group": group or None})
    return content, rows


# Neurons in the archives of a Zenodo record, checked against the checksums that Zenodo gives.


def zenodo_neurons(facts: dict) -> tuple[dict[str, bytes], list[dict]]:
    """The SWC files of the record ``facts["record"]`` whose path in it fits ``pattern``.

    Archives within archives are opened too. The label is the name of the folder that a file lies in
    where ``label_from`` is ``folder``; else there is none.
    """
    record = download_json(f"{facts['address']}/records/{facts['record']}")
    content: dict[str, bytes] = {}
    rows, seen = [], []
    with tempfile.TemporaryDirectory() as folder:
        for file in record["files"]:
            if not file["key"].endswith((*ARCHIVES, ".swc")):
                continue
            path = Path(folder, PurePosixPath(file["key"]).name)
            download_file(file["links"]["self"], None, path)
            _check_md5(path, file["checksum"])
            for name, data in swc_files(path):
                seen.append(name)
                if fnmatch.fnmatch(name, facts["pattern"]):
                    place = PurePosixPath(name)
                    label = place.parent.name if facts.get("label_from") == "folder" else None
                    content[place.stem] = data
                    rows.append({"id": place.stem, "label": label})
            path.unlink()
    if not rows:
        raise InputError(
            f"no SWC file of the record {facts['record']} fits `pattern: {facts['pattern']}`; it "
            f"has {', '.join(sorted(seen)[:5]) or 'none'}; correct the card."
        )
    if len(content) < len(rows):
        raise InputError(
            f"`pattern: {facts['pattern']}` fits two files of one name; make it narrower."
        )
    return content, rows


KINDS: dict[str, Callable[[dict], Found]] = {
    "package": _from_package,
    "files": _from_server,
    "zenodo": zenodo_neurons,
    "neuromorpho": neuromorpho_neurons,
    "allen": allen_neurons,
}

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")

PAGE = 500


def published_neurons(facts: dict) -> tuple[dict[str, bytes], pd.DataFrame]:
    """The SWC files of a card by the id of their neuron, and a table of id, label and group.

    The card's ``kind`` says where they are: in a ``package`` (the default), as single ``files`` on
    a server, in the archives of a ``zenodo`` record, or in what the services ``neuromorpho`` and
    ``allen`` answer to a query. A neuron without a group of its own is its own group.
    """
    content, rows = KINDS[facts.get("kind", "package")](facts)
    table = pd.DataFrame(rows).reindex(columns=COLUMNS)
    return content, table.assign(group=table["group"].where(table["group"].notna(), table["id"]))


def swc_files(path: Path) -> Iterator[tuple[str, bytes]]:
    """The SWC files in an archive, and in archives in it, by their path: name and content."""
    if path.name.endswith(".swc"):
        yield path.name, path.read_bytes()
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, data in _members(path):
            if name.endswith(".swc"):
                yield name, data
                continue
            inner = Path(folder, PurePosixPath(name).name)
            inner.write_bytes(data)
            yield from swc_files(inner)
            inner.unlink()


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """The members that are SWC files or archives themselves."""
    wanted = (*ARCHIVES, ".swc")
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(wanted):
                        yield name, archive.read(name)
            return
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(wanted):
                    yield member.name, archive.extractfile(member).read()
    except (zipfile.BadZipFile, tarfile.TarError, OSError) as error:
        message = f"{path.name} is not a readable archive ({error}); fetch it anew."
        raise InputError(message) from None


def _check_md5(path: Path, expected: str) -> None:
    with path.open("rb") as stream:
        checksum = f"md5:{hashlib.file_digest(stream, 'md5').hexdigest()}"
    if checksum != expected:
        raise InputError(
            f"{path.name} has the checksum {checksum}, but its record says {expected}: the file is "
            "damaged; fetch it again."
        )


def _neuromorpho_records(facts: dict) -> Iterator[dict]:
    (first, value), *others = facts["query"].items()
    asked = [("q", _term(first, value)), *(("fq", _term(*other)) for other in others)]
    page, pages = 0, 1
    while page < pages:
        flags = urlencode([*asked, ("size", PAGE), ("page", page)], quote_via=quote)
        answer = download_json(f"{facts['address']}/api/neuron/select?{flags}")
        yield from answer.get("_embedded", {}).get("neuronResources", [])
        page, pages = page + 1, answer["page"]["totalPages"]


def _term(field: str, value: str | list) -> str:
    return f"{field}:{','.join(value) if isinstance(value, list) else value}"


def _allen_records(facts: dict) -> Iterator[dict]:
    wanted = "".join(f"[{column}$eq'{value}']" for column, value in facts["query"].items())
    start, total = 0, 1
    while start < total:
        criteria = (
            "model::ApiCellTypesSpecimenDetail,"
            f"rma::criteria,{wanted},"
            f"rma::options[num_rows$eq{PAGE}][start_row$eq{start}][order$eq'specimen__id']"
        )
        answer = download_json(
            f"{facts['address']}/data/query.json?criteria={quote(criteria, safe=':,[]$')}"
        )
        if not answer["msg"]:
            return
        yield from (record for record in answer["msg"] if record["nrwkf__id"])
        start, total = start + len(answer["msg"]), answer["total_rows"]


def _at_most(facts: dict, records: Iterator[dict]) -> list[dict]:
    """The records, at most as many as the card's ``most``; InputError if there is none."""
    taken = [record for _, record in zip(range(facts["most"]), records, strict=False)]
    if not taken:
        raise InputError(
            f"{facts['address']} has no neuron for {facts['query']}; correct the card."
        )
    return taken


def _label(record: dict, facts: dict) -> str | None:
    value = record.get(facts["label"])
    if isinstance(value, list):
        value = value[facts.get("label_level", -1)] if value else None
    return None if value is None else str(value)
