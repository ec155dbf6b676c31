"""The history of a training: one row an epoch, as a table and as TensorBoard event files."""

from pathlib import Path

import pandas as pd
import torch

from morphoflow.training.collapse import learned_nothing

COUNTS = ("epoch", "step")
FLAGS = ("best", "learned_nothing")


def history_row(
    epoch: int,
    step: int,
    optimizers: dict[str, torch.optim.Optimizer],
    train: dict[str, float],
    validation: dict[str, float],
    best: bool,
) -> dict[str, int | float | bool]:
    """A row: ``epoch`` and ``step`` completed so far, learning rates, metrics, ``best`` so far.

    The last row with ``best`` is that of the best weights. Autoencoders whose losses tell it have
    ``learned_nothing`` too, see :func:`morphoflow.training.collapse.learned_nothing`.
    """
    state = learned_nothing(validation)
    return {
        "epoch": epoch,
        "step": step,
        **learning_rates(optimizers),
        **{f"train_{name}": float(value) for name, value in train.items()},
        **{f"validation_{name}": float(value) for name, value in validation.items()},
        "best": best,
        **({} if state is None else {"learned_nothing": state}),
    }


def learning_rates(optimizers: dict[str, torch.optim.Optimizer]) -> dict[str, float]:
    """The learning rate of each optimiser; of each of its parameter groups, if it has several."""
    rates = {}
    for name, optimizer in optimizers.items():
        groups = optimizer.param_groups
        for index, group in enumerate(groups):
            suffix = f"_{index}" if len(groups) > 1 else ""
            rates[f"learning_rate_{name}{suffix}"] = float(group["lr"])
    return rates


def history_table(rows: list[dict], optimizers: dict[str, torch.optim.Optimizer]) -> pd.DataFrame:
    """The rows as a table with int64 counts, float64 values and bool flags, also if empty."""
    empty = history_row(0, 0, optimizers, {"loss": 0.0}, {"loss": 0.0}, False)
    table = pd.DataFrame(rows, columns=list(rows[0] if rows else empty))
    kinds = {**dict.fromkeys(COUNTS, "int64"), **dict.fromkeys(FLAGS, "bool")}
    return table.astype({name: kinds.get(name, "float64") for name in table})


class EventFiles:
    """TensorBoard event files of a run, in a folder of its own; nothing if that is None.

    They hold times, so they belong to the logs and not to the results. A run that is resumed writes
    them anew from its history, so that no step is there twice.
    """

    def __init__(self, folder: Path | None, rows: list[dict]) -> None:
        self._writer = None
        if folder is None:
            return
        # Imported here because it takes long and most jobs have no use for it.
        from torch.utils.tensorboard import SummaryWriter

        for file in Path(folder).glob("events.out.tfevents.*"):
            file.unlink()
        self._writer = SummaryWriter(str(folder), flush_secs=10)
        for row in rows:
            self.add(row)

    def add(self, row: dict) -> None:
        """Write a row's values at its step."""
        if self._writer is not None:
            for name, value in row.items():
                if name not in (*COUNTS, *FLAGS):
                    self._writer.add_scalar(_tag(name), value, row["step"])

    def __enter__(self) -> "EventFiles":
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()


def _tag(name: str) -> str:
    """Puts training and validation of one metric side by side: ``loss/train``."""
    for part in ("train", "validation"):
        if name.startswith(f"{part}_"):
            return f"{name.removeprefix(f'{part}_')}/{part}"
    return name.replace("learning_rate_", "learning_rate/")
