"""AdamW on lists of tensors.

NOTE[DIFF]: the arithmetic of torch.optim.AdamW, which a test holds it to. The first step of a torch optimiser imports
the compiler stack, two seconds and more that a whole fit of a small table does not take.
"""

from __future__ import annotations

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
        self.steps += 1
        # The kernel of torch.optim.AdamW(fused=True): one pass over memory instead of eight.
        torch._fused_adamw_(
            self.parameters, gradients, self.means, self.squares, [],
            [torch.tensor(float(self.steps), device=p.device) for p in self.parameters],
            lr=rate, beta1=self.betas[0], beta2=self.betas[1], weight_decay=self.weight_decay, eps=self.eps,
            amsgrad=False, maximize=False,
        )  # fmt: skip
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
