"""Model ``prealigned_vae``: an autoencoder of aligned images, for comparison with ``o2vae``."""

from morphoflow.models.o2vae import build, embed, load, uncertainty

__all__ = ["build", "embed", "load", "uncertainty"]
