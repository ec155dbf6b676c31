"""Folders in zip archives and on servers, as far as the readers of volumes take them for paths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import tensorstore as ts

from morphoflow.errors import InputError

ZIP_MARK = b"PK\3\4"


@dataclass(frozen=True)
class StoreFolder:
    """The folder ``inner`` of a key-value store of tensorstore, which users know as ``address``."""

    address: str
    spec: dict
    store: ts.KvStore
    inner: PurePosixPath

    def __str__(self) -> str:
        return f"{self.address}/{self.inner}" if self.inner.parts else self.address

    def __truediv__(self, name: str) -> StoreFolder:
        return StoreFolder(self.address, self.spec, self.store, self.inner / name)

    def __lt__(self, other: StoreFolder) -> bool:
        return self.inner < other.inner

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.inner.name or PurePosixPath(self.address).name

    @property
    def suffix(self) -> str:
        """The ending of the name."""
        return PurePosixPath(self.name).suffix

    @property
    def parent(self) -> StoreFolder:
        """The folder around, and the store's own of that."""
        return StoreFolder(self.address, self.spec, self.store, self.inner.parent)

    def is_file(self) -> bool:
        """Whether there is a value under this name."""
        return self.store.read(str(self.inner)).result().state == "value"

    def is_dir(self) -> bool:
        """Whether it may be a folder: servers do not tell."""
        return not self.is_file()

    def read_text(self, encoding: str) -> str:
        """The value as text."""
        return self.store.read(str(self.inner)).result().value.decode(encoding)

    def iterdir(self) -> Iterator[StoreFolder]:
        """What is in the folder; nothing where the server does not list it."""
        prefix = f"{self.inner}/" if self.inner.parts else ""
        try:
            keys = self.store.list(ts.KvStore.KeyRange(prefix, prefix + "\x7f")).result()
        except (NotImplementedError, ValueError):
            return iter(())
        names = {key.decode()[len(prefix) :].split("/")[0] for key in keys}
        return iter([self / name for name in sorted(names) if name])

    def glob(self, pattern: str) -> Iterator[StoreFolder]:
        """The files in the folders that this one holds; ``pattern`` is ``*/name``."""
        name = pattern.removeprefix("*/")
        return (folder / name for folder in self.iterdir() if (folder / name).is_file())

    def relative_to(self, other: StoreFolder) -> PurePosixPath:
        """The way from another folder of the store."""
        return self.inner.relative_to(other.inner)

    def kvstore(self) -> dict:
        """How tensorstore names the folder."""
        root = "/" if self.spec["driver"] == "http" else ""
        return {**self.spec, "path": root + (f"{self.inner}/" if self.inner.parts else "")}


def zipped(file: Path) -> StoreFolder:
    """The folder that was put into a zip archive: the archive itself, or the one folder in it."""
    base = {"driver": "file", "path": str(file.absolute())}
    folder = _opened(str(file), {"driver": "zip", "base": base})
    inside = list(folder.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else folder


def at_address(address: str) -> StoreFolder:
    """The folder at an http, https, s3 or gs address."""
    parts = urlsplit(address)
    server = f"{parts.scheme}://{parts.netloc}"
    specs = {
        "http": {"driver": "http", "base_url": server},
        "https": {"driver": "http", "base_url": server},
        "s3": {"driver": "s3", "bucket": parts.netloc, **s3_server()},
        "gs": {"driver": "gcs", "bucket": parts.netloc},
    }
    if parts.scheme not in specs:
        raise InputError(
            f"{address} begins with '{parts.scheme}://', which is not read; give an http, https, "
            f"s3 or gs address, or the path of a copy."
        )
    folder, inner = _opened(server, specs[parts.scheme]), parts.path.strip("/")
    return folder / inner if inner else folder


def s3_server() -> dict:
    """The server of s3 addresses where it is not Amazon's, as Amazon's own programs are told it."""
    if "AWS_ENDPOINT_URL" not in os.environ:
        return {}
    region = os.environ.get("AWS_REGION", "us-east-1")
    return {"endpoint": os.environ["AWS_ENDPOINT_URL"], "aws_region": region}


def _opened(address: str, spec: dict) -> StoreFolder:
    return StoreFolder(address, spec, ts.KvStore.open(spec).result(), PurePosixPath())
