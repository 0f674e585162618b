"""From measures to scores: each family of figures beside its floor, with its words. One file a family."""
