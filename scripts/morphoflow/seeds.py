"""Independent streams of random numbers, one for each purpose, from one integer seed."""

import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import torch

Purpose = Literal[
    "split", "sampling", "initialisation", "order", "noise", "augmentation", "shuffling"
]


def sequence(seed: int, purpose: Purpose, *keys: int) -> np.random.SeedSequence:
    """The seed sequence of a stream; ``keys`` (an epoch, a process) tell apart its branches.

    The spawn key is a hash of the purpose's name, so that a new purpose shifts no other stream.
    """
    digest = hashlib.sha256(purpose.encode()).digest()
    words = np.frombuffer(digest[:16], dtype="<u4").tolist()
    return np.random.SeedSequence(seed, spawn_key=(*words, *keys))


def numpy_generator(seed: int, purpose: Purpose, *keys: int) -> np.random.Generator:
    """A NumPy generator at the start of a stream."""
    return np.random.default_rng(sequence(seed, purpose, *keys))


def torch_seed(seed: int, purpose: Purpose, *keys: int) -> int:
    """The integer (0 to 2^64 - 1) that seeds a torch generator of a stream."""
    return int(sequence(seed, purpose, *keys).generate_state(1, np.uint64)[0])


def torch_generator(
    seed: int, purpose: Purpose, *keys: int, device: "torch.device | str" = "cpu"
) -> "torch.Generator":
    """A torch generator at the start of a stream; the draws differ between kinds of device."""
    # Here, since jobs that need NumPy alone would wait a second for it.
    import torch

    return torch.Generator(device).manual_seed(torch_seed(seed, purpose, *keys))
