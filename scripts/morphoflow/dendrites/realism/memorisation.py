"""Whether generated images are copies of training images: the nearest one to each, and how near."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.nn import functional

from morphoflow.analysis.scores import score
from morphoflow.dendrites.similar.similarity import similarity
from morphoflow.images.rotate import transform

Stack = tuple[np.ndarray, np.ndarray]


def nearest_table(
    images: dict[str, Stack], train: Iterable[Stack], device: str | torch.device = "cpu"
) -> pd.DataFrame:
    """The training image that is most like each image, a row an image, by kind and id.

    ``images`` are ids (n,) and images (n, 1, s, s) uint8 of each kind (``generated``,
    ``held_out``), ``train`` those of the training images, some at a time. ``correlation`` is that
    of :func:`~morphoflow.dendrites.similar.similarity.similarity`, at the best turn, flip and
    shift: the training image turned (by ``angle_deg``, after the flip) and shifted lies upon the
    other.
    """
    tables = [
        _nearest(kind, *stack, *block, device)
        for block in train
        for kind, stack in images.items()
        if len(stack[0])
    ]
    order = ["kind", "id", "correlation", "nearest"]
    table = pd.concat(tables).sort_values(order, ascending=[True, True, False, True])
    return table.drop_duplicates(["kind", "id"]).reset_index(drop=True)


def memorisation_scores(table: pd.DataFrame, threshold: float) -> list[dict]:
    """How near generated images are to training images, with shares that are too near.

    ``memorised_share`` is that of a correlation above ``threshold``; ``nearer_than_real_share``
    that of one above any of a held-out image's, missing where none was held out.
    ``nearest_train_correlation`` are medians.
    """
    by_kind = {kind: rows["correlation"] for kind, rows in table.groupby("kind")}
    made = by_kind["generated"]
    n = len(made)
    rows = [
        score("train", "memorised_share", float((made > threshold).mean()), n),
        score("train", "nearest_train_correlation", float(made.median()), n),
    ]
    real = by_kind.get("held_out")
    if real is not None:
        above = float((made > real.max()).mean())
        rows.append(score("train", "nearer_than_real_share", above, n))
        rows.append(score("test", "memorised_share", float((real > threshold).mean()), len(real)))
        rows.append(score("test", "nearest_train_correlation", float(real.median()), len(real)))
    return rows


def laid_upon(images: np.ndarray, rows: pd.DataFrame) -> np.ndarray:
    """Images (n, 1, s, s) uint8 moved as the ``rows`` of :func:`nearest_table` say.

    What a motion brings in from outside of an image is 0.
    """
    motion = (
        torch.tensor(rows["angle_deg"].to_numpy(dtype=np.float32)),
        torch.tensor(rows["flip"].to_numpy(dtype=bool)),
        torch.tensor(rows[["shift_y_px", "shift_x_px"]].to_numpy(dtype=np.float32)),
    )
    # The border goes on outside, so that two pixels of nothing around it are nothing everywhere.
    framed = functional.pad(torch.tensor(images, dtype=torch.float32), (2, 2, 2, 2))
    moved = transform(framed, *motion)[..., 2:-2, 2:-2]
    return np.rint(moved.numpy()).astype(np.uint8)


def _nearest(
    kind: str,
    ids: np.ndarray,
    images: np.ndarray,
    train_ids: np.ndarray,
    train: np.ndarray,
    device: str | torch.device,
) -> pd.DataFrame:
    """The most alike of one batch of training images."""
    pairs = similarity(_unit(train), _unit(images), device=device)
    best, row = (values.cpu().numpy() for values in pairs.correlation.max(dim=0))
    column = np.arange(len(ids))
    shift = pairs.shift.cpu().numpy()[row, column].astype(float)
    columns = {
        "id": ids.astype(object),
        "kind": kind,
        "nearest": train_ids[row].astype(object),
        "correlation": best.astype(float),
        "angle_deg": pairs.angle.cpu().numpy()[row, column].astype(float),
        "flip": pairs.flip.cpu().numpy()[row, column],
        "shift_y_px": shift[:, 0],
        "shift_x_px": shift[:, 1],
    }
    return pd.DataFrame(columns)


def _unit(images: np.ndarray) -> Tensor:
    return torch.from_numpy(images).float() / 255
