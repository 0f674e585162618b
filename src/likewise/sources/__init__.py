"""Tables that need not fit into memory: files of Parquet, or what was spooled into such, in shards of rows."""

from likewise.sources.opening import scan
from likewise.sources.source import Shard, Source

__all__ = ["Shard", "Source", "scan"]
