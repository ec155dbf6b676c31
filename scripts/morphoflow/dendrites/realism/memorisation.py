"""Whether generated images are copies of training images: the nearest one to each, and how near."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from scipy.ndimage import gaussian_filter, map_coordinates
from torch import Tensor
from torch.nn import functional

from morphoflow.analysis.scores import score
from morphoflow.analysis.significance import share_interval
from morphoflow.dendrites.similar.elastic import elastic_correlation
from morphoflow.dendrites.similar.similarity import similarity
from morphoflow.images.rotate import transform

Stack = tuple[np.ndarray, np.ndarray]

# All pairs are compared at this size (px) under these turns (degrees), and the training images that
# are most like an image are bent onto it. A bend moves small images less than large ones: at this
# size the training image was among the first five for 98 of 100 that were turned and bent.
SCREEN_SIZE = 24
SCREEN_ANGLES = tuple(range(0, 360, 15))
CANDIDATES = 5
# Pairs that are turned at a time.
BLOCK = 256

COLUMNS = (
    *("id", "kind", "nearest", "correlation", "angle_deg", "flip", "shift_y_px", "shift_x_px"),
)
# False alarms among held-out images that are put up with.
ALARMS = 0.01

# Copies made to see whether they are found: bent by so much (root mean square along each axis) over
# so wide a distance, as shares of the side; 1.5 and 8 px at 64.
BEND, BEND_WIDTH = 1.5 / 64, 8 / 64


def nearest_table(
    images: dict[str, Stack], train: Iterable[Stack], device: str | torch.device = "cpu"
) -> pd.DataFrame:
    """The training image that is most like each image, a row an image, by kind and id.

    ``images`` are ids (n,) and images (n, 1, s, s) uint8 of each kind (``generated``,
    ``held_out``, ``bent``), ``train`` those of the training images, some at a time.
    ``correlation`` is that of
    :func:`~morphoflow.dendrites.similar.elastic.elastic_correlation` after the best turn, flip and
    shift: the training image turned (by ``angle_deg``, after the flip), shifted and then bent lies
    upon the other.
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

    ``memorised_share`` is that of a correlation above ``threshold``, with its exact 95 % interval,
    whose upper end is the rate of copies that the number of images allows; of held-out images it
    is that of false alarms. ``found_copies_share`` is that of training images that were bent, which
    are copies, and ``found_copies_at_1_percent_share`` the same at the threshold that 1 % of the
    held-out images pass. ``nearer_than_real_share`` is that of a correlation above any of a
    held-out image's, missing where none was held out. ``nearest_train_correlation`` are medians.
    A table of nothing gives no scores.
    """
    if table.empty:
        return []
    by_kind = {kind: rows["correlation"] for kind, rows in table.groupby("kind")}
    made = by_kind["generated"]
    rows = [
        _share("train", "memorised_share", made > threshold),
        score("train", "nearest_train_correlation", float(made.median()), len(made)),
    ]
    bent = by_kind.get("bent")
    if bent is not None:
        rows.append(_share("train", "found_copies_share", bent > threshold))
    real = by_kind.get("held_out")
    if bent is not None and real is not None:
        strict = np.quantile(real, 1 - ALARMS, method="higher")
        rows.append(_share("train", "found_copies_at_1_percent_share", bent > strict))
    if real is not None:
        above = float((made > real.max()).mean())
        rows.append(score("train", "nearer_than_real_share", above, len(made)))
        rows.append(_share("test", "memorised_share", real > threshold))
        rows.append(score("test", "nearest_train_correlation", float(real.median()), len(real)))
    return rows


def _share(split: str, name: str, found: pd.Series) -> dict:
    interval = share_interval(int(found.sum()), len(found))
    return score(split, name, float(found.mean()), len(found), *interval)


def bent_copies(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Images (n, 1, s, s) uint8 turned and flipped at random, then bent as copies may be."""
    n, _, side, _ = images.shape
    angle = torch.tensor(rng.uniform(0, 360, n), dtype=torch.float32)
    flip = torch.tensor(rng.random(n) < 0.5)
    turned = transform(torch.tensor(images, dtype=torch.float32), angle, flip).numpy()
    width = (0, 0, BEND_WIDTH * side, BEND_WIDTH * side)
    moves = gaussian_filter(rng.standard_normal((n, 2, side, side)), width)
    moves *= BEND * side / moves.std(axis=(2, 3), keepdims=True)
    places = np.mgrid[:side, :side] + moves
    pairs = zip(turned[:, 0], places, strict=True)
    bent = [map_coordinates(image, place, order=1, mode="nearest") for image, place in pairs]
    return np.rint(np.stack(bent)[:, None]).astype(np.uint8)


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
    a, b = (torch.from_numpy(x).float().div(255).to(device) for x in (train, images))
    pairs = similarity(a, b, angles=SCREEN_ANGLES, size=SCREEN_SIZE, device=device)
    row = pairs.correlation.topk(min(CANDIDATES, len(a)), dim=0).indices.T.flatten()
    column = torch.arange(len(b), device=row.device).repeat_interleave(len(row) // len(b))
    angle, flip, shift = (part[row, column] for part in (pairs.angle, pairs.flip, pairs.shift))
    correlation = _bent_correlations(a, b, row, column, (angle, flip, shift))
    angle, flip, shift, row, column = (
        part.cpu().numpy() for part in (angle, flip, shift, row, column)
    )
    columns = {
        "id": ids[column].astype(object),
        "kind": kind,
        "nearest": train_ids[row].astype(object),
        "correlation": correlation.cpu().numpy().astype(float),
        "angle_deg": angle.astype(float),
        "flip": flip,
        "shift_y_px": shift[:, 0].astype(float),
        "shift_x_px": shift[:, 1].astype(float),
    }
    return pd.DataFrame(columns)


def _bent_correlations(
    a: Tensor, b: Tensor, row: Tensor, column: Tensor, motion: tuple[Tensor, Tensor, Tensor]
) -> Tensor:
    """Those of the images ``row`` (p,) of ``a``, moved, with ``column`` (p,) of ``b``."""
    parts = zip(*(part.split(BLOCK) for part in (row, column, *motion)), strict=True)
    values = [
        elastic_correlation(transform(a[i], angle, flip, shift.float()), b[j])
        for i, j, angle, flip, shift in parts
    ]
    return torch.cat(values)
