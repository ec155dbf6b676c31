"""A small learner for tests of the training loop; run as a script, it trains in its own process."""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from morphoflow.seeds import torch_generator, torch_seed
from morphoflow.training.fabric import make_fabric
from morphoflow.training.loop import Fitted, fit

SEED = 3
N_TRAIN, N_VALIDATION, BATCH = 52, 20, 8  # 7 batches, the last of 4
# In two processes: shares of 2 and 1 items, and of the last batch 1 and none.
SHARED = {"plain": True, "n_train": 49, "batch_size": 3}


class Toy:
    """Regression with two networks and two optimisers, noise from both kinds of generators.

    ``plain`` leaves out noise, dropout and batch statistics, so that the gradient is that of the
    batch alone. ``on_step`` is called with the number of steps that this object has begun.
    """

    def __init__(
        self,
        *,
        plain: bool = False,
        rate: float = 1e-2,
        n_train: int = N_TRAIN,
        batch_size: int = BATCH,
        on_step: Callable[[int], None] = lambda step: None,
    ) -> None:
        self.facts = {"features": 6}
        self.noise, self.rate = 0.0 if plain else 0.1, rate
        self.n_train, self.batch_size = n_train, batch_size
        self.on_step, self.begun, self.seen, self.epochs = on_step, 0, [], []
        self.modules = _networks(plain)
        self.optimizers = {
            name: torch.optim.Adam(module.parameters()) for name, module in self.modules.items()
        }
        data = torch_generator(SEED, "sampling")
        x = torch.randn(n_train + N_VALIDATION, 6, generator=data)
        y = x[:, :1] * x[:, 1:2] + 0.3 * torch.randn(len(x), 1, generator=data)
        self.x, self.y = x[:n_train], y[:n_train]
        self.held_x, self.held_y = x[n_train:], y[n_train:]

    def start_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)
        for optimizer in self.optimizers.values():
            optimizer.param_groups[0]["lr"] = self.rate * 0.5 ** (epoch // 2)

    def step(
        self, indices: Tensor, generator: torch.Generator, fabric: Fabric
    ) -> dict[str, Tensor]:
        self.begun += 1
        self.on_step(self.begun)
        self.seen.append(indices.tolist())
        x = self.x[indices]
        x = x + self.noise * torch.randn(x.shape, generator=generator)
        with fabric.autocast():
            squared = (self._predict(x) - self.y[indices]) ** 2
        loss = squared.mean()
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        fabric.backward(loss)
        for optimizer in self.optimizers.values():
            optimizer.step()
        return {"loss": loss.detach(), "scale": squared.detach().sqrt().mean()}

    def validate(self) -> dict[str, float]:
        error = self._predict(self.held_x) - self.held_y
        return {"loss": float((error**2).mean()), "bias": float(error.mean())}

    def state(self) -> dict[str, Tensor]:
        return {
            f"{name}.{key}": value
            for name, module in self.modules.items()
            for key, value in module.state_dict().items()
        }

    def _predict(self, x: Tensor) -> Tensor:
        return self.modules["head"](self.modules["body"](x))


def _networks(plain: bool) -> dict[str, torch.nn.Module]:
    random = [] if plain else [torch.nn.BatchNorm1d(16), torch.nn.Dropout(0.2)]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(torch_seed(SEED, "initialisation"))
        body = torch.nn.Sequential(torch.nn.Linear(6, 16), *random, torch.nn.Tanh())
        return {"body": body, "head": torch.nn.Linear(16, 1)}


def digest(fitted: Fitted) -> dict:
    """All of a result as builtins, for comparison by equality; floats as their exact bits."""

    def exact(state: dict[str, Tensor]) -> dict[str, bytes]:
        return {key: value.numpy().tobytes() for key, value in state.items()}

    return {
        "best": exact(fitted.best),
        "last": exact(fitted.last),
        "best_epoch": fitted.best_epoch,
        "columns": {name: str(kind) for name, kind in fitted.history.dtypes.items()},
        "history": {n: fitted.history[n].to_numpy().tobytes() for n in fitted.history},
    }


def _main() -> None:
    """Train, slowly from step ``--slow`` on, which the file ``reached`` announces."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--slow", type=int, default=sys.maxsize)
    parser.add_argument("--seconds", type=float, default=300.0)
    arguments = parser.parse_args()

    def on_step(step: int) -> None:
        if step == arguments.slow:
            (arguments.folder / "reached").touch()
        if step >= arguments.slow:
            time.sleep(0.2)

    fit(
        Toy(on_step=on_step),
        epochs=arguments.epochs,
        patience=0,
        seed=SEED,
        fabric=make_fabric(gpus=0, precision="32-true", threads=1),
        checkpoint=arguments.folder / "checkpoint",
        seconds=arguments.seconds,
    )


if __name__ == "__main__":
    _main()
