"""A cluster of two nodes on this machine, of which one is lost midway; run by a test in a process of its own.

python -m tests.engines.cluster MODEL ROWS TARGET
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.engines import jobs

import likewise as lw
from likewise.engines import engine_of

NODE = {"num_cpus": 1, "object_store_memory": 2**27}
TRIES = 4
"""A busy machine may take longer to start a node than Ray waits."""


def cluster() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    for left in reversed(range(TRIES)):
        try:
            return Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
        except Exception:
            if not left:
                raise
    raise AssertionError


def main(model: str, rows: int, target: Path) -> None:
    nodes = cluster()
    try:
        second = nodes.add_node(**NODE)
        with engine_of("ray", address=nodes.address) as engine:
            met = set(engine.map(jobs.node, range(6), 0.2))

            def lose() -> None:
                while not list(target.parent.glob(f".{target.name}*/*{target.suffix}")):
                    time.sleep(0.02)
                nodes.remove_node(second, allow_graceful=False)

            losing = threading.Thread(target=lose, daemon=True)
            losing.start()
            drawn = lw.load(model).sample(rows, to=target, random_state=1, engine="ray")
            losing.join(60)
            left = set(engine.map(jobs.node, range(2), 0.0))
        told = {"workers": engine.workers, "nodes": len(met), "left": len(left & met), "of": str(drawn)}
        sys.stdout.write(json.dumps(told) + "\n")
    finally:
        nodes.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
