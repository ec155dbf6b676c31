"""Trainings by the loop, and laws that hold of any of them."""

import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning_fabric import Fabric

from model_settings import model_of
from morphoflow.model import Model
from morphoflow.training.learner import Learner
from morphoflow.training.loop import Fitted, fit

CPU = torch.device("cpu")


def trained(learner: Learner, folder: Path, epochs: int | None = None) -> Fitted:
    """A learner trained for as long as its settings say, or for some ``epochs``."""
    fabric = Fabric(accelerator="cpu", devices=1)
    epochs = learner.settings["epochs"] if epochs is None else epochs
    return fit(learner, epochs=epochs, patience=0, seed=0, fabric=fabric, checkpoint=folder)


def stopped_and_whole(make: Callable[[], Learner], folder: Path, steps: int, **given) -> Fitted:
    """What ``make()`` is trained to, after it is seen that a stop makes no difference to a byte.

    One learner is stopped after some ``steps`` and goes on; another is never stopped.
    """
    learner = make()
    _stop_after(learner, steps)
    with pytest.raises(SystemExit):
        trained(learner, folder / "stopped", **given)
    whole, resumed = (trained(make(), folder / name, **given) for name in ("whole", "stopped"))
    pd.testing.assert_frame_equal(whole.history, resumed.history, check_exact=True)
    assert all(torch.equal(whole.last[key], resumed.last[key]) for key in whole.last)
    return whole


def _stop_after(learner: Learner, steps: int) -> None:
    taken = iter(range(steps))
    step = learner.step

    def stopping(*given):
        if next(taken, None) is None:
            signal.raise_signal(signal.SIGTERM)
        return step(*given)

    learner.step = stopping


def check_images(code, model: Model, x: np.ndarray, made: dict, stored: Callable) -> None:
    """A model makes images and features of known shapes, whatever else is in the batch.

    ``code`` is its module, ``x`` images that it embeds and ``made`` how it makes its own.
    """
    z = code.latents(5, model.facts["latent_size"], 3, CPU)
    images = code.generate(model, z, made, CPU)
    assert images.shape == (5, *x.shape[1:]) and images.dtype == np.uint8
    alone = code.generate(model, z[3:4], made, CPU)
    assert np.abs(alone[0].astype(int) - images[3]).max() <= 1
    features = code.embed(model, stored(x), CPU)
    assert len(features) == len(x) and features.dtype == np.float32
    few = code.embed(model, stored(x[7:9]), CPU)
    np.testing.assert_allclose(few, features[7:9], rtol=1e-4, atol=1e-5)


def saved(name: str, learner: Learner, state: dict[str, torch.Tensor] | None = None) -> Model:
    """A learner as a model of the given name, with the ``state`` that it was trained to."""
    return model_of(
        name, learner.settings, learner.facts, learner.state() if state is None else state
    )
