"""AdamW on lists of tensors.

NOTE[DIFF]: the arithmetic of torch.optim.AdamW, which a test holds it to. The first step of a torch optimiser imports
the compiler stack, two seconds and more that a whole fit of a small table does not take.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

Decay = float | torch.Tensor
"""Share taken off a parameter a step, times the rate: one for all of it, or a tensor that is broadcast over it."""


class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).

    Args:
        parameters: what learns; each must have a gradient at every step.
        betas: decay of the running mean of the gradient and of its square.
        weight_decay: one for all parameters, or one for each.
    """

    def __init__(
        self,
        parameters: Iterable[torch.Tensor],
        *,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: Decay | Sequence[Decay] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        self.parameters = list(parameters)
        self.betas, self.eps = betas, eps
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.steps = 0
        decays = list(weight_decay) if isinstance(weight_decay, Sequence) else [weight_decay] * len(self.parameters)
        alike = [0.0 if isinstance(d, torch.Tensor) else d for d in decays]
        self.groups = [(d, [i for i, own in enumerate(alike) if own == d]) for d in sorted(set(alike))]
        unlike = [(p, d) for p, d in zip(self.parameters, decays, strict=True) if isinstance(d, torch.Tensor)]
        self.unlike, self.shares = [p for p, _ in unlike], [-d for _, d in unlike]
        """Parameters whose entries decay by shares of their own."""
        self._counts = [torch.zeros((), device=p.device) for p in self.parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter against its gradient, and forget the gradients."""
        self.steps += 1
        if self.unlike:
            left = torch._foreach_mul(self.shares, rate)
            torch._foreach_add_(left, 1.0)
            torch._foreach_clamp_min_(left, 0.5)
            torch._foreach_mul_(self.unlike, left)
        torch._foreach_zero_(self._counts)
        torch._foreach_add_(self._counts, float(self.steps))
        for decay, group in self.groups:
            parameters, counts = [self.parameters[i] for i in group], [self._counts[i] for i in group]
            means, squares = [self.means[i] for i in group], [self.squares[i] for i in group]
            gradients = [p.grad for p in parameters if p.grad is not None]
            # The kernel of torch.optim.AdamW(fused=True): one pass over memory instead of eight.
            torch._fused_adamw_(
                parameters, gradients, means, squares, [], counts,
                lr=rate, beta1=self.betas[0], beta2=self.betas[1], weight_decay=decay, eps=self.eps,
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
