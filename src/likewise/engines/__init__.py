"""Where work is done: in this process, in several, or on the machines of a Ray cluster.

Three verbs are all that the rest of the house knows: `map` a pure function over items, `fold` what comes back over a
fixed tree, `run` a gang of ranks that talk to each other. How many workers there are never reaches a function, so that
it cannot change what comes out.
"""

from likewise.engines.base import Engine, Rank, fold
from likewise.engines.choose import engine_of, working

__all__ = ["Engine", "Rank", "engine_of", "fold", "working"]
