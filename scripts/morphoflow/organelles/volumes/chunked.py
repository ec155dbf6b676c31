"""Chunked volumes through tensorstore: zarr 2 and 3, N5 and neuroglancer precomputed."""

import os
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imagecodecs
import numpy as np
import tensorstore as ts

from morphoflow.errors import InputError
from morphoflow.organelles.volumes.axes import spatial_axes
from morphoflow.organelles.volumes.boxes import Box, Triple, blocks
from morphoflow.organelles.volumes.remote import StoreFolder
from morphoflow.organelles.volumes.units import Offset, Size
from morphoflow.organelles.volumes.volume import (
    CACHE_BYTES,
    MissingChunk,
    in_words,
    plain_type,
    unreadable,
)

# Not blosc, whose decoder does not notice a file that was cut off.
DECODERS = {
    "zstd": imagecodecs.zstd_decode,
    "gzip": imagecodecs.gzip_decode,
    "zlib": imagecodecs.zlib_decode,
}

Decoder = Callable[..., np.ndarray]


# Whole chunks of zarr arrays, read from their files into the memory where they are needed.
#
# tensorstore decodes into memory of its own and copies from there, which for labels of 64 bits
# takes as long as decoding. What is not plain here is left to it: filters, shards, other codecs and
# orders.


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
        except Exception:  # Each decoder has errors of its own.
            return None
        return chunk if len(decoded) == len(values) else None


