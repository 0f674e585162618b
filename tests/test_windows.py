"""Windows of time series: cut from tables, learnt, drawn, saved, measured, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from safetensors.numpy import save
from typer.testing import CliRunner

import likewise as lw
from likewise.cli.app import app
from likewise.codecs.window import WindowCodec
from likewise.errors import ConditionError, InputError, LikewiseWarning, ModelFileError, OptionError
from likewise.modelfile import read_model, write_model
from likewise.models.windows import WINDOW_MODELS
from likewise.models.windows.timegan.phases import Phases
from likewise.nets.timegan import TimeGANNets
from likewise.series.order import held_apart, origins
from likewise.series.sets import WindowSet

TINY: dict[str, dict[str, Any]] = {
    "vae": {"epochs": 1, "width": 8, "latent_dim": 3},
    "gan": {"epochs": 1, "width": 8, "latent_dim": 3},
    "timegan": {"epochs": 1, "hidden": 6, "layers": 1},
    "autoregressive": {"epochs": 1, "hidden": 8},
}


def waves(n: int = 80, steps: int = 8, *, dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """Windows of one long series of two channels, a wave and its integer part."""
    at = np.arange(n + steps - 1) / 3
    series = np.stack([np.round(np.sin(at), 3) * 10, np.floor(at)], 1).astype(dtype)
    return np.stack([series[i : i + steps] for i in range(n)])


def made(model: str, **options: Any) -> lw.Synthesizer:
    return lw.Synthesizer(model, random_state=0, **TINY[model], **options)


# ---- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", sorted(WINDOW_MODELS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16])
def test_what_comes_is_the_kind_that_went_in(model: str, dtype: Any) -> None:
    x = waves(dtype=dtype)
    drawn = made(model, time=True).fit(x).sample(7)
    assert (drawn.shape, drawn.dtype) == ((7, 8, 2), x.dtype)
    assert (drawn.min((0, 1)) >= x.min((0, 1))).all()
    assert (drawn.max((0, 1)) <= x.max((0, 1))).all()
    as_set = made(model).fit(WindowSet(x, ("height", "turn"))).sample(7)
    assert as_set.channels == ("height", "turn")
    assert set(made(model).fit({"windows": x}).sample(7)) == {"windows"}


@pytest.mark.parametrize("model", sorted(WINDOW_MODELS))
def test_the_same_seed_draws_the_same_windows_also_when_loaded(model: str, tmp_path: Path) -> None:
    synth = made(model, time=True).fit(waves())
    synth.save(tmp_path / "model")
    loaded = lw.load(tmp_path / "model")
    assert np.array_equal(synth.sample(5, random_state=3), loaded.sample(5, random_state=3))
    assert not np.array_equal(synth.sample(5), synth.sample(5))
    assert len(loaded.sample()) == 80


def test_a_vae_has_a_way_in_and_out() -> None:
    synth = made("vae", time=True).fit(waves())
    z = synth.encode(waves()[:4])
    assert z.shape == (4, 3)
    assert synth.decode(z).shape == synth.reconstruct(waves()[:4]).shape == (4, 8, 2)


def test_holes_come_back_as_holes() -> None:
    x = waves(200)
    x[::2, 3:5, 0] = np.nan
    drawn = made("vae", time=True).fit(x).sample(400, random_state=1)
    assert 0 < np.isnan(drawn[..., 0]).mean() < 0.5
    assert not np.isnan(drawn[..., 1]).any()


def test_what_never_changes_is_given_back_and_not_learnt() -> None:
    x = np.concatenate([waves(), np.full((80, 8, 1), 7.5), np.full((80, 8, 1), np.nan), waves()[..., :1]], 2)
    codec = WindowCodec.fit(WindowSet(x))
    assert codec.encode(WindowSet(x)).fractions.shape == (80, 16)
    back = codec.decode(codec.encode(WindowSet(x))).x
    assert (back[..., 2] == 7.5).all()
    assert np.isnan(back[..., 3]).all()
    assert np.array_equal(back[..., 4], back[..., 0])


def test_few_values_stay_those_and_decimals_stay_as_many() -> None:
    rng = np.random.default_rng(0)
    x = np.stack([rng.choice([0.0, 10.0, 30.0], (60, 6)), np.round(rng.normal(size=(60, 6)), 2)], 2)
    codec = WindowCodec.fit(WindowSet(x))
    codes = codec.encode(WindowSet(x))
    moved = np.clip(codes.fractions + rng.normal(0, 0.01, codes.fractions.shape), 0, 0.999).astype(np.float32)
    back = codec.decode(type(codes)(codes.codes, moved)).x
    assert set(np.unique(back[..., 0])) <= {0.0, 10.0, 30.0}
    assert np.array_equal(back[..., 1], np.round(back[..., 1], 2))


def test_ends_are_not_those_of_one_window() -> None:
    x = np.random.default_rng(1).normal(size=(100, 5, 1))
    x[0, 0, 0] = 1e6
    assert WindowCodec.fit(WindowSet(x)).channels[0].high < 10


@pytest.mark.parametrize(
    ("x", "match"),
    [
        ([[[1.0], [2.0]], [[1.0]]], "equal lengths"),
        (np.zeros((30, 4)), "2 dimensions; one channel"),
        (np.zeros((30, 1, 2)), "a row of a table"),
        (np.zeros((30, 4, 0)), "channels, got 0"),
        (np.full((30, 4, 2), np.inf), "2 of 2 channels hold infinite"),
        (waves(19), "there are 19 windows, and 20"),
        (np.zeros((30, 4, 2)), "nothing to learn"),
        (np.full((30, 4, 2), np.nan), "nothing to learn"),
        (np.array([["a"] * 3] * 30)[..., None], "numbers, got <U1"),
    ],
)
def test_what_cannot_be_used_is_refused(x: Any, match: str) -> None:
    with pytest.raises(InputError, match=match):
        made("vae", time=True).fit({"windows": x} if isinstance(x, np.ndarray) and x.ndim == 2 else x)


def test_what_is_for_tables_is_refused() -> None:
    with pytest.raises(OptionError, match="bounds is for tables"):
        made("vae", bounds={"a": (0, 1)}).fit(WindowSet(waves()))
    with pytest.raises(OptionError, match="privacy is for tables"):
        made("vae", privacy=lw.DP(1.0)).fit(WindowSet(waves()))
    with pytest.raises(InputError, match="'copula' learns no windows"):
        lw.Synthesizer(lw.GaussianCopula()).fit(WindowSet(waves()))
    with pytest.raises(OptionError, match="no model of windows 'cart'"):
        lw.Synthesizer("cart").fit(WindowSet(waves()))
    synth = made("vae").fit(WindowSet(waves()))
    with pytest.raises(ConditionError, match="no labels"):
        synth.sample(3, where={"y": 1})
    with pytest.raises(InputError, match="8 steps and 2 channels"):
        synth.encode(waves(steps=9))


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    codec = WindowCodec.fit(WindowSet(waves()))
    state, _ = codec.to_state()
    assert WindowCodec.from_state(state) == codec
    for name, value in (("n_steps", 1), ("dtype", "O"), ("channels", [{}]), ("names", ["a"])):
        with pytest.raises(ModelFileError):
            WindowCodec.from_state(state | {name: value})
    with pytest.raises(ModelFileError, match="before it"):
        WindowCodec.from_state(state | {"channels": [{**c, "like": 1} for c in state["channels"]]})


# ---- the chain of steps ----------------------------------------------------------------------------------------------


def test_steps_follow_each_other_as_real_ones_do() -> None:
    rng = np.random.default_rng(0)
    x = np.zeros((600, 6, 2))
    x[:, 0] = rng.normal(size=(600, 2))
    for t in range(1, 6):
        x[:, t] = 0.9 * x[:, t - 1] + 0.44 * rng.normal(size=(600, 2))
    x[..., 1] += x[..., 0]
    drawn = lw.Synthesizer("autoregressive", time=True, random_state=0, epochs=3, hidden=16).fit(x).sample(2000)

    def told(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        pairs = np.concatenate([x[:, 1:], x[:, :-1]], 2).reshape(-1, 4)
        return np.corrcoef(pairs.T)

    assert np.abs(told(drawn) - told(x)).max() < 0.12
    assert np.abs(drawn.std((0, 1)) / x.std((0, 1)) - 1).max() < 0.15


def test_a_value_that_stays_stays_exactly() -> None:
    rng = np.random.default_rng(0)
    steps = rng.normal(size=(300, 8)) * (rng.random((300, 8)) < 0.3)
    x = np.cumsum(steps, 1)[..., None]
    drawn = lw.Synthesizer("autoregressive", time=True, random_state=0, epochs=2, hidden=8).fit(x).sample(500)
    stays = [np.isclose(np.diff(part[..., 0]), 0, atol=1e-6).mean() for part in (x, drawn)]
    assert abs(stays[0] - stays[1]) < 0.15


# ---- time ------------------------------------------------------------------------------------------------------------


def test_windows_are_put_in_line_whatever_their_order() -> None:
    order = np.random.default_rng(2).permutation(80)
    found = origins(waves()[order])
    assert len(set(found[:, 0])) == 1
    assert found[:, 1].tolist() == order.tolist()
    apart = origins(np.random.default_rng(3).normal(size=(30, 4, 1)))
    assert len(set(apart[:, 0])) == 30


def test_what_is_held_out_shares_no_step_with_what_is_learnt() -> None:
    origin = np.stack([np.repeat([4, 9], 600), np.r_[np.arange(600), np.arange(600)]], 1)
    learnt, held = held_apart(origin, 24, 0.1, np.random.default_rng(0))
    steps = [{(s, t + i) for s, t in origin[rows].tolist() for i in range(24)} for rows in (learnt, held)]
    assert not steps[0] & steps[1]
    assert 60 < len(held) < 240
    alone = np.stack([np.arange(100), np.zeros(100, np.int64)], 1)
    learnt, held = held_apart(alone, 24, 0.1, np.random.default_rng(0))
    assert (len(learnt), len(held)) == (90, 10)


def test_windows_are_cut_within_series_and_between_gaps() -> None:
    days = [*range(30), *range(100, 130)]
    panel = pl.DataFrame({
        "who": ["b"] * 60 + ["a"] * 60, "day": days * 2, "level": [float(d) for d in days] + [-float(d) for d in days]
    })  # fmt: skip
    with pytest.warns(LikewiseWarning, match="2 gaps are longer than 5 times"):
        cut = lw.windows(panel.sample(fraction=1, shuffle=True, seed=0), 10, time="day", entity="who")
    assert cut.channels == ("level",)
    assert len(cut) == 4 * 21
    assert (np.abs(np.diff(cut.x[..., 0], axis=1)) == 1).all()
    assert len(set(cut.origins[:, 0])) == 2  # two persons, with a gap each
    with pytest.warns(LikewiseWarning, match="gaps"):
        assert len(lw.windows(panel, 10, 7, time="day", entity="who")) == 4 * 3
    one = lw.windows(panel.head(30).to_pandas(), 10, channels=["level"])
    assert one.x[0, :, 0].tolist() == list(range(10))


def test_an_irregular_clock_is_told_and_can_be_learnt() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"at": np.cumsum(rng.integers(2, 5, 60)), "level": rng.normal(size=60)})
    with pytest.warns(LikewiseWarning, match="longer or shorter than the usual one.*gaps=True"):
        lw.windows(frame, 10, time="at")
    cut = lw.windows(frame, 10, time="at", gaps=True)
    assert cut.channels == ("at_gap", "level")
    assert np.array_equal(cut.x[0, 1:, 0], np.diff(frame["at"].to_numpy()[:10]))


@pytest.mark.parametrize(
    ("change", "options", "match"),
    [
        ({"level": ["x"] * 30}, {}, "'level' holds no numbers"),
        ({"day": [0] * 30}, {"time": "day"}, "same time for 30 rows"),
        ({"day": [None, *range(29)]}, {"time": "day"}, "'day' is missing in 1 rows"),
        ({}, {"time": "dya"}, "no column 'dya'.*'day'"),
        ({}, {"length": 40}, "the longest has 30 steps"),
    ],
)
def test_a_table_that_cannot_be_cut_is_refused(change: dict[str, Any], options: dict[str, Any], match: str) -> None:
    frame = pl.DataFrame({"day": range(30), "level": [float(i) for i in range(30)], **change}, strict=False)
    with pytest.raises(InputError, match=match):
        lw.windows(frame, **{"length": 10, **options})


def test_counts_must_be_counts() -> None:
    frame = pl.DataFrame({"level": [1.0] * 30})
    with pytest.raises(OptionError, match="length must be a whole number of 2"):
        lw.windows(frame, 1)
    with pytest.raises(OptionError, match="name the column of the time"):
        lw.windows(frame, 5, gaps=True)


# ---- files, command line, measures -----------------------------------------------------------------------------------


def test_the_command_line_takes_and_gives_npz(tmp_path: Path) -> None:
    real, fake, model = (str(tmp_path / name) for name in ("real.npz", "fake.npz", "m.likewise"))
    lw.write_windows(WindowSet(waves(), ("height", "turn")), real)
    run = CliRunner().invoke(
        app, ["synth", real, "-o", fake, "--model", "vae", "--save", model, "--no-measure", "--max-seconds", "1"]
    )
    assert run.exit_code == 0, run.output
    drawn = lw.read_windows(fake)
    assert (len(drawn), drawn.channels, drawn.x.dtype) == (80, ("height", "turn"), np.float64)
    run = CliRunner().invoke(app, ["sample", model, "-n", "9", "-o", fake, "--seed", "1"])
    assert run.exit_code == 0, run.output
    assert len(lw.read_windows(fake)) == 9
    assert CliRunner().invoke(app, ["synth", real, "-o", str(tmp_path / "fake.csv")]).exit_code != 0
    assert CliRunner().invoke(app, ["synth", real, "-o", fake, "--where", "y=1"]).exit_code != 0


def test_measures_tell_noise_from_waves() -> None:
    rng = np.random.default_rng(0)

    def some(n: int) -> WindowSet:
        return WindowSet(np.sin(rng.random((n, 1, 1)) * 6 + np.arange(8)[:, None]))

    real, fresh = some(300), some(300)
    noise = WindowSet(rng.normal(size=(300, 8, 1)))
    good, bad = (lw.evaluate(real, fake, holdout=fresh) for fake in (some(300), noise))
    assert good["discriminative"].value < 0.2 < bad["discriminative"].value
    assert good["predictive"].value < 0.7 * bad["predictive"].value
    assert good["window_copies"].value < 0.1
    assert good["window_distance_share"].value < 0.7
    assert "Told from real" in good.to_html()
    few = some(30)
    copied = lw.evaluate(few, few)
    assert [(score.name, score.value) for score in copied.scores] == [("window_copies", 1.0)]
    with pytest.raises(InputError, match="windows throughout"):
        lw.evaluate(real, pl.DataFrame({"a": [1.0]}))


def test_a_value_of_one_moment_is_protected_in_however_many_windows_it_stands() -> None:
    rng = np.random.default_rng(0)
    series = np.stack([rng.normal(size=600), rng.integers(0, 3, 600)], 1)
    series[300] = 50.0, 7.0  # once, and in 24 windows
    x = np.stack([series[i : i + 24] for i in range(len(series) - 23)])
    for windows in (lw.WindowSet(x), lw.WindowSet(x[rng.permutation(len(x))])):
        number, level = WindowCodec.fit(windows).channels
        assert number.high < 4
        assert level.levels == (0.0, 1.0, 2.0)


def test_where_series_are_many_they_hold_values() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 8, 1))
    x[:30] += 20  # windows of three of thirty series
    origin = np.stack([np.arange(300) // 10, np.arange(300) % 10 * 8], 1)
    assert WindowCodec.fit(lw.WindowSet(x, origin=origin)).channels[0].high < 10
    assert WindowCodec.fit(lw.WindowSet(x, origin=origin % [3, 10**6])).channels[0].high > 10


@pytest.mark.parametrize(
    ("kind", "stride", "steps"),
    [("walk", 4, 24), ("shuffled", 3, 12), ("rare", 1, 12), ("counts", 1, 2), ("round", 1, 5)],
)
def test_windows_of_any_stride_and_of_any_values_are_held_out_apart(kind: str, stride: int, steps: int) -> None:
    rng = np.random.default_rng(5)
    series = {
        "rare": (rng.random(300) < 0.05).astype(float), "counts": rng.integers(0, 6, 300).astype(float),
        "round": np.tile(np.arange(7.0), 40),
    }.get(kind, rng.standard_normal(400).cumsum())  # fmt: skip
    starts = np.arange(0, len(series) - steps + 1, stride)
    starts = rng.permutation(starts) if kind == "shuffled" else starts
    x = np.stack([series[i : i + steps, None] for i in starts])
    learnt, held = held_apart(origins(x), steps, 0.1, np.random.default_rng(0))
    assert len(held)
    assert abs(starts[learnt, None] - starts[held]).min() >= steps


def test_a_person_with_gaps_holds_a_value_once() -> None:
    days = np.concatenate([np.arange(6) + 100 * part for part in range(8)])
    frame = pl.DataFrame({"who": np.repeat(np.arange(25), 48), "day": np.tile(days, 25)}).with_columns(
        v=pl.when(pl.col("who") == 3).then(7.0).otherwise(pl.col("day") % 2).cast(pl.Float64)
    )
    with pytest.warns(LikewiseWarning, match="gaps"):
        windows = lw.windows(frame, 4, time="day", entity="who")
    assert len(np.unique(windows.origins[:, 0])) == 25
    assert WindowCodec.fit(windows).channels[0].levels == (0.0, 1.0)


def test_a_holdout_that_is_no_windows_is_refused() -> None:
    with pytest.raises(InputError, match="holdout"):
        made("autoregressive").fit(lw.WindowSet(waves()), holdout=pl.DataFrame({"a": [1.0]}))


@pytest.mark.parametrize("names", [["a", "b"], np.array(["a", "b"])])
def test_names_of_channels_may_be_any_list(names: Any) -> None:
    assert lw.WindowSet(waves(), names).names == ("a", "b")


@pytest.mark.parametrize("names", ["ab", np.array("ab")])
def test_one_text_is_no_names_of_channels(names: Any) -> None:
    with pytest.raises(InputError, match="list of names"):
        lw.WindowSet(waves(), names)


@pytest.mark.parametrize(("dtype", "value"), [("f8", 1.7e308), ("i8", 2**63 - 1), ("i8", -(2**63)), ("u8", 2**64 - 1)])
def test_numbers_beyond_what_can_be_drawn_are_refused(dtype: str, value: Any) -> None:
    x = np.zeros((30, 4, 1), dtype)
    x[3] = value
    with pytest.raises(InputError, match="1 of 1 channels hold values beyond"):
        lw.WindowSet(x)


def test_what_one_series_alone_holds_is_not_given_back() -> None:
    x = np.stack([np.random.default_rng(0).normal(size=(30, 4)), np.full((30, 4), np.nan)], 2)
    x[7, :, 1] = 1234.5
    origin = np.stack([np.arange(30), np.zeros(30, np.int64)], 1)
    assert WindowCodec.fit(lw.WindowSet(x, origin=origin)).channels[1].is_gone


def test_a_number_of_a_file_that_is_too_large_is_told() -> None:
    state = WindowCodec.fit(lw.WindowSet(waves())).to_state()[0]
    state["channels"][0]["high"] = 10**400
    with pytest.raises(ModelFileError, match="must be numbers"):
        WindowCodec.from_state(state)


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", ">i4", "g"])
def test_decimals_are_found_in_any_type_and_the_type_can_be_read(dtype: str) -> None:
    x = np.round(np.random.default_rng(0).normal(size=(60, 4, 1)) * 50, 2).astype(dtype)
    codec = WindowCodec.fit(lw.WindowSet(x))
    assert codec.channels[0].decimals == (0 if x.dtype.kind == "i" else 2)
    assert WindowCodec.from_state(codec.to_state()[0]) == codec


def test_measures_of_no_windows_are_refused() -> None:
    with pytest.raises(InputError, match="no windows"):
        lw.evaluate(lw.WindowSet(waves()), lw.WindowSet(waves()[:0]))


def test_no_channel_takes_the_place_of_the_number_of_a_step() -> None:
    with pytest.raises(InputError, match="other names"):
        lw.WindowSet(waves(), ("level", "step")).frame()


def test_each_series_of_a_panel_is_cut_by_its_own_clock() -> None:
    clocks = {"hourly": range(200), "daily": range(0, 24 * 60, 24)}
    frame = pl.concat(
        pl.DataFrame({"who": who, "hour": list(hours), "level": [float(h % 7) for h in hours]})
        for who, hours in clocks.items()
    )
    with pytest.warns(LikewiseWarning, match="usual step is not as long in all series.*gaps=True"):
        cut = lw.windows(frame, 10, time="hour", entity="who")
    assert np.unique(cut.origins[:, 0], return_counts=True)[1].tolist() == [51, 191]
    gapped = lw.windows(frame, 10, time="hour", entity="who", gaps=True)
    assert sorted(np.unique(gapped.x[..., 0])) == [1, 24]


def test_a_gap_is_one_by_the_clock_of_its_own_series() -> None:
    slow = [*range(0, 400, 20), *range(1_000, 1_400, 20)]
    frame = pl.concat(
        pl.DataFrame({"who": who, "at": at, "level": [float(t % 3) for t in at]})
        for who, at in (("fast", list(range(100))), ("slow", slow))
    )
    with pytest.warns(LikewiseWarning, match="1 gaps"):
        cut = lw.windows(frame, 5, time="at", entity="who")
    assert (cut.origins[:, 0] == cut.origins[:, 0].max()).sum() == 2 * 16


def test_what_comes_back_at_the_end_of_a_window_is_learnt() -> None:
    """A daily round: the last step is near the first, which the two steps before it say little of."""
    at, rng = np.arange(1_500), np.random.default_rng(0)
    level = np.sin(at * 2 * np.pi / 11) * (1 + 0.5 * np.sin(at / 60)) + rng.normal(0, 0.3, len(at))
    x = np.stack([level[i : i + 12, None] for i in range(len(at) - 11)])
    drawn = lw.Synthesizer("autoregressive", time=True, random_state=0, epochs=2, hidden=8).fit(x).sample(1_500)
    apart = [float((part[:, -1] - part[:, 0]).std()) for part in (x, drawn)]
    assert abs(apart[1] / apart[0] - 1) < 0.15
    assert apart[0] < 0.8 * float((x[:, 6] - x[:, 0]).std())


@pytest.mark.parametrize(
    "name", ["mean", "scale", "place", "memory.weights.1", "start.first", "guess", "spread", "knots"]
)
def test_a_chain_of_steps_with_absurd_weights_draws_numbers(name: str, tmp_path: Path) -> None:
    made("autoregressive", time=True).fit(waves()).save(tmp_path / "model")
    file = read_model(tmp_path / "model")
    for value in (3e38, -3e38, 0.0):
        broken = np.full_like(file.arrays[f"model.{name}"], value)
        write_model(tmp_path / "broken", file.manifest, {**file.arrays, f"model.{name}": broken})
        drawn = lw.load(tmp_path / "broken").sample(5, random_state=0)
        assert np.isfinite(drawn).all()
    write_model(tmp_path / "broken", file.manifest, {**file.arrays, f"model.{name}": broken[..., :1]})
    with pytest.raises(ModelFileError):
        lw.load(tmp_path / "broken")


def test_how_far_a_guess_looks_back_is_held_to_the_file(tmp_path: Path) -> None:
    made("autoregressive", time=True).fit(waves()).save(tmp_path / "model")
    file = read_model(tmp_path / "model")
    guess = file.arrays["model.guess"]
    for other in (guess[:, :2], guess[0], guess[:, :0], guess[..., None], np.float32(1.0), guess[:-1]):
        write_model(tmp_path / "broken", file.manifest, {**file.arrays, "model.guess": np.asarray(other)})
        with pytest.raises(ModelFileError, match="guess"):
            lw.load(tmp_path / "broken")


def test_what_is_for_histories_is_refused_in_words_of_windows() -> None:
    synth = made("vae", time=True).fit(waves())
    with pytest.raises(OptionError, match="this model learnt windows"):
        synth.sample(3, length=5)
    with pytest.raises(OptionError, match="this model learnt windows"):
        synth.sample(static=pl.DataFrame({"a": [1]}))


@pytest.mark.parametrize("model", sorted(WINDOW_MODELS))
def test_windows_are_learnt_where_none_can_be_held_out(model: str) -> None:
    for synth, x in ((made(model), waves(20)), (made(model, holdout=0.0), waves())):
        drawn = synth.fit(WindowSet(x)).sample(4).x
        assert drawn.shape == (4, 8, 2)
        assert len(synth.holdout_rows_) == 0


def test_a_masked_value_is_missing() -> None:
    x = np.ma.masked_less(waves(200), -9)
    codec = WindowCodec.fit(WindowSet(x))
    assert [channel.missing for channel in codec.channels] == [True, False]
    assert WindowSet(np.ma.masked_array(waves())).x is not None
    drawn = made("autoregressive").fit(WindowSet(x)).sample(200).x
    assert np.isnan(drawn[..., 0]).any()


def test_whence_windows_are_is_told_in_whole_numbers() -> None:
    with pytest.raises(InputError, match="whole numbers"):
        WindowSet(waves(), origin=np.full((80, 2), np.nan))  # type: ignore[arg-type]


def test_probabilities_and_going_on_are_refused_in_words_of_windows() -> None:
    synth = made("autoregressive", time=True).fit(waves())
    with pytest.raises(OptionError, match="log_prob is of rows, and this model learnt windows"):
        synth.log_prob(waves())
    with pytest.raises(OptionError, match="this model learnt windows"):
        synth.extend(waves(), steps=2)


def test_channels_that_go_together_do_so_from_the_first_step_on() -> None:
    rng = np.random.default_rng(0)
    price = np.exp(np.cumsum(rng.normal(0, 0.01, 700)))
    series = np.stack([price, price * (1 + 0.002 * rng.random(700)), rng.normal(size=700)], 1)
    x = np.stack([series[i : i + 8] for i in range(690)])
    drawn = lw.Synthesizer("autoregressive", time=True, random_state=0, hidden=8).fit(x).sample(1_000)
    far = [np.abs(part[..., 1] / part[..., 0] - 1.001) for part in (x, drawn)]
    for step in (0, 7):
        assert far[1][:, step].mean() < 3 * far[0][:, step].mean(), step
    apart = [np.corrcoef(np.diff(part[..., :2], axis=1).reshape(-1, 2).T)[0, 1] for part in (x, drawn)]
    assert apart[1] > apart[0] - 0.03


def test_the_more_windows_a_moment_stands_in_the_fewer_epochs() -> None:
    series = np.random.default_rng(0).normal(size=(6_000, 1))
    epochs = {}
    for stride in (1, 4):
        x = np.stack([series[i : i + 8] for i in range(0, 5_990, stride)])
        synth = lw.Synthesizer("autoregressive", time=True, random_state=0, hidden=4, patience=99).fit(x)
        epochs[stride] = synth.record_["epochs"]
    assert epochs[1] == 3
    assert 5 < epochs[4] < 8


@pytest.mark.parametrize("seconds", ["Infinity", "NaN", "1e999"])
def test_a_model_file_with_an_infinite_number_is_refused(seconds: str, tmp_path: Path) -> None:
    made("vae", time=True).fit(waves()).save(tmp_path / "model")
    file = read_model(tmp_path / "model")
    text = json.dumps(file.manifest | {"training": {"seconds": "HERE"}}).replace('"HERE"', seconds)
    (tmp_path / "broken").write_bytes(save(file.arrays, metadata={"likewise": text}))
    with pytest.raises(ModelFileError, match="damaged"):
        lw.load(tmp_path / "broken")


def test_tones_stay_tones_to_the_end_of_a_window() -> None:
    """Tones of any speed: their second step tells all others, and what a guess leaves of these is next to nothing."""
    rng = np.random.default_rng(0)
    speed, phase = rng.uniform(0, 0.2, (2, 1_500, 1, 1))
    x = np.sin(speed * np.arange(12)[:, None] + phase)
    drawn = lw.Synthesizer("autoregressive", time=True, random_state=0, hidden=16).fit(x).sample(1_000)
    bends = [float(np.quantile(np.abs(np.diff(part, 3, axis=1)), 0.9)) for part in (x, drawn)]
    assert bends[1] < 3 * bends[0]


# ---- TimeGAN ---------------------------------------------------------------------------------------------------------


def phases_of(x: np.ndarray[Any, Any], hidden: int = 6) -> Phases:
    random = torch.Generator().manual_seed(0)
    nets = TimeGANNets(x.shape[2], hidden, 1, generator=random)
    return Phases(nets, torch.from_numpy(x.astype(np.float32)), 1.0, 1e-2, random)


@pytest.mark.parametrize(
    ("passed", "moves"),
    [
        (0.0, {"embedder", "recovery"}),
        (0.3, {"supervisor"}),
        (0.6, {"embedder", "recovery", "supervisor", "generator", "discriminator"}),
    ],
)
def test_each_phase_of_timegan_moves_its_own_nets(passed: float, moves: set[str]) -> None:
    step = phases_of(np.random.default_rng(0).random((20, 5, 2)))
    before = {name: value.clone() for name, value in step.nets.state_dict().items()}
    step(torch.arange(20), passed)
    moved = {name for name, value in step.nets.state_dict().items() if not torch.equal(value, before[name])}
    assert {part for name in moved for part in name.split(".")[:2]} - {"drawer", "layers", "last"} == moves


def test_timegan_goes_from_values_to_latents_and_back() -> None:
    step = phases_of(0.5 + 0.4 * np.sin(np.random.default_rng(0).random((64, 1, 2)) * 6 + np.arange(6)[:, None]))
    losses = [float(step(torch.arange(64), 0.0)) for _ in range(200)]
    assert losses[-1] < 0.3 * losses[0]


def test_timegan_draws_values_that_lie_where_real_ones_do() -> None:
    x = 0.3 + 0.1 * np.random.default_rng(0).normal(size=(120, 6, 2))
    options = {"epochs": 120, "hidden": 6, "layers": 1, "learning_rate": 5e-3}
    drawn = lw.Synthesizer("timegan", time=True, random_state=0, **options).fit(x).sample(400)
    assert np.abs(drawn.mean((0, 1)) - 0.3).max() < 0.05
    assert drawn.std() > 0.02


def test_timegan_goes_on_from_a_checkpoint_as_if_never_stopped(tmp_path: Path) -> None:
    x, path = waves(), tmp_path / "checkpoint"

    class Stop(Exception):
        pass

    def stop(event: Any) -> None:
        if event.epoch == 3:
            raise Stop

    options = {**TINY["timegan"], "epochs": 4}
    whole = lw.Synthesizer("timegan", time=True, random_state=0, **options).fit(x).sample(5, random_state=1)
    with pytest.raises(Stop):
        lw.Synthesizer(
            "timegan", time=True, random_state=0, checkpoint=str(path), progress=stop, **options
        ).fit(x)  # fmt: skip
    resumed = lw.Synthesizer("timegan", time=True, random_state=0, checkpoint=str(path), **options).fit(x)
    assert np.array_equal(resumed.sample(5, random_state=1), whole)
