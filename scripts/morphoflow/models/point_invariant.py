"""An encoder of point clouds that no rotation and no reflection changes.

It looks at a cloud through scalars alone. In a first round a point has one, its distance from the
centre. From functions of its scalars as weights, moments of the whole cloud are formed: vectors
``mean(w x)`` and matrices ``mean(w x x^T)``, which turn with it. The products ``x . v`` and
``x^T M x`` with them do not turn: they are the further scalars of each point in the next round.
Unlike axes of inertia or a graph of neighbours, no step jumps when two values are nearly equal.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

ROUNDS = 2
# Vectors, and as many matrices, that a round forms.
MOMENTS = 16


class InvariantEncoder(nn.Module):
    """Features (b, n_features) of clouds (b, n, 3), the same for all their turns and mirror images.

    The first of ``widths`` is that of the layers behind which moments are formed, the others those
    of the layers before the maximum over points.
    """

    def __init__(self, settings: dict) -> None:
        super().__init__()
        first, *widths = settings["widths"]
        self.n_neighbours, self.n_features = 0, widths[-1]
        self.in_axes = True
        sizes = [1 + 2 * MOMENTS * k for k in range(ROUNDS + 1)]
        self.weights = nn.ModuleList(
            nn.Sequential(nn.Linear(size, first), nn.ELU(), nn.Linear(first, 2 * MOMENTS))
            for size in sizes[:-1]
        )
        self.layers = nn.ModuleList(
            nn.Linear(*pair) for pair in zip([sizes[-1], *widths], widths, strict=False)
        )

    def forward(self, x: Tensor, graph: Tensor) -> Tensor:
        """Features of clouds; the graph is not used."""
        squares = (x[..., :, None] * x[..., None, :]).flatten(2)
        scalars = x.square().sum(2, keepdim=True).sqrt()
        for weights in self.weights:
            vectors, matrices = (weights(scalars).mT / x.shape[1]).chunk(2, 1)
            products = x @ (vectors @ x).mT, squares @ (matrices @ squares).mT
            scalars = torch.cat([scalars, *products], 2)
        for layer in self.layers:
            scalars = functional.elu(layer(scalars))
        return scalars.amax(1)
