"""Measures of databases: keys kept, children counted, what goes through links, whole subtrees told from real ones."""
