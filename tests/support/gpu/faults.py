"""Planted faults that a GPU refuses or waits for: the pretended one must find them."""

import numpy as np
import torch
from torch.nn import functional


def ones(*shape, **more):
    return torch.ones(*shape, device="cuda:0", **more)


def learned(*shape):
    return ones(*shape, requires_grad=True)


REFUSED = {
    "sum of two devices": lambda: ones(3) + torch.ones(3),
    "product of two devices": lambda: ones(3, 3) @ torch.ones(3, 3),
    "joined from two devices": lambda: torch.cat([ones(3), torch.ones(3)]),
    "weights left on the CPU": lambda: torch.nn.Conv2d(1, 1, 3)(ones(1, 1, 4, 4)),
    "index on the GPU of the CPU's": lambda: torch.ones(3)[torch.zeros(1, device="cuda:0").long()],
    "CPU generator": lambda: torch.randn(3, generator=torch.Generator(), device="cuda:0"),
    "CPU generator in place": lambda: ones(3).normal_(generator=torch.Generator()),
    "GPU generator": lambda: torch.randn(3, generator=torch.Generator("cuda")),
    "NumPy": lambda: ones(3).numpy(),
    "NumPy's asarray": lambda: np.asarray(ones(3)),
    "float cumsum": lambda: ones(3).cumsum(0),
    "histogram": lambda: torch.histc(ones(9)),
    "median": lambda: ones(3, 3).median(1),
    "pooled": lambda: functional.avg_pool3d(learned(1, 1, 4, 4, 4), 2).sum().backward(),
    "reflected": lambda: functional.pad(learned(1, 1, 4, 4), (1,) * 4, "reflect").sum().backward(),
    "moved": lambda: (
        functional.grid_sample(learned(1, 1, 4, 4), ones(1, 4, 4, 2), align_corners=True)
        .sum()
        .backward()
    ),
}
WAITS = {
    "number": lambda: float(ones(3).sum()),
    "question": lambda: bool(ones(1) > 0),
    "list": lambda: ones(3).tolist(),
    "to the CPU": lambda: ones(3).cpu(),
    "to the GPU": lambda: torch.ones(3).to("cuda"),
    "new tensor": lambda: ones(3).new_tensor([1.0, 2.0]),
    "index": lambda: ones(3)[torch.tensor([0, 1])],
    "chosen by a mask": lambda: ones(3)[ones(3) > 0],
    "set by a mask": lambda: ones(3).__setitem__(ones(3) > 0, 1.0),
    "places": lambda: ones(3).nonzero(),
}


def trained():
    """A small network that takes steps, with a gradient that is clipped."""
    network = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.SiLU(), torch.nn.Linear(8, 1))
    network.to("cuda")
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    for _ in range(2):
        optimizer.zero_grad()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            loss = network(ones(5, 4)).float().square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()


ALLOWED = {
    "one value of the CPU": lambda: ones(3) + torch.ones(()),
    "copy that nobody waits for": lambda: torch.ones(3).to("cuda", non_blocking=True),
    "GPU generator": lambda: torch.randn(3, generator=torch.Generator("cuda"), device="cuda"),
    "order of a CPU generator": lambda: torch.randperm(3, generator=torch.Generator()),
    "zeros": lambda: torch.where(ones(3) > 0, ones(3), 0.0).sum(),
}
