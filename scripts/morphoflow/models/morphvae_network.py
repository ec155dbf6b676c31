"""The network of MorphVAE (Laturnus and Berens, ICML 2021): walks to latents, and back.

All tensors are (features, items); the items of a batch are its distinct walks (w).
"""

import torch
from torch import Tensor, nn

from morphoflow.models.morphvae_latent import make_latent
from morphoflow.models.morphvae_walks import Batch
from morphoflow.models.recurrent import (
    LSTM,
    Affine,
    State,
    dropout_mask,
    narrowed,
    widened,
)


class MorphVAE(nn.Module):
    """Encoder and decoder of walks, and a classifier of neurons if there are classes.

    A generator given to a method makes it drop out units; without one it is deterministic.
    """

    def __init__(self, settings: dict, n_classes: int, generator: torch.Generator) -> None:
        super().__init__()
        embedded, hidden = settings["embedding_size"], settings["hidden_size"]
        layers = settings["layers"]
        self.dropout, self.pooling = settings["dropout"], settings["pooling"]
        self.latent = make_latent(settings)
        self.encoder_input = Affine(3, embedded, generator)
        self.encoder = LSTM(embedded, hidden, layers, generator)
        self.to_latent = Affine(2 * layers * hidden, self.latent.n_encoded, generator)
        self.from_latent = Affine(self.latent.size, 2 * layers * hidden, generator)
        self.decoder_input = Affine(3, embedded, generator)
        self.decoder = LSTM(embedded, hidden, layers, generator)
        self.decoder_output = Affine(hidden, 4, generator)
        classes = Affine(self.latent.size, n_classes, generator) if n_classes else None
        self.classifier = classes

    def encode(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Read each walk from its end to the soma, (n_encoded, w)."""
        x = _times(*self._masked(self.encoder_input(batch.x), generator))
        inputs = x.split(batch.counts, dim=1)
        masks = self._layer_masks(self.encoder, batch, generator)
        state = self.encoder.zero_state(x)
        for step in reversed(range(len(inputs))):
            state = widened(state, batch.counts[step])
            state = self.encoder.step(inputs[step], state, [mask[step] for mask in masks])
            if not batch.is_packed:
                active = batch.active(step)
                state = [(h * active, c * active) for h, c in state]
        return self.to_latent(torch.cat([part for pair in state for part in pair]))

    def decode(
        self,
        z: Tensor,
        batch: Batch,
        forced: list[Tensor] | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        ...
