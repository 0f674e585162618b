"""Links between the rows of a database's tables: which row points at which, and the keys by which it does."""
