"""The two mechanisms: Gaussian noise on counts, and the noisy choice. Noise comes from the operating system.

Both write into the ledger before they look at a number, and both go through opendp, whose samplers are exact: floating
point cannot leak through the last bits of the noise (Mironov 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from likewise.dp.accounting import epsilon_of_exponential, rho_of_exponential, rho_of_gaussian, sigma_of_gaussian
from likewise.dp.ledger import Entry, Ledger
from likewise.errors import MissingExtraError, PrivacyError

if TYPE_CHECKING:
    from types import ModuleType


def noisy_counts(
    counts: npt.NDArray[np.integer[Any]], rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0,
    delta: float = 0.0,
) -> tuple[npt.NDArray[np.float64], float]:  # fmt: skip
    """Counts with discrete Gaussian noise, and the noise's deviation. Canonne, Kamath and Steinke 2020.

    Args:
        counts: whole numbers, any shape; one row changes them by at most `sensitivity` in L2.
        rho: what may be spent on them all together.
        delta: what a choice made from them adds to delta.

    Privacy: rho, and delta.
    """
    dp = _opendp()
    counts = np.asarray(counts)
    if counts.dtype.kind not in "iu":
        raise PrivacyError(f"{what}: counts must be whole numbers, got {counts.dtype}")
    sigma = sigma_of_gaussian(sensitivity, rho)
    entry = Entry(
        what=what, mechanism="gaussian", parameter=sigma, sensitivity=sensitivity,
        rho=rho_of_gaussian(sensitivity, sigma), delta=delta,
    )  # fmt: skip
    ledger.spend(entry)
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    mechanism = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=sigma)
    noisy = mechanism(counts.astype(np.int64).ravel().tolist())
    return np.asarray(noisy, np.float64).reshape(counts.shape), sigma


def noisy_choices(
    lists: Sequence[npt.NDArray[np.floating[Any]]], rho: float, ledger: Ledger, what: str, *, sensitivity: float = 1.0
) -> list[int]:
    """From each list of scores the number of one among the greatest: the exponential mechanism (McSherry and Talwar
    2007), by Gumbel noise.

    Args:
        lists: (n,) finite scores each. One row changes the scores of one list only, each by at most `sensitivity`: the
            lists then cost together what one does (parallel composition).

    Privacy: rho.
    """
    dp = _opendp()
    for scores in lists:
        if not len(scores) or not np.isfinite(scores).all():
            raise PrivacyError(f"{what}: there must be scores to choose from, all finite, got {len(scores)}")
    epsilon = epsilon_of_exponential(rho)
    entry = Entry(
        what=what, mechanism="exponential", parameter=epsilon, sensitivity=sensitivity, rho=rho_of_exponential(epsilon)
    )
    ledger.spend(entry)
    domain = dp.vector_domain(dp.atom_domain(T="f64", nan=False))
    # Gumbel noise of this scale is the exponential mechanism with exp(epsilon * score / (2 * sensitivity)).
    mechanism = dp.m.make_noisy_max(
        domain, dp.linf_distance(T="f64"), dp.zero_concentrated_divergence(), scale=2 * sensitivity / epsilon
    )
    return [int(mechanism(np.asarray(scores, np.float64).tolist())) for scores in lists]


def _opendp() -> ModuleType:
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise MissingExtraError("opendp", "dp") from error
    dp.enable_features("contrib")
    module: ModuleType = dp
    return module
