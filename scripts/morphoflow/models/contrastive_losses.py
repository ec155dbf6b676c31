"""What is minimised so that two views of an object are alike, and other objects are not."""

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity, normalize


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """The normalised, temperature-scaled cross entropy () of two views (b, d) of b objects.

    Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020:
    each of the 2 b views shall tell its partner from the 2 b - 2 others by their cosine. It is 0
    for a single object, which has no others.
    """
    first, second = (normalize(z.float(), dim=1) for z in (first, second))
    views = torch.cat([first, second])
    similarity = views @ views.T / temperature
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    partner = (first * second).sum(1).repeat(2) / temperature
    return (similarity.masked_fill(itself, -torch.inf).logsumexp(1) - partner).mean()


def simsiam(predicted: tuple[Tensor, Tensor], projected: tuple[Tensor, Tensor]) -> Tensor:
    """The symmetric negative cosine () of each view's prediction and the other view's projection.

    Chen and He, "Exploring simple Siamese representation learning", CVPR 2021; all are (b, d), and
    no gradient reaches the projections. It is -1 at best, which a collapse to one point reaches
    too: see :func:`morphoflow.models.contrastive_monitor.spread`.
    """
    crossed = zip(predicted, reversed(projected), strict=True)
    terms = [cosine_similarity(p.float(), z.detach().float(), dim=1).mean() for p, z in crossed]
    return -sum(terms) / 2
