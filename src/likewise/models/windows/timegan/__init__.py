"""TimeGAN (Yoon et al. 2019): `model.py` is the generator, `phases.py` how it learns."""
