"""Model ``vae``: an autoencoder without any invariance, for comparison with ``o2vae``."""

from morphoflow.models.o2vae import build, embed, embed_with_uncertainty, load

__all__ = ["build", "embed", "embed_with_uncertainty", "load"]
