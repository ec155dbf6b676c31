"""Images and movies that a server holds in a zip archive, fetched as a dataset card says."""

import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path
from urllib.parse import quote, urljoin

from morphoflow.downloads import download_file, download_json
from morphoflow.errors import InputError


def fetch_archive(facts: dict, folder: Path, endings: Collection[str]) -> str:
    """Unpack the files with one of the ``endings`` in a card's archive into ``folder``.

    Returns what was done, for the user.

    A card of the kind ``archive`` has its ``url``, and one of the kind ``dryad`` the ``address`` of
    the server, the ``doi`` of the data and the name of its ``file``. Raises InputError where it
    cannot be fetched, is no archive, or holds no such file.
    """
    url, expected = ADDRESSES[facts["kind"]](facts)
    path = folder / "archive"
    checksum = download_file(url, expected, path)
    names = _unpacked(path, folder, url, endings)
    path.unlink()
    advice = "" if expected else f"; not checked: add `sha256: {checksum}` to the card"
    return f"{len(names)} files{advice}"


def address_given(facts: dict) -> tuple[str, str | None]:
    """The address of a card's file and its SHA-256, if known, as the card states them."""
    return facts["url"], facts["sha256"]


def address_in_dryad(facts: dict) -> tuple[str, str | None]:
    """The same of a file in the latest version of a record of Dryad (its API, version 2)."""
    server = facts["address"]
    record = f"{server}/api/v2/datasets/{quote('doi:' + facts['doi'], safe='')}"
    version = _link(download_json(record), "stash:version", server)
    names: list[str] = []
    page: str | None = f"{version}/files"
    while page:
        listed = download_json(page)
        for file in listed.get("_embedded", {}).get("stash:files", []):
            if file["path"] == facts["file"]:
                known = file.get("digestType") == "sha-256"
                return _link(file, "stash:download", server), file["digest"] if known else None
            names.append(file["path"])
        page = urljoin(server, listed["_links"]["next"]["href"]) if _more(listed) else None
    raise InputError(
        f"the record {facts['doi']} holds no '{facts['file']}' but {', '.join(names[:20])}; "
        "correct `file` in the card."
    )


ADDRESSES = {"archive": address_given, "dryad": address_in_dryad}


def _link(record: dict, name: str, server: str) -> str:
    try:
        return urljoin(server, record["_links"][name]["href"])
    except (KeyError, TypeError):
        raise InputError(
            f"{server} names no {name} of the data; fetch the file by hand, and name its folder "
            "under `images` in the config."
        ) from None


def _more(listed: dict) -> bool:
    return "next" in listed.get("_links", {})


def _unpacked(path: Path, folder: Path, url: str, endings: Collection[str]) -> list[str]:
    """The names of the files of an archive that are written into a folder."""
    try:
        with zipfile.ZipFile(path) as archive:
            held = [name for name in archive.namelist() if _is_data(name)]
            names = [name for name in held if name.lower().endswith(tuple(endings))]
            archive.extractall(folder, names)
    # RuntimeError: one with a password, or compressed in a way that Python does not know.
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError) as error:
        raise InputError(
            f"what {url} gave is no readable zip archive ({error}); servers answer with a page "
            "where they want a confirmation: fetch the file in a browser, and name its folder "
            "under `images` in the config."
        ) from None
    if not names:
        raise InputError(
            f"the archive at {url} has no file that ends in {', '.join(sorted(endings))}, but "
            f"{', '.join(held[:20]) or 'no file at all'}; unpack it by hand, and name a folder of "
            "images under `images` in the config."
        )
    return names


def _is_data(name: str) -> bool:
    """Whether a member is a file, and none that an operating system added."""
    parts = name.split("/")
    return bool(parts[-1]) and not any(part.startswith((".", "__MACOSX")) for part in parts)
