"""The weights of networks in the saved state of a progressive GAN."""

from torch import Tensor, nn

from morphoflow.errors import InputError


def joined(networks: dict[str, nn.Module]) -> dict[str, Tensor]:
    """The tensors of networks under one name each, of which :func:`part` takes one network's."""
    return {
        f"{name}.{key}": value
        for name, network in networks.items()
        for key, value in network.state_dict().items()
    }


def part(state: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """The tensors of a saved model that belong to the network ``name``."""
    prefix = f"{name}."
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }


def take_over(network: nn.Module, state: dict[str, Tensor], name: str) -> None:
    """Give ``network`` the weights of the network ``name`` of another run.

    Raises InputError where their shapes differ.
    """
    other = part(state, name)
    shapes, others = (
        {key: value.shape for key, value in each.items()} for each in (network.state_dict(), other)
    )
    if shapes != others:
        raise InputError(
            f"the weights in `start_from` do not fit the {name}; train both runs on images of one "
            "size, with equal `widths`, `latent_size` and `faithful`."
        )
    network.load_state_dict(other)
