"""The network of MorphVAE (Laturnus and Berens, ICML 2021): walks to latents, and back.

All tensors are (features, items); the items of a batch are its distinct walks (w).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from morphoflow.models.morphvae.draws import sample_vmf
from morphoflow.models.morphvae.recurrent import (
    LSTM,
    Affine,
    State,
    dropout_mask,
    narrowed,
    widened,
)
from morphoflow.models.morphvae.walks import Batch


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
        # With all biases 0, a walk that is the soma alone would be 0, which has no direction.
        nn.init.normal_(self.to_latent.bias, std=0.1, generator=generator)
        self.from_latent = Affine(self.latent.size, 2 * layers * hidden, generator)
        self.decoder_input = Affine(3, embedded, generator)
        self.decoder = LSTM(embedded, hidden, layers, generator)
        self.decoder_output = Affine(hidden, 4, generator)
        self.classifier = Affine(self.latent.size, n_classes, generator) if n_classes else None
        attends = n_classes > 0 and self.pooling == "attention"
        self.attention = Attention(self.latent.size, generator) if attends else None

    def encode(self, batch: Batch, generator: torch.Generator | None = None) -> Tensor:
        """Read each walk from its end to the soma, (n_encoded, w)."""
        inputs = self._drop(self.encoder_input(batch.x), generator)
        read = self._read_packed if batch.packed else self._read_padded
        state = read(inputs, batch, generator)
        return self.to_latent(torch.cat([part for pair in state for part in pair]))

    def _read_packed(
        self, inputs: Tensor, batch: Batch, generator: torch.Generator | None
    ) -> State:
        masks = self._layer_masks(self.encoder, batch.counts, generator)
        nodes = inputs.split(batch.counts, dim=1)
        state = self.encoder.zero_state(inputs)
        for step in reversed(range(len(nodes))):
            state = widened(state, batch.counts[step])
            state = self.encoder.step(nodes[step], state, masks[step])
        return state

    def _read_padded(
        self, inputs: Tensor, batch: Batch, generator: torch.Generator | None
    ) -> State:
        steps, walks = len(batch.counts), batch.length.shape[0]

        def from_the_end(x: Tensor) -> Tensor:
            return x.view(-1, steps, walks).permute(1, 2, 0).flip(0)

        shape = (self.encoder.size, steps * walks)
        masks = [
            None if mask is None else from_the_end(mask)
            for _ in range(self.encoder.layers - 1)
            for mask in [dropout_mask(shape, self.dropout, generator)]
        ]
        step = torch.arange(steps, device=inputs.device).flip(0)
        return self.encoder.read(from_the_end(inputs), step[:, None] >= batch.length, masks)

    def decode(
        self,
        z: Tensor,
        nodes: list[Tensor],
        forced: list[Tensor] | None = None,
        generator: torch.Generator | None = None,
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Unfold latents ``z`` (size, w) node by node, from the first node of each walk on.

        ``nodes`` are the true nodes (3, counts[t]) of each step; of the steps after the first,
        only the counts matter, except where ``forced`` (counts[t],) puts the true node in place of
        the decoder's own. Returns, for each step but the last, the next node (3, counts[t]) and
        the logit of the probability that the walk ends here (counts[t],).
        """
        counts = [node.shape[1] for node in nodes[:-1]]
        pairs = self.from_latent(z).float().chunk(2 * self.decoder.layers)
        state = list(zip(pairs[::2], pairs[1::2], strict=True))
        embedding_masks = self._masks(len(self.decoder_input.bias), counts, generator)
        layer_masks = self._layer_masks(self.decoder, counts, generator)
        own, following, ends = nodes[0], [], []
        for step, n in enumerate(counts):
            own, state = own[:, :n], narrowed(state, n)
            if forced is not None and step > 0:
                own = torch.where(forced[step], nodes[step], own)
            x = _times(self.decoder_input(own), embedding_masks[step])
            state = self.decoder.step(x, state, layer_masks[step])
            output = self.decoder_output(state[-1][0]).float()
            own = output[:3]
            following.append(own)
            ends.append(output[3])
        return following, ends

    def pool(self, location: Tensor, batch: Batch) -> Tensor:
        """The latent of each neuron, the locations of its walks (size, w) pooled, (size, b).

        Without classes to learn from, attention is the mean.
        """
        if self.pooling == "max":
            return largest(location, batch)
        score = None if self.attention is None else self.attention(location)
        return mean(location, batch, score)

    def classify(self, pooled: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """The logits of the classes, (b, classes)."""
        return self.classifier(self._drop(pooled, generator)).T

    def _drop(self, x: Tensor, generator: torch.Generator | None) -> Tensor:
        return _times(x, dropout_mask(tuple(x.shape), self.dropout, generator))

    def _masks(
        self, size: int, counts: list[int], generator: torch.Generator | None
    ) -> list[Tensor | None]:
        mask = dropout_mask((size, sum(counts)), self.dropout, generator)
        return [None] * len(counts) if mask is None else list(mask.split(counts, dim=1))

    def _layer_masks(
        self, lstm: LSTM, counts: list[int], generator: torch.Generator | None
    ) -> list[tuple[Tensor | None, ...]]:
        """For each step, the masks between the layers."""
        between = [self._masks(lstm.size, counts, generator) for _ in range(lstm.layers - 1)]
        return list(zip(*between, strict=True)) if between else [()] * len(counts)


def decoded_length(ends: list[Tensor]) -> Tensor:
    """The nodes (w,) int64 of walks, from the logits (w,) that they end at each node but the last.

    A walk ends where its survival, the probability that no node so far was its end, falls below
    1/2: at the median of its length. The first node whose own probability is above 1/2 may never
    come where small probabilities add up, and would give walks that are too long.
    """
    survival = torch.sigmoid(-torch.stack(ends)).cumprod(dim=0)
    return 1 + (survival >= 0.5).sum(dim=0)


def _times(x: Tensor, mask: Tensor | None) -> Tensor:
    return x if mask is None else x * mask


# The walks of a neuron pooled into one vector, whatever their order.


class Attention(nn.Module):
    """A weight for each walk, learned with the classifier (Ilse et al., ICML 2018).

    It begins with equal weights.
    """

    def __init__(self, size: int, generator: torch.Generator) -> None:
        super().__init__()
        self.inner, self.outer = Affine(size, size, generator), Affine(size, 1, generator)
        nn.init.zeros_(self.outer.weight)

    def forward(self, location: Tensor) -> Tensor:
        """The score (1, w) of each walk; a walk that occurs twice has it twice."""
        return self.outer(torch.tanh(self.inner(location))).float()


def largest(location: Tensor, batch: Batch) -> Tensor:
    """The largest value of each dimension over the walks of each neuron, (size, b)."""
    return batch.by_place(location).masked_fill(~batch.filled, -torch.inf).amax(dim=2)


def mean(location: Tensor, batch: Batch, score: Tensor | None = None) -> Tensor:
    """The mean over the walks of each neuron, (size, b), weighted by ``exp(score)`` (1, w)."""
    weight = batch.weight[None].log() if score is None else batch.weight.log() + score
    weight = batch.by_place(weight).masked_fill(~batch.filled, -torch.inf).softmax(dim=2)
    return (batch.by_place(location) * weight).masked_fill(~batch.filled, 0).sum(dim=2)


# The latent of a walk: what the encoder's output (features, w) means, and how it is drawn.


class Sphere:
    """A von Mises-Fisher distribution of fixed concentration around the output's direction.

    Its divergence from the uniform distribution is a constant, so that it costs nothing. A draw is
    the direction of the sum of ``n_draws`` draws. (The mean itself, as published, is no unit
    vector.)
    """

    def __init__(self, size: int, kappa: float, n_draws: int) -> None:
        self.size = self.n_encoded = size
        self.kappa, self.n_draws = kappa, n_draws

    def location(self, encoded: Tensor) -> Tensor:
        """The mean direction (size, w)."""
        return normalize(encoded.float(), dim=0)

    def draw(self, encoded: Tensor, generator: torch.Generator) -> Tensor:
        """A draw (size, w)."""
        mu = self.location(encoded).T.expand(self.n_draws, -1, -1)
        return normalize(sample_vmf(mu, self.kappa, generator).sum(dim=0), dim=-1).T

    def cost(self, encoded: Tensor) -> Tensor:
        """The divergence from the prior as far as it depends on the weights, (w,)."""
        return encoded.new_zeros(encoded.shape[1])


class Gaussian:
    """A Gaussian with independent axes; the output is its mean and the logarithms of variances."""

    def __init__(self, size: int) -> None:
        self.size, self.n_encoded = size, 2 * size

    def location(self, encoded: Tensor) -> Tensor:
        """The mean (size, w)."""
        return encoded[: self.size].float()

    def draw(self, encoded: Tensor, generator: torch.Generator) -> Tensor:
        """A draw (size, w)."""
        mean, log_variance = encoded.float().chunk(2)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return mean + torch.exp(0.5 * log_variance) * noise

    def cost(self, encoded: Tensor) -> Tensor:
        """The divergence from the standard Gaussian in nats, (w,)."""
        mean, log_variance = encoded.float().chunk(2)
        return 0.5 * (mean**2 + torch.exp(log_variance) - 1 - log_variance).sum(dim=0)


def make_latent(settings: dict) -> Sphere | Gaussian:
    """The latent that the settings ask for."""
    if settings["latent"] == "gaussian":
        return Gaussian(settings["latent_size"])
    return Sphere(settings["latent_size"], settings["kappa"], settings["n_draws"])
