"""The optimiser of the contrastive model, and its learning rates by epoch."""

import math

import torch

from morphoflow.models.contrastive_network import ContrastiveNetwork

MOMENTUM = 0.9
# Learning rates of gradient descent are stated for this batch and grow with it.
REFERENCE_BATCH = 256


def make_optimizer(network: ContrastiveNetwork, settings: dict) -> torch.optim.Optimizer:
    """Adam with decoupled weight decay, or gradient descent with momentum as in SimSiam.

    The predictor, where there is one, is a group of its own, the last.
    """
    groups = [{"params": [*network.encoder.parameters(), *network.projector.parameters()]}]
    if network.predictor is not None:
        groups.append({"params": list(network.predictor.parameters())})
    options = {"lr": base_rate(settings), "weight_decay": settings["weight_decay"]}
    if settings["optimizer"] == "sgd":
        return torch.optim.SGD(groups, momentum=MOMENTUM, **options)
    return torch.optim.AdamW(groups, **options)


def base_rate(settings: dict) -> float:
    """The largest learning rate of a training."""
    if settings["optimizer"] == "sgd":
        return settings["learning_rate"] * settings["batch_size"] / REFERENCE_BATCH
    return settings["learning_rate"]


def set_rates(optimizer: torch.optim.Optimizer, settings: dict, epoch: int) -> None:
    """Set the learning rates of an epoch (from 0).

    A linear rise over the first share ``warmup`` of the epochs, then half a cosine down. The
    predictor's does not fall, by which it keeps up with the projections (Chen and He, CVPR 2021).
    """
    base, epochs = base_rate(settings), settings["epochs"]
    risen = round(settings["warmup"] * epochs)
    rise = min(1.0, (epoch + 1) / max(risen, 1))
    fall = 0.5 + 0.5 * math.cos(math.pi * max(0, epoch - risen) / max(epochs - risen, 1))
    for k, group in enumerate(optimizer.param_groups):
        group["lr"] = base * rise * (fall if k == 0 else 1.0)
