"""Baseline ``prealigned_pixels``: principal components of the pixels of prealigned cells."""

from morphoflow.models.baselines.pixels import embed, fit

__all__ = ["embed", "fit"]
