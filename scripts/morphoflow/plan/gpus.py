"""Whether a job asks for a GPU: where it is estimated to save more than a wait for one costs.

The rules import this module, so it uses the standard library alone and is quick. What a step costs
a core was measured, what it costs a GPU is an estimate, since none was at hand: a GPU has to be
asked for each kernel, and then computes as fast as many cores.
"""

import math

# A card's word, or that of a dataset's runs or of the site, in the place of the estimate.
CHOICES = {"cpu": 0, "gpu": 1}

# Less would be lost again in a queue for GPUs, which are few, and in starting one.
HOURS_SAVED = 1.0
# A GPU that is not that much faster does more for another job.
TIMES_FASTER = 3.0
# Estimates. The host starts a kernel in some 10 us, whatever its size; the memory of a GPU, which
# most of these layers wait for, is some 50 times as fast as that of a core.
MS_PER_KERNEL = 0.01
CORES_PER_GPU = 50


def gpus_for_training(
    costs: dict[str, float] | None, settings: dict, shape: list[int], choice: str = "auto"
) -> int:
    """How many GPUs, 0 or 1, a training asks for.

    Parameters
    ----------
    costs
        Of a step of the variant: ``core_us``, microseconds of a core for each number of its batch,
        and ``kernels``; None where they are not known, and a GPU is asked for.
    settings
        Of the variant; ``epochs`` and ``batch_size`` count, and ``epoch_images`` where it has them.
    shape
        Of the samples, their number first.
    choice
        ``cpu`` or ``gpu``, or ``auto`` for the estimate.
    """
    if choice in CHOICES:
        return CHOICES[choice]
    if costs is None:
        return int(settings["epochs"] > 0)
    core, gpu = training_hours(costs, settings, shape)
    return int(core - gpu >= HOURS_SAVED and core >= TIMES_FASTER * gpu)


def training_hours(
    costs: dict[str, float], settings: dict, shape: list[int]
) -> tuple[float, float]:
    """The hours of a training on one core and on a GPU; the latter is an estimate."""
    objects = settings.get("epoch_images", shape[0])
    batch = min(settings["batch_size"], objects)
    steps = settings["epochs"] * math.ceil(objects / batch) if batch else 0
    core_ms = costs["core_us"] / 1000 * batch * math.prod(shape[1:])
    gpu_ms = max(costs["kernels"] * MS_PER_KERNEL, core_ms / CORES_PER_GPU)
    return steps * core_ms / 3.6e6, steps * gpu_ms / 3.6e6


def costs_of(costs: dict[str, dict], variant: str) -> dict | None:
    """What a card says of a variant, or of the default, or None."""
    return costs.get(variant, costs.get("default"))


def chosen(*said: str | None) -> str:
    """The first of several wishes that is one: of a run, of the site, of the card."""
    return next((each for each in said if each in CHOICES), "auto")
