"""Tensors from torch files, without ever running code that such a file may hold."""

import warnings
import zipfile
from pathlib import Path

import numpy as np

from morphoflow.errors import InputError


def load_tensors(file: Path) -> dict[str, np.ndarray]:
    """The tensors of a ``.pt``, ``.pth`` or ``.sav`` file by name; a lone one has the name ``x``.

    The file is loaded with ``weights_only=True``. Raises InputError for a file that holds anything
    else, such as pickled arrays or code, and for tensors of different sizes in a list.
    """
    # Other files of arrays are read without torch, which an environment then need not have.
    try:
        import torch
    except ModuleNotFoundError:
        raise InputError(
            f"{file} is a torch file, and torch is not installed here; install it, or save the "
            f"array as .npy or .h5."
        ) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Only the newer format, a zip archive, can stay on disk until it is sliced.
            mapped = zipfile.is_zipfile(file)
            loaded = torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error}); correct the path.") from None
    # A file that is none of torch's fails anywhere in its reader, with errors of any kind.
    except Exception as error:
        raise InputError(
            f"{file} is not a torch file of tensors alone ({type(error).__name__}): it holds "
            f"pickled objects, which could run code when read, or is damaged, so it is not opened. "
            f"If you trust it, convert it: numpy.save('{file.stem}.npy', "
            f"numpy.asarray(torch.load('{file.name}', weights_only=False)))."
        ) from None
    named = loaded if isinstance(loaded, dict) else {"x": loaded}
    return {str(name): _array(file, value) for name, value in named.items()}


def _array(file: Path, value: object) -> np.ndarray:
    import torch

    if isinstance(value, (list, tuple)) and value and all(map(torch.is_tensor, value)):
        sizes = sorted({tuple(tensor.shape) for tensor in value})
        if len(sizes) > 1:
            raise InputError(
                f"{file} holds tensors of different sizes, such as {sizes[0]} and {sizes[-1]}; "
                f"pad them to one size, or save each as an image and use `folder`."
            )
        value = torch.stack(list(value))
    if not torch.is_tensor(value):
        return np.asarray(value)
    value = value.detach()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()
