"""Training that has taught a model nothing, such as the collapse of an autoencoder's latent.

A latent collapses if the posterior of every object becomes the prior, and the decoder gives back
one mean image for all of them (posterior collapse: Bowman et al., CoNLL 2016; Lucas et al., NeurIPS
2019).
"""

import pandas as pd

# Nats of an object: a latent that tells two halves of the objects apart takes 0.7.
LEAST_DIVERGENCE = 0.1

# How much smaller than that of the mean image the reconstruction loss has to be, as a share.
LEAST_GAIN = 0.01


def learned_nothing(validation: dict[str, float]) -> bool | None:
    """Whether an autoencoder tells objects apart no more than one image for all would.

    It is so if the ``divergence`` is near 0, or ``reconstruction`` hardly smaller than
    ``loss_mean_image``, the loss of the mean image; None where the losses of an epoch do not say.
    """
    divergence = validation.get("divergence")
    if divergence is None:
        return None
    of_mean = validation.get("loss_mean_image")
    no_gain = of_mean is not None and validation["reconstruction"] > (1 - LEAST_GAIN) * of_mean
    return divergence < LEAST_DIVERGENCE or no_gain


def warning(history: pd.DataFrame) -> str | None:
    """What is to be said of a training whose best weights have learned nothing."""
    best = history[history["best"]] if "learned_nothing" in history else history[:0]
    if best.empty or not best["learned_nothing"].iloc[-1]:
        return None
    row = best.iloc[-1]
    facts = [f"a divergence of {row['validation_divergence']:.3g} nats an object"]
    if "validation_loss_mean_image" in history:
        facts.append(
            f"a reconstruction loss of {row['validation_reconstruction']:.4g}, where one mean "
            f"image for all has {row['validation_loss_mean_image']:.4g}"
        )
    low = row["validation_divergence"] < LEAST_DIVERGENCE
    what = "Its latent has collapsed" if low else "It tells objects apart no more than one image"
    return (
        f"The model has learned nothing. {what}: the best epoch ({int(row['epoch'])}) has "
        f"{' and '.join(facts)}. Check that the samples are neither black nor all alike, train for "
        f"more epochs, or give the divergence less weight."
    )
