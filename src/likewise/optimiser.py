"""AdamW on lists of tensors.

NOTE[DIFF]: the arithmetic of torch.optim.AdamW, which a test holds it to. The first step of a torch optimiser imports
the compiler stack, two seconds and more that a whole fit of a small table does not take.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).

    Args:
        parameters: what learns; each must have a gradient at every step.
        betas: decay of the running mean of the gradient and of its square.
        weight_decay: share of a parameter taken off a step, times the rate.
    """

    def __init__(
        self,
        parameters: Iterable[torch.Tensor],
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.parameters = list(parameters)
        self.betas, self.weight_decay, self.eps = betas, weight_decay, eps
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter against its gradient, and forget the gradients."""
        gradients = [p.grad for p in self.parameters if p.grad is not None]
        first, second = self.betas
        self.steps += 1
        torch._foreach_mul_(self.parameters, 1 - rate * self.weight_decay)
        torch._foreach_lerp_(self.means, gradients, 1 - first)
        torch._foreach_mul_(self.squares, second)
        torch._foreach_addcmul_(self.squares, gradients, gradients, value=1 - second)
        scale = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(scale, math.sqrt(1 - second**self.steps))
        torch._foreach_add_(scale, self.eps)
        torch._foreach_addcdiv_(self.parameters, self.means, scale, value=-rate / (1 - first**self.steps))
        for p in self.parameters:
            p.grad = None

    def state(self) -> dict[str, torch.Tensor]:
        """Named tensors that `load_state` takes back."""
        named = {"steps": torch.tensor(self.steps)}
        for i, (mean, square) in enumerate(zip(self.means, self.squares, strict=True)):
            named |= {f"mean{i}": mean, f"square{i}": square}
        return named

    def load_state(self, state: dict[str, torch.Tensor]) -> None:
        self.steps = int(state["steps"])
        for i in range(len(self.parameters)):
            self.means[i].copy_(state[f"mean{i}"])
            self.squares[i].copy_(state[f"square{i}"])
