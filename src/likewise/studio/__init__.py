"""The local page, `likewise studio`: corrects types, trains, shows what leaks, draws rows. It reaches nothing outside.

`guard.py` stands before everything and lets through what it knows; `server.py` answers; `session.py` is what the person
has said so far, plain data; `jobs.py` runs the long work in processes of their own, `worker.py`, so that the server
never imports torch; `recipes.py` says every step as a command, as Python and as TOML.
"""
