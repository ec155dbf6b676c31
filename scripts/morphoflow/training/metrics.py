"""Sums of the steps' metrics over an epoch, kept on the device."""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from morphoflow.errors import InputError
from morphoflow.training.parallel import reduced

if TYPE_CHECKING:
    from lightning_fabric import Fabric


class EpochMetrics:
    """Means over the items of an epoch, fetched once, so that no step waits for the device.

    ``names`` (m,) are the metrics' names, ``sums`` (m,) float64 their sums over the items so far,
    ``first_bad`` () int64 the first step whose loss was not finite, or ``NONE_BAD``.
    """

    NONE_BAD = 2**62

    def __init__(self) -> None:
        self.names: list[str] = []
        self.sums: Tensor | None = None
        self.first_bad: Tensor | None = None

    def add(self, values: dict[str, Tensor], items: float, step: int) -> None:
        """Add the means () of a step over ``items`` items."""
        if self.sums is None or self.first_bad is None:
            self.names = list(values)
            device = values["loss"].device
            self.sums = torch.zeros(len(self.names), dtype=torch.float64, device=device)
            self.first_bad = torch.tensor(self.NONE_BAD, device=device)
        row = torch.stack([values[name].detach().to(torch.float64) for name in self.names])
        self.sums.add_(row, alpha=items)
        bad = torch.where(torch.isfinite(values["loss"].detach()), self.NONE_BAD, step)
        self.first_bad = torch.minimum(self.first_bad, bad)

    def fetch(self, fabric: "Fabric", items: int, epoch: int) -> dict[str, float]:
        """The means over an epoch's ``items`` items, over all processes.

        Raises InputError if the loss of a step was not finite.
        """
        if self.sums is None or self.first_bad is None:
            raise ValueError(
                f"epoch {epoch} had no step; a learner needs one training item or more"
            )
        sums = reduced(fabric, self.sums, "sum")
        first_bad = int(reduced(fabric, self.first_bad, "min"))
        if first_bad != self.NONE_BAD:
            raise not_finite(f"The training loss is not finite in epoch {epoch}, step {first_bad}")
        return dict(zip(self.names, (sums / items).tolist(), strict=True))

    def state(self) -> dict:
        """The sums so far, on the CPU."""
        return {
            "names": self.names,
            "sums": None if self.sums is None else self.sums.cpu(),
            "first_bad": None if self.first_bad is None else self.first_bad.cpu(),
        }

    def restore(self, state: dict, device: torch.device) -> None:
        """Continue from what :meth:`state` gave."""
        self.names = state["names"]
        self.sums = None if state["sums"] is None else state["sums"].to(device)
        self.first_bad = None if state["first_bad"] is None else state["first_bad"].to(device)


def check_validation(metrics: dict[str, float], epoch: int, step: int) -> None:
    """Raise InputError unless the validation loss is finite."""
    if not math.isfinite(metrics["loss"]):
        raise not_finite(
            f"The validation loss is {metrics['loss']} after epoch {epoch}, step {step}"
        )


def not_finite(what: str) -> InputError:
    """The error for a training that diverged."""
    return InputError(
        f"{what}. Lower the learning rate, clip gradients more tightly, or check the samples for "
        "values that are extreme; then run again."
    )
