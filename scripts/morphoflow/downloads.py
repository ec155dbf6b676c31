"""Files from servers, checked against the checksum that their card gives."""

import json
import shutil
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from morphoflow.errors import InputError
from morphoflow.files import sha256

TIMEOUT_S = 60


def download_file(url: str, expected: str | None, path: Path) -> str:
    """Fetch ``url`` into the file ``path`` and return its SHA-256.

    Raises InputError if the server cannot be reached or the checksum is not the ``expected`` one;
    without an expected one the file is taken as it is.
    """
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, path.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise InputError(
            f"{url} could not be fetched ({error}); connect to the internet, or correct the card."
        ) from None
    checksum = sha256(path)
    if expected is not None and checksum != expected:
        raise InputError(
            f"{url} has the SHA-256 {checksum}, but its card says {expected}: the file is damaged "
            f"or was replaced; fetch it again, or correct the card if the change is meant."
        )
    return checksum


def download_bytes(url: str, expected: str | None = None) -> bytes:
    """The content of a small file, fetched and checked as by :func:`download_file`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "file")
        download_file(url, expected, path)
        return path.read_bytes()


def download_json(url: str) -> dict:
    """What a server answers in JSON; InputError if it cannot be reached or answers otherwise."""
    try:
        return json.loads(download_bytes(url))
    except ValueError:
        raise InputError(f"{url} did not answer in JSON; correct the card.") from None
