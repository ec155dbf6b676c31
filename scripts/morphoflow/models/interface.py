"""What the rest of the project may ask of a model, and the one way to its code.

A model's card (``config/models/<name>.yaml``) names its ``code``, a file below
``scripts/morphoflow/models`` such as ``morphvae/model.py``, and its ``capabilities``. The file
defines the functions of :class:`Trained` or :class:`Baseline`; what else a model is capable of,
the protocols in ``CAPABILITIES`` say. Card and code are checked against each other while the
configuration is read, so nothing here imports a model or torch before it is asked for.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

from morphoflow.errors import InputError
from morphoflow.schema import hint

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import torch

    from morphoflow.dendrites.movies.timelapse import Timelapse
    from morphoflow.forest import Forest
    from morphoflow.model import Model
    from morphoflow.store import Samples
    from morphoflow.training.learner import Learner

FOLDER = Path(__file__).parent


class Embedding(Protocol):
    """Every model: it turns objects into vectors."""

    def embed(self, model: Model, samples: Samples, device: torch.device) -> np.ndarray:
        """The objects (n, d) float32 in the order of the store; nothing is drawn at random."""
        ...


class Trained(Embedding, Protocol):
    """A model that is trained by :func:`morphoflow.training.loop.fit`."""

    def build(
        self,
        samples: Samples,
        objects: pd.DataFrame,
        settings: dict,
        seed: int,
        device: torch.device,
    ) -> Learner:
        """A network and its data, ready for training; ``objects`` are the rows of the store."""
        ...


class Baseline(Embedding, Protocol):
    """A model that is fitted to the training split at once, on a CPU."""

    def fit(
        self, samples: Samples, objects: pd.DataFrame, settings: dict, seed: int
    ) -> tuple[dict, dict[str, torch.Tensor]]:
        """The facts and the state of the fitted model."""
        ...


class Uncertain(Embedding, Protocol):
    """A model that says how far off it is for each object."""

    def embed_with_uncertainty(
        self, model: Model, samples: Samples, device: torch.device
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The embedding as by ``embed``, and columns (n,) float32 for the object table."""
        ...


class Decoding(Embedding, Protocol):
    """A model that gives back shapes, drawn as pictures from 0 to 1."""

    def decode_pictures(
        self, model: Model, latents: np.ndarray, device: torch.device
    ) -> np.ndarray:
        """Pictures (..., channels, height, width) of ``latents`` (..., d)."""
        ...

    def reconstruct_pictures(
        self, model: Model, samples: Samples, rows: np.ndarray, device: torch.device
    ) -> dict[str, np.ndarray]:
        """The objects in ``rows`` (b,) of the store, and what the model makes of them.

        ``original``, ``decoded`` and ``aligned`` (b, channels, height, width), ``angle_deg``,
        ``flip`` and ``error`` (b,).
        """
        ...


class Generating(Protocol):
    """A model that makes new images; its facts hold the ``latent_size``."""

    def latents(self, number: int, size: int, seed: int, device: torch.device) -> torch.Tensor:
        """Random latents (number, size), the same on every device."""
        ...

    def generate(
        self, model: Model, z: torch.Tensor, settings: dict, device: torch.device
    ) -> np.ndarray:
        """The images (b, 1, side, side) uint8 of latents ``z`` (b, d).

        ``settings`` are the dataset's ``generated``: a model may be asked anew in another way
        without being trained anew.
        """
        ...

    def classes_of(self, model: Model, z: torch.Tensor) -> list[str] | None:
        """The class that the image of each latent is made for; None of a model that knows none."""
        ...


class Flowing(Protocol):
    """A generating model whose images come out of noise step by step."""

    def ways(
        self, model: Model, z: torch.Tensor, settings: dict, device: torch.device
    ) -> np.ndarray:
        """The images (steps + 1, b, side, side) uint8 on the ways from noise to those of ``z``."""
        ...


class Filming(Protocol):
    """A model that keeps images of fixed latents while it is trained."""

    def timelapse(self, model: Model) -> Timelapse:
        """Those images, in the order in which they were made."""
        ...


class Sized(Protocol):
    """A model of images that can take some sizes alone, which the plan is checked for."""

    def check_size(self, size: int, settings: dict) -> None:
        """Raise InputError where images of ``size`` pixels cannot be learned with ``settings``."""
        ...


class TreeMaking(Protocol):
    """A model that makes new neurons."""

    def make_trees(
        self,
        model: Model,
        samples: Samples,
        objects: pd.DataFrame,
        settings: dict,
        device: torch.device,
    ) -> tuple[Forest, pd.DataFrame]:
        """New neurons of each class, and a table of their ``id``, ``label`` and ``reference``.

        The reference is the real neuron that each was made from.
        """
        ...


