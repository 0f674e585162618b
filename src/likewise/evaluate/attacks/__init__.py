"""Attacks on the people behind a synthetic table. One file an attack; each has its control.

Every attack is made on training rows and, in the same way, on real rows which the generator has not seen. What it
achieves on the second is what it achieves by knowing the population; only what it achieves beyond that is a leak. A
figure at its floor says that this attack found nothing, not that there is nothing to find.
"""