class ChunkedVolume:
    """A volume of which boxes are read; decoded chunks are kept up to ``CACHE_BYTES``.

    A box of whole chunks shares none with its neighbours, so that those are not kept: to read
    block by block takes no memory but the block. ``files`` are read where there are any, and
    tensorstore reads what is not plain or not in order.
    """

    def __init__(
        self,
        path: Path,
        store: ts.TensorStore,
        store_cached: ts.TensorStore,
        placed: tuple[Size | None, Offset | None],
        files: ChunkFiles | None,
    ) -> None:
        self.path = str(path)
        self.shape = tuple(store.shape)
        self.dtype = plain_type(store.dtype.numpy_dtype)
        self.chunks = tuple(
            min(chunk or length, length)
            for chunk, length in zip(store.chunk_layout.read_chunk.shape, self.shape, strict=True)
        )
        self.voxel_size_nm, self.offset = placed
        self._store, self._store_cached, self._files = store, store_cached, files

    def read(self, box: Box) -> np.ndarray:
        """See ``Volume``; raises MissingChunk where an absent chunk is not to be taken as 0."""
        whole = self._is_whole(box)
        if self._files is None:
            return self._read(box, self._store if whole else self._store_cached)
        if all(n <= length for n, length in zip(box.shape, self.chunks, strict=True)) and whole:
            return self._piece(box, kept=False)
        values = np.empty(box.shape, self.dtype)
        for piece in blocks(box, self.chunks):
            values[piece.within(box)] = self._piece(piece, kept=not whole)
        return values

    def _piece(self, box: Box, *, kept: bool) -> np.ndarray:
        """A box within a chunk, which is kept; tensorstore reads it if its file is not in order."""
        index = tuple(a // n for a, n in zip(box.start, self.chunks, strict=True))
        chunk = self._files.kept(index) if kept else self._files.read(index)
        if chunk is None:
            return self._read(box, self._store_cached if kept else self._store)
        places = zip(box.start, box.stop, index, self.chunks, strict=True)
        within = tuple(slice(a - i * n, b - i * n) for a, b, i, n in places)
        return chunk[within] if kept else np.ascontiguousarray(chunk[within])

    def _read(self, box: Box, store: ts.TensorStore) -> np.ndarray:
        try:
            return store[box.slices].read(order="C").result()
        except Exception as error:
            if not str(error).startswith("NOT_FOUND"):
                raise unreadable(self.path, box, error) from None
            raise MissingChunk(
                f"{self.path}: voxels {in_words(box)} lack a chunk ({error}); "
                f"copy or export the volume anew."
            ) from None

    def _is_whole(self, box: Box) -> bool:
        ends = zip(box.start, box.stop, self.chunks, self.shape, strict=True)
        return all(a % n == 0 and (b % n == 0 or b == length) for a, b, n, length in ends)


def open_chunked(
    folder: Path | StoreFolder,
    driver: str,
    axes: Sequence[str] | None,
    placed: tuple[Size | None, Offset | None],
    *,
    sparse: bool,
    **options,
) -> ChunkedVolume:
    """Open the array in ``folder`` with a tensorstore driver and its ``options``.

    ``axes`` are its axes' names and ``placed`` its voxel size and offset, where they are stated.
    ``sparse`` takes absent chunks as the fill value, as
    the formats define it; otherwise reading them raises MissingChunk.
    """
    spec = {
        "driver": driver,
        "kvstore": _kvstore(folder),
        "recheck_cached_data": "open",
        "recheck_cached_metadata": "open",
        "fill_missing_data_reads": sparse,
        **options,
    }
    stores = [_open(folder, spec, cache_bytes) for cache_bytes in (0, CACHE_BYTES)]
    if axes is None and any(stores[0].domain.labels):
        axes = stores[0].domain.labels
    kept = spatial_axes(str(folder), stores[0].shape, axes)
    plain = kept == [0, 1, 2] and stores[0].rank == 3
    files = _files(folder, driver, stores[0]) if plain and isinstance(folder, Path) else None
    stores = [_in_zyx(store, kept) for store in stores]
    return ChunkedVolume(folder, *stores, placed, files)


def _kvstore(folder: Path | StoreFolder) -> dict:
    if isinstance(folder, StoreFolder):
        return folder.kvstore()
    return {"driver": "file", "path": f"{folder.absolute()}/"}


def _files(folder: Path, driver: str, store: ts.TensorStore) -> ChunkFiles | None:
    metadata = store.spec().to_json().get("metadata", {})
    return chunk_files(folder, driver, metadata, store.dtype.numpy_dtype)


def _open(folder: Path, spec: dict, cache_bytes: int) -> ts.TensorStore:
    try:
        return ts.open(spec, context=_context(cache_bytes), read=True).result()
    except ValueError as error:
        raise InputError(
            f"{folder} cannot be opened ({_first_line(error)}); correct its metadata, "
            f"or export the volume anew."
        ) from None


def _in_zyx(store: ts.TensorStore, kept: list[int]) -> ts.TensorStore:
    """The array from 0 on along its axes ``kept``, in this order; truth values as 0 and 1."""
    store = store[ts.d[:].translate_to[0]]
    dropped = [i for i in range(store.rank) if i not in kept]
    store = store[ts.d[tuple(dropped)][(0,) * len(dropped)]] if dropped else store
    store = store.transpose(np.argsort(np.argsort(kept)).tolist())
    return ts.cast(store, "uint8") if store.dtype == ts.bool else store


def _context(cache_bytes: int) -> ts.Context:
    """A cache of its own for each volume, and as many threads as the job was given."""
    threads = int(os.environ.get("OMP_NUM_THREADS") or len(os.sched_getaffinity(0)))
    return ts.Context(
        {
            "cache_pool": {"total_bytes_limit": cache_bytes},
            "data_copy_concurrency": {"limit": threads},
            "file_io_concurrency": {"limit": threads},
        }
    )


def _first_line(error: Exception) -> str:
    return re.sub(r" \[.*", "", str(error).splitlines()[0])


def chunk_files(folder: Path, driver: str, metadata: dict, dtype: np.dtype) -> ChunkFiles | None:
    """The files of an array of z, y and x, by its metadata as tensorstore gives it.

    None for an array that only tensorstore can read.
    """
    plain = {"zarr": _zarr2, "zarr3": _zarr3}.get(driver)
    layout = plain(metadata) if plain else None
    if layout is None or layout[-1] not in DECODERS or dtype.kind not in "uif":
        return None
    prefix, separator, shape, codec = layout
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
