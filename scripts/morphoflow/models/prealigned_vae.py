"""Model ``prealigned_vae``: an autoencoder of aligned images, for comparison with ``o2vae``."""

from morphoflow.models.o2vae.model import (
    build,
    decode_pictures,
    embed,
    embed_with_uncertainty,
    load,
    reconstruct_pictures,
)

__all__ = [
    "build",
    "decode_pictures",
    "embed",
    "embed_with_uncertainty",
    "load",
    "reconstruct_pictures",
]
