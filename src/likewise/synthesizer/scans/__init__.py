"""Learning from tables that are not held: counted in one pass over their shards, coded in another, trained on from a
file of codes."""
