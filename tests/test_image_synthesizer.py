"""Synthesizer and command line on images: what comes is the kind that went in, with the labels asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.errors import ConditionError, InputError, ModelFileError, OptionError
from likewise.images.sets import ImageSet, read_images, write_images

X = np.random.default_rng(0).integers(0, 256, (40, 6, 7), dtype=np.uint8)
Y = np.arange(40) % 4 + 5
TINY: dict[str, Any] = {"epochs": 1, "width": 8, "latent_dim": 3, "random_state": 0}


def made(model: str, **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, **{**TINY, **({"critic_epochs": 1} if model == "vaegan" else {}), **options})


@pytest.fixture(scope="module")
def fitted() -> lw.Synthesizer:
    return made("vae").fit({"x": X, "y": Y})


@pytest.mark.parametrize("model", ["vae", "gan", "vaegan"])
def test_arrays_give_arrays_and_mappings_give_mappings(model: str) -> None:
    plain = made(model).fit(X).sample(5)
    assert (plain.shape, plain.dtype) == ((5, 6, 7), X.dtype)
    told = made(model).fit(X, y=Y).sample(5, where={"y": 7})
    assert (told.shape, told.dtype) == ((5, 6, 7), X.dtype)
    both = made(model).fit({"x": X[:, None] / 255, "y": Y}).sample(5, where={"y": [5, 6]})
    assert (both["x"].shape, both["x"].dtype) == ((5, 1, 6, 7), np.float64)
    assert both["y"].dtype == Y.dtype
    assert set(both["y"]) <= {5, 6}
    assert both["x"].min() >= 0
    assert both["x"].max() <= 1


def test_as_many_as_there_were_and_the_same_for_a_seed(fitted: lw.Synthesizer) -> None:
    one, other = (fitted.sample(random_state=3) for _ in range(2))
    assert len(one["x"]) == 40
    assert np.array_equal(one["x"], other["x"])
    assert np.array_equal(one["y"], other["y"])
    assert not np.array_equal(fitted.sample()["x"], fitted.sample()["x"])


def test_the_latent_space_has_a_way_in_and_out(fitted: lw.Synthesizer) -> None:
    some = {"x": X[:4], "y": Y[:4]}
    z = fitted.encode(some)
    assert z.shape == (4, 3)
    assert fitted.decode(z, where={"y": 8})["y"].tolist() == [8] * 4
    assert fitted.reconstruct(some)["y"].tolist() == Y[:4].tolist()
    way = fitted.interpolate({"x": X[:2], "y": Y[:2]}, {"x": X[2:4], "y": Y[2:4]}, steps=4)
    assert way["x"].shape == (8, 6, 7)
    assert way["y"].tolist() == [5, 5, 7, 7, 6, 6, 8, 8]
    assert np.array_equal(way["x"][0], fitted.reconstruct(some)["x"][0])
    assert np.isfinite(fitted.elbo(some)).all()


def test_a_model_file_draws_the_same_images(fitted: lw.Synthesizer, tmp_path: Path) -> None:
    fitted.save(tmp_path / "m.likewise")
    again = lw.load(tmp_path / "m.likewise")
    one, other = (s.sample(6, where={"y": 7}, random_state=1) for s in (fitted, again))
    assert np.array_equal(one["x"], other["x"])
    assert other["y"].tolist() == [7] * 6
    assert other["y"].dtype == Y.dtype
    assert np.array_equal(again.encode({"x": X, "y": Y}), fitted.encode({"x": X, "y": Y}))
    plain = made("gan").fit(X)
    plain.save(tmp_path / "g.likewise")
    assert list(lw.load(tmp_path / "g.likewise").sample(2)) == ["x"]


def test_a_damaged_model_file_of_images_is_refused(fitted: lw.Synthesizer, tmp_path: Path) -> None:
    from likewise.modelfile import read_model, write_model

    fitted.save(tmp_path / "m.likewise")
    file = read_model(tmp_path / "m.likewise")
    changes: list[dict[str, Any]] = [
        {"codec": {**file.manifest["codec"], "shape": [1, 60, 70]}},
        {"codec": {**file.manifest["codec"], "range": [0, 3]}},
        {"model": {"name": "copula", "options": {}}},
        {"model": {"name": "vae", "options": {**file.manifest["model"]["options"], "width": 10**6}}},
        {"n_rows": 0},
    ]
    for i, change in enumerate(changes):
        path = tmp_path / f"{i}.likewise"
        write_model(path, {**file.manifest, **change}, file.arrays)
        with pytest.raises(ModelFileError):
            lw.load(path)


def test_small_classes_are_learnt_and_lonely_images_refused() -> None:
    y = np.r_[np.zeros(36, int), 1, 1, 2, 2]
    assert made("vae").fit(X, y=y).sample(3, where={"y": 2}).shape == (3, 6, 7)
    with pytest.raises(InputError, match="1 of 3 classes"):
        made("vae").fit(X[:-1], y=y[:-1])
    with pytest.raises(InputError, match="all labels are the same"):
        made("vae").fit(X, y=np.zeros(40, int))
    with pytest.raises(InputError, match="0 images"):
        made("vae").fit(X[:0])


def test_tables_and_images_are_not_mixed_up(fitted: lw.Synthesizer) -> None:
    table = pl.DataFrame({"a": [1, 2] * 10})
    with pytest.raises(OptionError, match="no model of images 'copula'"):
        lw.Synthesizer("copula").fit(X)
    with pytest.raises(InputError, match="learns no images"):
        lw.Synthesizer(lw.GaussianCopula()).fit(X)
    with pytest.raises(InputError, match="learns images"):
        lw.Synthesizer(lw.ImageGAN()).fit(table)
    with pytest.raises(InputError, match="labels of images"):
        lw.Synthesizer("copula").fit(table, y=Y[:20])
    with pytest.raises(OptionError, match="schema is for tables"):
        lw.Synthesizer("vae", schema=lw.infer(table)).fit(X)
    with pytest.raises(InputError, match="learnt images"):
        fitted.encode(table)
    with pytest.raises(OptionError, match="fills tables"):
        fitted.complete(table)
    with pytest.raises(ConditionError, match="'z'"):
        fitted.sample(2, where={"z": 1})
    with pytest.raises(InputError, match="lack labels"):
        fitted.encode(X)


def test_a_refit_on_a_table_forgets_images() -> None:
    synth = lw.Synthesizer("vae", epochs=1, random_state=0).fit(X)
    drawn = synth.fit(pl.DataFrame({"a": ["u", "v"] * 20})).sample(3)
    assert isinstance(drawn, pl.DataFrame)


# ---- the command line ------------------------------------------------------------------------------------------------


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_synth_and_sample_write_images(tmp_path: Path) -> None:
    write_images(ImageSet(X, Y), tmp_path / "real.npz")
    model = tmp_path / "m.likewise"
    done = run(
        "synth", tmp_path / "real.npz", "-o", tmp_path / "fake.npz", "--model", "vae", "--max-seconds", 0.5,
        "--where", "y=7", "-n", 9, "--save", model, "--seed", 1, "--no-measure",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    fake = read_images(tmp_path / "fake.npz")
    assert fake.x.shape == (9, 6, 7)
    assert fake.y.tolist() == [7] * 9
    assert run("sample", model, "-n", 4, "-o", tmp_path / "more", "--where", "y=5|6").exit_code == 0
    assert set(read_images(tmp_path / "more").y) <= {5, 6}


def test_synth_reads_folders_with_the_default_model(tmp_path: Path) -> None:
    write_images(ImageSet(X[:, :4, :4], Y), tmp_path / "real")
    done = run("synth", tmp_path / "real", "-o", tmp_path / "fake", "--max-seconds", 0.5, "--no-measure", "-n", 8)
    assert done.exit_code == 0, done.output
    assert len(read_images(tmp_path / "fake")) == 8


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("-o", "fake.csv"), 5),
        (("-o", "real.npz"), 2),
        (("-o", "fake.npz", "--where", "y=99"), 4),
        (("-o", "fake.npz", "--where", "z=1"), 4),
        (("-o", "fake.npz", "--model", "copula"), 2),
        (("-o", "fake.npz", "--target", "y"), 2),
    ],
)
def test_wrong_usage_is_told_before_the_long_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    write_images(ImageSet(X, Y), "real.npz")
    done = run("synth", "real.npz", *arguments)
    assert done.exit_code == code, done.output
    assert [p.name for p in tmp_path.iterdir()] == ["real.npz"]


def test_a_damaged_file_of_images_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "real.npz").write_bytes(b"PK nothing")
    done = run("synth", tmp_path / "real.npz", "-o", tmp_path / "fake.npz")
    assert done.exit_code == 3


def test_a_holdout_that_is_no_images_is_refused() -> None:
    x = np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)
    for holdout in (x[0], [1, 2], {"windows": x}, lw.WindowSet(x.astype(float))):
        with pytest.raises(InputError, match="the holdout is none"):
            made("vae").fit(x, holdout=holdout)


def test_options_of_rows_and_steps_are_refused_with_images() -> None:
    x = {"x": np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)}
    with pytest.raises(OptionError, match="rules is for tables"):
        made("vae", rules=["a <= b"]).fit(x)
    with pytest.raises(OptionError, match="images have no steps"):
        made("vae", time=True).fit(x)