class WalkProbing(Protocol):
    """A model of walks whose latents of single walks can be looked at."""

    def probe_table(self, model: Model, seed: int, device: torch.device) -> pd.DataFrame:
        """Walks of known shape under noise and what they are decoded to, a row a node."""
        ...

    def walk_map(
        self,
        model: Model,
        samples: Samples,
        objects: pd.DataFrame,
        most: int,
        seed: int,
        device: torch.device,
    ) -> pd.DataFrame:
        """A map of the latents of up to ``most`` walks of held-out neurons, a row a walk."""
        ...


class Posterior(Uncertain, Protocol):
    """An uncertain model whose columns are ``posterior_sd`` and ``reconstruction_error``."""


class Turnable(Embedding, Protocol):
    """A model of images that can be given turned ones, to see how far its embedding moves."""


CAPABILITIES: dict[str, tuple[type, ...]] = {
    "decoding": (Decoding,),
    "flowing": (Flowing,),
    "generating": (Generating, Filming),
    "posterior": (Posterior,),
    "making_trees": (TreeMaking,),
    "probing_walks": (WalkProbing,),
    "sized": (Sized,),
    "turnable": (Turnable,),
    "uncertain": (Uncertain,),
}
# Files beside the model's own: training does not depend on what only other jobs need, and what is
# asked while the configuration is read does without torch.
FILES: dict[type, str] = {
    Filming: "timelapse.py",
    Sized: "sizes.py",
    TreeMaking: "trees.py",
    WalkProbing: "probes.py",
}

Asked = TypeVar("Asked")


def model_file(code: str, kind: type = Embedding) -> Path:
    """The file that defines the functions of ``kind`` for a model with the given ``code``."""
    path = FOLDER / code
    return path.with_name(FILES[kind]) if kind in FILES else path


def load_model(code: str, kind: type[Asked]) -> Asked:
    """The functions of a model, as one of the protocols of this module.

    ``code`` is that of the card, which the model's file keeps: ``load_model(model.code,
    Decoding).decode_pictures(model, ...)``. Raises InputError if the model is not capable of it.
    """
    path = model_file(code, kind)
    missing = [name for name in functions(kind) if name not in _defined(path)]
    if missing:
        raise InputError(
            f"the model of {code} defines no `{missing[0]}`, so it is no "
            f"{kind.__name__.lower()} model; take one whose card says that it is."
        )
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return cast(Asked, importlib.import_module(".".join(("morphoflow.models", *parts))))


def functions(kind: type) -> dict[str, list[str]]:
    """The functions that a protocol asks for, each with the names of its parameters."""
    named = inspect.getmembers(kind, inspect.isfunction)
    public = {name: function for name, function in named if not name.startswith("_")}
    return {name: [*inspect.signature(f).parameters][1:] for name, f in public.items()}


def check_card(card: dict, place: str) -> None:
    """Raise ValueError if the code of a card is missing, or is not what the card says.

    ``place`` names the card. The code is read, not run.
    """
    own = model_file(card["code"])
    if not own.is_file():
        near = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.py"))
        raise ValueError(f"{place}, code: there is no {own}; {hint(card['code'], near)}")
    claimed = [kind for name in card["capabilities"] for kind in CAPABILITIES[name]]
    for kind in (Trained if card["trained"] else Baseline, *claimed):
        _check_functions(model_file(card["code"], kind), kind, place)
    promised = {name for kind in claimed for name in functions(kind)}
    named = [(name, kind) for name, kinds in CAPABILITIES.items() for kind in kinds]
    for name, kind in named:
        asked = [*functions(kind).keys() - functions(Embedding).keys()]
        defined = _defined(model_file(card["code"], kind))
        extra = [each for each in asked if each in defined and each not in promised]
        if extra:
            raise ValueError(
                f"{place}, capabilities: {card['code']} defines `{extra[0]}`, but the card does "
                f"not say so; add '{name}' to its capabilities, or remove the function."
            )


def _check_functions(path: Path, kind: type, place: str) -> None:
    defined = _defined(path)
    for name, parameters in functions(kind).items():
        if name not in defined:
            own = [each for each in defined if defined[each] is not None]
            meant = hint(name, own) if own else f"there is no {path.name}."
            raise ValueError(
                f"{place} describes a {kind.__name__.lower()} model, but {path} defines no "
                f"function `{name}({', '.join(parameters)})`; {meant}"
            )
        taken = defined[name]
        if taken is not None and taken != parameters:
            raise ValueError(
                f"{place}: `{name}` of {path} takes ({', '.join(taken)}); "
                f"give it the parameters ({', '.join(parameters)})."
            )


@cache
def _defined(path: Path) -> dict[str, list[str] | None]:
    """The functions at the top of a file by name, with their parameters (None if imported)."""
    if not path.is_file():
        return {}
    defined: dict[str, list[str] | None] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            defined[node.name] = [argument.arg for argument in every]
        elif isinstance(node, ast.ImportFrom):
            defined |= {alias.asname or alias.name: None for alias in node.names}
    return defined
