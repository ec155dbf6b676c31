"""How well two views of an object tell each other from the views of other objects."""

import torch
from torch import Tensor
from torch.nn.functional import normalize


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """The normalised, temperature-scaled cross entropy () of two views (b, d) of b objects.

    Chen et al., "A simple framework for contrastive learning of visual representations", ICML 2020:
    each of the 2 b views has to tell its partner from the 2 b - 2 others by their cosine. It is 0
    for a single object, which has no others.
    """
    first, second = (normalize(z.float(), dim=1) for z in (first, second))
    views = torch.cat([first, second])
    similarity = views @ views.T / temperature
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    partner = (first * second).sum(1).repeat(2) / temperature
    return (similarity.masked_fill(itself, -torch.inf).logsumexp(1) - partner).mean()
