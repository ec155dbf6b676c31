"""The step-by-step LSTM is the one of torch; dropout masks have the share and mean they say."""

import pytest
import torch

from morphoflow.models.morphvae.recurrent import LSTM, dropout_mask, narrowed, widened

N_IN, SIZE, LAYERS, STEPS, N = 5, 6, 2, 7, 9


def pair():
    """The same LSTM in both implementations; torch has the gates in another order."""
    own = LSTM(N_IN, SIZE, LAYERS, torch.Generator().manual_seed(0))
    reference = torch.nn.LSTM(N_IN, SIZE, LAYERS)
    order = torch.cat([torch.arange(SIZE) + gate * SIZE for gate in (0, 1, 3, 2)])
    with torch.no_grad():
        for k in range(LAYERS):
            own.bias[k].normal_(generator=torch.Generator().manual_seed(k))
            n_in = own.weight[k].shape[1] - SIZE
            getattr(reference, f"weight_ih_l{k}").copy_(own.weight[k][order, :n_in])
            getattr(reference, f"weight_hh_l{k}").copy_(own.weight[k][order, n_in:])
            getattr(reference, f"bias_ih_l{k}").copy_(own.bias[k][order, 0])
            getattr(reference, f"bias_hh_l{k}").zero_()
    return own, reference, order


def run(own, x):
    state, outputs = widened(own.zero_state(x), x.shape[2]), []
    for step in x:
        state = own.step(step, state, [None])
        outputs.append(state[-1][0])
    return torch.stack(outputs), state


def test_values_and_gradients_equal_those_of_torch():
    own, reference, order = pair()
    x = torch.randn(STEPS, N_IN, N, generator=torch.Generator().manual_seed(2))
    x_own, x_reference = x.clone().requires_grad_(), x.mT.clone().requires_grad_()
    outputs, state = run(own, x_own)
    expected, (h, c) = reference(x_reference)
    torch.testing.assert_close(outputs.mT, expected)
    for k in range(LAYERS):
        torch.testing.assert_close(state[k][0].T, h[k])
        torch.testing.assert_close(state[k][1].T, c[k])
    (outputs.square().sum() + state[0][1].sin().sum()).backward()
    (expected.square().sum() + c[0].sin().sum()).backward()
    torch.testing.assert_close(x_own.grad.mT, x_reference.grad)
    for k in range(LAYERS):
        gates = [getattr(reference, f"weight_{of}_l{k}").grad for of in ("ih", "hh")]
        torch.testing.assert_close(own.weight[k].grad[order], torch.cat(gates, dim=1))
        torch.testing.assert_close(
            own.bias[k].grad[order, 0], getattr(reference, f"bias_ih_l{k}").grad
        )


def test_items_that_enter_later_start_from_nothing_and_those_that_leave_change_nothing():
    own, _, _ = pair()
    x = torch.randn(STEPS, N_IN, N, generator=torch.Generator().manual_seed(2))
    state = own.zero_state(x)
    for step, n in zip(x[:3], (2, 5, 9), strict=True):
        state = own.step(step[:, :n], widened(state, n), [None])
    torch.testing.assert_close(state[1][0][:, 2:5], run(own, x[1:3, :, 2:5])[1][1][0])
    torch.testing.assert_close(state[1][0][:, 5:], run(own, x[2:3, :, 5:])[1][1][0])
    some = own.step(x[3][:, :4], narrowed(state, 4), [None])
    every = own.step(x[3], state, [None])
    torch.testing.assert_close(some[1][0], every[1][0][:, :4])


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.93])
def test_dropout_masks_keep_the_mean(rate):
    mask = dropout_mask((101, 997), rate, torch.Generator().manual_seed(0))
    assert mask.shape == (101, 997) and set(mask.unique().tolist()) == {0.0, mask.max().item()}
    assert (mask == 0).double().mean().item() == pytest.approx(rate, abs=0.005)
    assert mask.mean().item() == pytest.approx(1, abs=4 * (rate / (1 - rate) / mask.numel()) ** 0.5)


def test_no_mask_in_evaluation_or_at_rate_zero():
    assert dropout_mask((2, 2), 0.5, None) is None
    assert dropout_mask((2, 2), 0.0, torch.Generator()) is None
