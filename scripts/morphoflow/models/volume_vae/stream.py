"""Volumes to learn from that memory does not hold: batches are read while the last is learned.

The order of the objects, and so every batch, is that of volumes in memory, from the same seed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import prod
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from morphoflow.models.volume_vae.data import channel_places, read_volumes, volumes_of
from morphoflow.requests import HELD_MB, MB
from morphoflow.store import Samples
from morphoflow.training.run import epoch_order, share

if TYPE_CHECKING:
    from lightning_fabric import Fabric

# Bytes of a split's volumes that are held in memory; more are read as they are needed. What a
# training asks for has room for both splits.
HELD_BYTES = HELD_MB * MB

# Batches that are read in advance.
AHEAD = 2

Job, Result = TypeVar("Job"), TypeVar("Result")


def held_or_streamed(
    samples: Samples, rows: np.ndarray, channels: list[str], device: torch.device, seed: int
) -> Tensor | Streamed:
    """The volumes in ``rows`` (m,): in memory if they are no more than HELD_BYTES, else streamed.

    ``seed`` is that of the training, which gives the order of its items.
    """
    if len(rows) * len(channels) * prod(samples.x.shape[2:]) <= HELD_BYTES:
        return read_volumes(samples, rows, channels, device)
    return Streamed(samples, rows, channels, device, seed)


class Streamed:
    """Volumes (n, c, size, size, size) uint8 in a store, of which a few batches are in memory."""

    def __init__(
        self,
        samples: Samples,
        rows: np.ndarray,
        channels: list[str],
        device: torch.device,
        seed: int,
    ) -> None:
        self.samples, self.rows, self.channels = samples, rows, channels
        self.device, self.seed = device, seed
        self._batches: tuple[Tensor, ...] = ()
        self._coming: Iterator[Tensor] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: Tensor) -> Streamed:
        """Those at ``indices`` (m,), in that order; nothing is read."""
        rows = self.rows[indices.cpu().numpy()]
        return Streamed(self.samples, rows, self.channels, self.device, self.seed)

    def split(self, size: int) -> Iterator[Tensor]:
        """All volumes on the device, ``size`` at a time."""
        return self._read(torch.arange(len(self)).split(size))

    def start_epoch(self, epoch: int, batch_size: int) -> None:
        """Prepare the batches of epoch ``epoch`` (from 0)."""
        self._batches = epoch_order(self.seed, epoch, len(self)).split(batch_size)
        self._coming = None

    def batch(self, indices: Tensor, rank: int, processes: int) -> Tensor:
        """The next batch of the epoch, of which ``indices`` (b,) are this process's share.

        Their place in the epoch is looked for at the first call alone, for which the host waits.
        """
        if self._coming is None:
            first = indices[0].cpu()
            behind = next(k for k, each in enumerate(self._batches) if (each == first).any())
            parts = (share(each, rank, processes)[0] for each in self._batches[behind:])
            self._coming = self._read(parts)
        return next(self._coming)

    def _read(self, batches: Iterable[Tensor]) -> Iterator[Tensor]:
        for volumes in in_advance(self._on_host, batches):
            yield volumes.to(self.device, non_blocking=True)

    def _on_host(self, indices: Tensor) -> Tensor:
        rows, places = self.rows[indices.numpy()], channel_places(self.channels)
        # Sorted, so that each block of the store is unpacked once.
        order = rows.argsort()
        volumes = np.empty((len(rows), len(places), *self.samples.x.shape[2:]), np.uint8)
        volumes[order] = volumes_of(self.samples, rows[order], places)
        tensor = torch.from_numpy(volumes)
        return tensor.pin_memory() if self.device.type == "cuda" else tensor


def next_batch(volumes: Tensor | Streamed, indices: Tensor, fabric: Fabric) -> Tensor:
    """The training volumes at ``indices`` (b,), which are the next of the epoch, on the device."""
    if isinstance(volumes, Streamed):
        return volumes.batch(indices, fabric.global_rank, fabric.world_size)
    return volumes[indices]


def in_advance(function: Callable[[Job], Result], jobs: Iterable[Job]) -> Iterator[Result]:
    """The results of jobs in their order; a thread is up to AHEAD of them ahead."""
    with ThreadPoolExecutor(1) as pool:
        waiting: deque = deque()
        for job in jobs:
            waiting.append(pool.submit(function, job))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
