"""Metadata of the report's folder after RO-Crate 1.1 (https://w3id.org/ro/crate/1.1)."""

import datetime
import mimetypes
import os
from pathlib import Path

from morphoflow.files import sha256

NAME = "ro-crate-metadata.json"
CONTEXT = "https://w3id.org/ro/crate/1.1/context"
TYPES = {".parquet": "application/vnd.apache.parquet", ".webp": "image/webp"}


def crate(folder: Path, description: str, version: str, day: str) -> dict:
    """The JSON-LD of all files in ``folder``, which ``morphoflow`` of a version made on a ``day``.

    The specification demands the day (``datePublished``), see :func:`day_of_report`.
    """
    files = sorted(
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and path.name != NAME
    )
    software = {
        "@id": "#morphoflow",
        "@type": "SoftwareApplication",
        "name": "morphoflow",
        "softwareVersion": version,
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "a run of the workflow",
        "instrument": {"@id": software["@id"]},
        "result": {"@id": "./"},
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "Report of morphoflow",
        "description": description,
        "datePublished": day,
        "license": "To be stated by whoever publishes it; the licences of data are in index.html.",
        "hasPart": [{"@id": name} for name in files],
        "mainEntity": {"@id": "index.html"},
    }
    about = {
        "@id": NAME,
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    parts = [_file(folder, name) for name in files]
    return {"@context": CONTEXT, "@graph": [about, root, *parts, action, software]}


def day_of_report() -> str:
    """Today (UTC), or the day of SOURCE_DATE_EPOCH, with which equal runs give equal bytes.

    By reproducible-builds.org/docs/source-date-epoch; no other file of the results has a date.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.now(datetime.UTC)
    moment = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch else now
    return moment.date().isoformat()


def _file(folder: Path, name: str) -> dict:
    path = folder / name
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return {
        "@id": name,
        "@type": "File",
        "encodingFormat": kind,
        "contentSize": str(path.stat().st_size),
        "sha256": sha256(path),
    }
