"""Without torch, as a light install leaves it: what needs no net works, and what needs one says what to install."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from likewise.models import MODELS
from likewise.models.gradient.model import NetModel
from likewise.nets import WITHOUT

ROOT = Path(__file__).resolve().parent.parent

LIGHT = """
import importlib.metadata, importlib.util, sys, warnings
from pathlib import Path

warnings.simplefilter("ignore")

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "functorch"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

found = importlib.metadata.distribution
def absent(name):
    if name == "torch":
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)

sys.meta_path.insert(0, NoTorch())
importlib.metadata.distribution = absent

import numpy as np
import polars as pl
import likewise as lw
from likewise.balance import Oversampler
from likewise.privacy import anonymize

rng = np.random.default_rng(0)
x = rng.normal(size=300).round(2)
frame = pl.DataFrame({"x": x, "y": x + rng.normal(size=300).round(2), "kind": rng.choice(["a", "b", "c"], 300)})
holes = frame.with_columns(pl.when(pl.Series(rng.random(300) < 0.1)).then(None).otherwise("y").alias("y"))

for name in ("copula", "cart"):
    lw.Synthesizer(name, random_state=0).fit(frame).save("m.likewise")
    fake = lw.load("m.likewise").sample(300)
    assert fake.height == 300
declared = lw.infer(frame).declare(
    {"x": {"bounds": (-4, 4)}, "y": {"bounds": (-6, 6)}, "kind": {"levels": ("a", "b", "c")}}, nullable=False)
for name in ("mst", "aim"):
    private = lw.Synthesizer(name, schema=declared, privacy=lw.DP(3.0, 1e-6)).fit(frame)
    assert private.sample(10).height == 10
lw.evaluate(frame, fake).to_html("report.html")
assert anonymize(frame, quasi_identifiers=["x", "kind"], k=5).frame.height > 200
assert lw.Imputer(random_state=0).fit_transform(holes)["y"].null_count() == 0
few = np.r_[np.zeros(270), np.ones(30)].astype(int)
assert len(Oversampler("smote", random_state=0).fit_resample(frame.select("x", "y").to_numpy(), few)[0]) == 540
draw = lw.Scenario("copula", random_state=0).fit(frame).sample(50, where={"x": lw.above(0.0)})
assert (draw.frame["x"] > 0).all()

for net in (lambda: lw.Synthesizer().fit(frame), lw.VAE, lambda: lw.Imputer("gan").fit(holes),
            lambda: lw.evaluate(*[np.zeros((30, 8, 8), "uint8")] * 2)):
    try:
        net()
    except lw.MissingExtraError as error:
        assert "pip install torch" in str(error), error
    else:
        raise AssertionError("a net without torch")

if importlib.util.find_spec("starlette"):
    import likewise.studio.server, likewise.studio.jobs, likewise.studio.worker

frame.write_csv("t.csv")
from likewise.cli.app import main
def command(*words):
    sys.argv = ["likewise", *words]
    try:
        main()
    except SystemExit as end:
        return end.code or 0
    return 0
assert command("synth", "t.csv", "-o", "out.csv", "--model", "cart", "--quiet") == 0
assert command("anonymize", "t.csv", "-o", "k.csv", "--quasi-identifiers", "x", "--k", "3", "--quiet") == 0
assert command("evaluate", "t.csv", "out.csv", "--quiet") == 0
assert command("models") == 0
assert command("synth", "t.csv", "-o", "no.csv") == 2
assert not Path("no.csv").exists()
assert "torch" not in sys.modules
"""


def test_what_needs_no_net_works_without_torch(tmp_path: Path) -> None:
    run = subprocess.run([sys.executable, "-c", LIGHT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "pip install torch" in run.stderr


def test_the_models_said_to_do_without_nets_are_those() -> None:
    assert set(WITHOUT) == {name for name, kind in MODELS.items() if not issubclass(kind, NetModel)}


def test_a_light_install_lacks_torch_alone() -> None:
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    light = [line for line in (ROOT / "light.txt").read_text(encoding="utf-8").splitlines() if line[0] != "#"]
    assert light == [need for need in needs if not need.startswith("torch")]
    assert len(light) == len(needs) - 1
