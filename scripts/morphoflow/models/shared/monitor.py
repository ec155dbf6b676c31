"""How good a representation is, and whether it has collapsed, without training anything on it."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

# Embeddings that are compared with all others at a time.
CHUNK = 1024
VOTE_TEMPERATURE = 0.1


def spread(x: Tensor) -> Tensor:
    """The mean standard deviation () of the normalised rows of ``x`` (n, d), times the root of d.

    1 if they lie evenly around the sphere, 0 if they have collapsed to a point (Chen and He, CVPR
    2021, figure 2, where the scale is 1 / sqrt(d)).
    """
    return normalize(x.float(), dim=1).std(0, correction=0).mean() * x.shape[1] ** 0.5


def effective_rank(x: Tensor) -> float:
    """The number of dimensions that the rows of ``x`` (n, d) fill, from 1 to d.

    The exponential of the entropy of the centred rows' singular values (Roy and Vetterli, EUSIPCO
    2007); 1 if all rows are alike.
    """
    x = x.double().cpu()
    singular = torch.linalg.svdvals(x - x.mean(0))
    share = singular / singular.sum().clamp_min(torch.finfo(x.dtype).tiny)
    return float(torch.special.entr(share).sum().exp())


def alignment(first: Tensor, second: Tensor) -> float:
    """The mean squared distance of two views (n, d) of the same objects on the sphere.

    Wang and Isola, ICML 2020; 0 if augmentation changes nothing, or after a collapse.
    """
    difference = normalize(first.float(), dim=1) - normalize(second.float(), dim=1)
    return float(difference.square().sum(1).mean())


def uniformity(x: Tensor) -> float:
    """The logarithm of the mean Gaussian potential of pairs of the rows ``x`` (n, d), n > 1.

    Wang and Isola, ICML 2020; 0 after a collapse, and lower the more evenly the rows lie around
    the sphere.
    """
    x = normalize(x.float(), dim=1).double()
    # The squared distance of unit vectors is 2 - 2 cosine; the n pairs of a row with itself have 1.
    total = sum((4 * (part @ x.T) - 4).exp().sum() for part in x.split(CHUNK))
    pairs = len(x) * (len(x) - 1)
    return float(((total - len(x)) / pairs).log())


def vote(voters: Tensor, classes: Tensor, queries: Tensor, neighbours: int) -> Tensor:
    """The class (q,) of each of the ``queries`` (q, d) by its nearest ``voters`` (m, d).

    ``classes`` (m,) int64 are the voters', from 0. Nearest by cosine, each with the weight
    exp(cosine / 0.1), as in Wu et al., CVPR 2018.
    """
    voters, queries = (normalize(x.float(), dim=1) for x in (voters, queries))
    names = torch.arange(int(classes.max()) + 1, device=classes.device)
    winners = []
    for part in queries.split(CHUNK):
        cosine, nearest = (part @ voters.T).topk(min(neighbours, len(voters)))
        weight = (cosine / VOTE_TEMPERATURE).exp()
        votes = weight[..., None] * (classes[nearest][..., None] == names)
        winners.append(votes.sum(1).argmax(1))
    return torch.cat(winners)
