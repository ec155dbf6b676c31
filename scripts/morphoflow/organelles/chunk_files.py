"""Whole chunks of zarr arrays, read from their files into the memory where they are needed.

tensorstore decodes into memory of its own and copies from there, which for labels of 64 bits takes
as long as decoding. What is not plain here is left to it: filters, shards, other codecs and orders.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import imagecodecs
import numpy as np

from morphoflow.organelles.boxes import Triple
from morphoflow.organelles.volume import CACHE_BYTES

# Not blosc, whose decoder does not notice a file that was cut off.
DECODERS = {
    "zstd": imagecodecs.zstd_decode,
    "gzip": imagecodecs.gzip_decode,
    "zlib": imagecodecs.zlib_decode,
}
Decoder = Callable[..., np.ndarray]


@dataclass(frozen=True)
class ChunkFiles:
    """The files of an array whose chunks are ``shape`` voxels along z, y and x, of ``dtype``."""

    folder: str
    prefix: str
    separator: str
    shape: Triple
    dtype: np.dtype
    decode: Decoder
    chunks: OrderedDict[Triple, np.ndarray] = field(default_factory=OrderedDict)

    def kept(self, index: Triple) -> np.ndarray | None:
        """A chunk as of :meth:`read`, kept while later ones have fewer than ``CACHE_BYTES``."""
        if index in self.chunks:
            self.chunks.move_to_end(index)
            return self.chunks[index]
        chunk = self.read(index)
        if chunk is not None:
            self.chunks[index] = chunk
            if len(self.chunks) * chunk.nbytes > CACHE_BYTES:
                self.chunks.popitem(last=False)
        return chunk

    def read(self, index: Triple) -> np.ndarray | None:
        """A chunk (z, y, x), also beyond the array's end; None where its file is not in order."""
        name = self.prefix + self.separator.join(map(str, index))
        chunk = np.empty(self.shape, self.dtype)
        values = chunk.reshape(-1).view(np.uint8)
        try:
            with open(f"{self.folder}/{name}", "rb", buffering=0) as file:
                decoded = self.decode(file.read(), out=values)
        except (OSError, RuntimeError):
            return None
        return chunk if len(decoded) == len(values) else None


def chunk_files(folder: Path, driver: str, metadata: dict, dtype: np.dtype) -> ChunkFiles | None:
    """The files of an array of z, y and x, by its metadata as tensorstore tells them.

    None for an array that only tensorstore can read.
    """
    plain = {"zarr": _zarr2, "zarr3": _zarr3}.get(driver)
    found = plain(metadata) if plain else None
    if found is None or found[-1] not in DECODERS or dtype.kind not in "uif":
        return None
    prefix, separator, shape, codec = found
    folder = str(folder.absolute())
    return ChunkFiles(folder, prefix, separator, tuple(shape), dtype, DECODERS[codec])


def _zarr2(metadata: dict) -> tuple | None:
    little = metadata["dtype"][0] in "<|" if isinstance(metadata["dtype"], str) else False
    if not little or metadata["order"] != "C" or metadata["filters"] or not metadata["compressor"]:
        return None
    separator = metadata.get("dimension_separator", ".")
    return "", separator, metadata["chunks"], metadata["compressor"]["id"]


def _zarr3(metadata: dict) -> tuple | None:
    names = [codec["name"] for codec in metadata["codecs"]]
    if len(names) != 2 or names[0] != "bytes":
        return None
    if metadata["codecs"][0].get("configuration", {}).get("endian", "little") != "little":
        return None
    keys = metadata["chunk_key_encoding"]
    default = keys["name"] == "default"
    separator = keys.get("configuration", {}).get("separator", "/" if default else ".")
    shape = metadata["chunk_grid"]["configuration"]["chunk_shape"]
    return ("c" + separator if default else ""), separator, shape, names[1]
