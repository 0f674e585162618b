"""Claims about the model file: it comes back whole, or is refused in words; it can run no code and take no more memory
than it has bytes; a failed write leaves the old file."""

from __future__ import annotations

import inspect
import json
import os
import pickle
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from safetensors import safe_open
from safetensors.numpy import save, save_file

import likewise as lw
from likewise.modelfile import FORMAT_VERSION, read_model, write_model
from likewise.models import MODELS

from .conftest import make_mixed_frame

Manifest = dict[str, Any]
Arrays = dict[str, np.ndarray]


# CTGAN judges ten rows at once, so a batch must be a multiple of 20.
FAST_OPTIONS = {"epochs": 1, "batch_size": 60, "d_embed": 2, "d_hidden": 3}


def keyed_frame() -> pl.DataFrame:
    """The mixed frame, and keys of every form."""
    return make_mixed_frame(200).with_columns(
        number=pl.Series(np.random.default_rng(0).permutation(200) + 5000),
        patterned=pl.Series([f"{i * 7919 % 10**9:09d}-{chr(65 + i % 26)}" for i in range(200)]),
        counted=pl.Series([f"row {i}" for i in range(200)]),
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A saved model of every kind."""
    folder, frame, files = tmp_path_factory.mktemp("models"), keyed_frame(), {}
    schema = lw.infer(frame, overrides=dict.fromkeys(("number", "patterned", "counted"), "id"))
    for name in MODELS:
        known = inspect.signature(MODELS[name]).parameters
        options = {k: v for k, v in FAST_OPTIONS.items() if k in known}
        files[name] = folder / f"{name}.likewise"
        lw.Synthesizer(name, random_state=0, schema=schema, **options).fit(frame).save(files[name])
    return files


@pytest.fixture
def model(models: dict[str, Path]) -> Path:
    """The default model."""
    return models["autoregressive"]


def tampered(model: Path, path: Path, change: Callable[[Manifest, Arrays], object]) -> Path:
    """A copy of the model with its manifest or arrays changed in place by `change`, else well formed."""
    with safe_open(model, framework="numpy") as file:
        manifest = json.loads(file.metadata()["likewise"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    change(manifest, arrays)
    save_file(arrays, path, metadata={"likewise": json.dumps(manifest)})
    return path


@contextmanager
def little_memory(extra: int = 2**30) -> Iterator[None]:
    """No more than a GB of address space beyond what the process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * os.sysconf("SC_PAGE_SIZE") + extra, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def refused_or_works(path: Path) -> bool:
    """Whether the file was refused, at the latest when a row of it is no number; if it was not, it must draw rows."""
    try:
        synth = lw.load(path)
    except lw.ModelFileError:
        return True
    try:
        drawn = synth.sample(5, random_state=0)
    except lw.TrainingError:
        return True
    assert len(drawn) == 5
    return False


# ---- whole files -----------------------------------------------------------------------------------------------------


def test_what_is_written_is_read(tmp_path: Path) -> None:
    arrays = {
        "a": np.arange(6.0).reshape(2, 3), "b": np.array([1, 2], np.uint8), "empty": np.zeros((0, 4), np.float32),
        "turned": np.arange(6).reshape(2, 3).T, "Ä.名": np.array(True),
    }  # fmt: skip
    write_model(tmp_path / "m", {"said": "Grüße 名前", "n": 3}, arrays)
    file = read_model(tmp_path / "m")
    assert file.manifest["said"] == "Grüße 名前"
    assert file.manifest["n"] == 3
    assert file.manifest["format"] == FORMAT_VERSION
    assert file.manifest["version"] == lw.__version__
    assert set(file.manifest["libraries"]) == {"numpy", "polars", "torch", "python"}
    assert file.arrays.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(file.arrays[name], array)
        assert file.arrays[name].dtype == array.dtype


def test_the_manifest_tells_how_the_model_came_to_be(model: Path) -> None:
    manifest = read_model(model).manifest
    known = {"schema", "codec", "model", "training", "n_rows", "privacy", "format", "version", "libraries"}
    assert set(manifest) == known
    assert manifest["privacy"] is None
    assert manifest["model"]["name"] == "autoregressive"
    assert not {"checkpoint", "max_seconds"} & set(manifest["model"]["options"])
    assert manifest["training"]["epochs"] == 1
    assert manifest["n_rows"] == 200


def test_the_same_model_is_written_in_the_same_bytes(model: Path, tmp_path: Path) -> None:
    lw.load(model).save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == model.read_bytes()


def test_nothing_in_it_is_a_pickle(model: Path) -> None:
    data = model.read_bytes()
    header = int.from_bytes(data[:8], "little")
    entries = json.loads(data[8 : 8 + header])
    assert {e["dtype"] for name, e in entries.items() if name != "__metadata__"} <= {
        "F64",
        "F32",
        "I64",
        "U8",
        "I32",
        "U32",
    }
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(data)


# ---- files that are not models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [b"", b"a,b\n1,2\n", b"\0" * 100, b"PK\x03\x04 a zip", b"\xff" * 5000, pickle.dumps({"a": 1}), b"{}", b"PAR1" * 9],
    ids=lambda c: repr(c[:8]),
)
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    with pytest.raises(lw.ModelFileError, match="not a whole model file"):
        lw.load(path)


def test_a_safetensors_file_of_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    for metadata in (None, {"format": "pt"}):
        path.write_bytes(save({"w": np.ones(3)}, metadata))
        with pytest.raises(lw.ModelFileError, match="no model of likewise"):
            lw.load(path)


@pytest.mark.parametrize("note", ["", "no json", "[1]", "3", "null", '{"a": 1}', '{"format": "1"}', '{"format": true}',
                                  '{"format": 0}', "[" * 100_000])  # fmt: skip
def test_a_manifest_that_is_none_is_refused(tmp_path: Path, note: str) -> None:
    path = tmp_path / "m"
    path.write_bytes(save({"w": np.ones(3)}, {"likewise": note}))
    with pytest.raises(lw.ModelFileError, match="damaged: its manifest"):
        lw.load(path)


def test_a_newer_format_is_refused_and_says_what_to_do(model: Path, tmp_path: Path) -> None:
    path = tampered(model, tmp_path / "m", lambda m, a: m.update(format=FORMAT_VERSION + 1))
    with pytest.raises(lw.ModelFileError, match=f"format {FORMAT_VERSION + 1}.*install a newer likewise"):
        lw.load(path)


def test_a_file_of_an_older_format_says_what_to_do(model: Path, tmp_path: Path) -> None:
    path = tampered(model, tmp_path / "m", lambda m, a: m.update(format=FORMAT_VERSION - 1))
    with pytest.raises(lw.ModelFileError, match=f"format {FORMAT_VERSION - 1}.*fit the model anew"):
        lw.load(path)


def test_a_path_that_is_no_file_is_an_input_error(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent", tmp_path / "absent" / "m"):
        with pytest.raises(lw.InputError, match=str(tmp_path)):
            lw.load(path)


# ---- damaged files ---------------------------------------------------------------------------------------------------


def test_a_file_cut_short_anywhere_is_refused(model: Path, tmp_path: Path) -> None:
    data = model.read_bytes()
    header = int.from_bytes(data[:8], "little")
    rng = np.random.default_rng(0)
    cuts = {0, 1, 7, 8, 9, header, header + 7, header + 8, header + 9, len(data) - 1, *rng.integers(0, len(data), 60)}
    path = tmp_path / "m"
    for cut in cuts:
        path.write_bytes(data[: int(cut)])
        with pytest.raises(lw.ModelFileError, match="truncated, damaged or of another kind"):
            lw.load(path)


def test_bytes_added_at_the_end_are_refused(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(lw.ModelFileError):
        lw.load(path)


@pytest.mark.filterwarnings("ignore")  # odd numbers overflow here and there; what counts is what comes of it
@pytest.mark.parametrize("where", ["header", "body", "anywhere", "digits"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_flipped_bytes_are_refused_or_still_draw(
    models: dict[str, Path], tmp_path: Path, name: str, where: str
) -> None:
    data = models[name].read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    low, high = {"body": (header, len(data)), "anywhere": (0, len(data))}.get(where, (0, header))
    digits = [i for i in range(8, header) if data[i : i + 1].isdigit()]
    rng = np.random.default_rng(0)
    path, refused = tmp_path / "m", 0
    with little_memory():
        for _ in range(40):
            damaged = bytearray(data)
            for _ in range(rng.integers(1, 4)):
                if where == "digits":
                    damaged[rng.choice(digits)] = ord("0") + int(rng.integers(10))
                else:
                    damaged[rng.integers(low, high)] = rng.integers(256)
            path.write_bytes(damaged)
            refused += refused_or_works(path)
    # Weights of a net may be any numbers, so most flips in the body still load.
    assert refused > 5 or where not in ("header", "digits")


def set_in(*keys: Any, to: Any) -> Callable[[Manifest, Arrays], None]:
    """Replace one value of the manifest."""

    def change(manifest: Any, arrays: Arrays) -> None:
        for key in keys[:-1]:
            manifest = manifest[key]
        manifest[keys[-1]] = to

    return change


WEIGHTS = "model.sight.weight"
TAMPERED: dict[str, Callable[[Manifest, Arrays], object]] = {
    "no schema": lambda m, a: m.pop("schema"),
    "no codec": lambda m, a: m.pop("codec"),
    "no model": lambda m, a: m.pop("model"),
    "no n_rows": lambda m, a: m.pop("n_rows"),
    "no training": lambda m, a: m.pop("training"),
    "schema is a list": set_in("schema", to=[]),
    "codec is a text": set_in("codec", to="codec"),
    "model is null": set_in("model", to=None),
    "n_rows is negative": set_in("n_rows", to=-5),
    "n_rows is a text": set_in("n_rows", to="many"),
    "model is unknown": set_in("model", "name", to="gan of the future"),
    "model's name is a list": set_in("model", "name", to=["autoregressive"]),
    "options are a list": set_in("model", "options", to=["d_hidden"]),
    "an option is unknown": set_in("model", "options", "exec", to="import os"),
    "an option is a text": set_in("model", "options", "d_hidden", to="wide"),
    "hidden units without end": set_in("model", "options", "d_hidden", to=10**9),
    "embedding without end": set_in("model", "options", "d_embed", to=10**18),
    "layers without end": set_in("model", "options", "n_layers", to=10**9),
    "no hidden units": set_in("model", "options", "d_hidden", to=0),
    "a checkpoint to be written": set_in("model", "options", "checkpoint", to="/tmp/anything"),
    "an option of the synthesizer": set_in("model", "options", "random_state", to=0),
    "a column less": lambda m, a: m["schema"]["columns"].pop(),
    "a column twice": lambda m, a: m["schema"]["columns"].append(m["schema"]["columns"][0]),
    "a codec less": lambda m, a: m["codec"]["columns"].pop(),
    "codec of another kind": set_in("codec", "columns", 1, "codec", to="number"),
    "codec of no kind": set_in("codec", "columns", 1, "codec", to="magic"),
    "codec without levels": set_in("codec", "columns", 1, "levels", to=[]),
    "a level more": lambda m, a: m["codec"]["columns"][1]["levels"].append("new"),
    "a kind that is none": set_in("schema", "columns", 1, "kind", to="spirit"),
    "a dtype that is none": set_in("schema", "columns", 1, "dtype", to="exec('1')"),
    "weights lacking": lambda m, a: a.pop(WEIGHTS),
    "weights of nobody": lambda m, a: a.update({"model.extra": np.ones(3, np.float32)}),
    "an array of nobody": lambda m, a: a.update({"other.extra": np.ones(3, np.float32)}),
    "weights turned": lambda m, a: a.update({WEIGHTS: np.ascontiguousarray(a[WEIGHTS].T)}),
    "weights flat": lambda m, a: a.update({WEIGHTS: a[WEIGHTS].reshape(-1)}),
    "weights double": lambda m, a: a.update({WEIGHTS: a[WEIGHTS].astype(np.float64)}),
    "weights whole": lambda m, a: a.update({WEIGHTS: a[WEIGHTS].astype(np.int32)}),
    "weights NaN": lambda m, a: a[WEIGHTS].__setitem__((0, 0), np.nan),
    "weights infinite": lambda m, a: a[WEIGHTS].__setitem__((0, 0), np.inf),
    "weights empty": lambda m, a: a.update({WEIGHTS: a[WEIGHTS][:0]}),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_tampered_model_is_refused(model: Path, tmp_path: Path, name: str) -> None:
    path = tampered(model, tmp_path / "m", TAMPERED[name])
    with little_memory(), pytest.raises(lw.ModelFileError, match="damaged") as caught:
        lw.load(path)
    assert str(path) in str(caught.value)


def damaged_array(array: np.ndarray, how: str) -> np.ndarray | None:
    """The array damaged in one way; None to leave it out."""
    if how == "lacking":
        return None
    if how == "shorter":
        return array[:-1] if array.ndim else array.reshape(1)
    if how == "text":
        return np.frombuffer(b"text" * max(array.size, 1), np.uint8)
    if how == "shuffled":
        return np.random.default_rng(0).permutation(array.ravel()).reshape(array.shape)
    changed = array.copy()
    if changed.size and changed.dtype.kind == "f":
        changed.flat[0] = {"nan": np.nan, "negative": -1e9, "huge": 1e300 if changed.itemsize == 8 else 1e38}[how]
    elif changed.size and changed.dtype.kind in "iu":
        changed.flat[0] = np.iinfo(changed.dtype).max if how == "huge" else np.iinfo(changed.dtype).min
    return changed


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("how", ["nan", "shorter", "lacking", "negative", "huge", "shuffled", "text"])
@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_damaged_array_is_refused_or_still_draws(
    models: dict[str, Path], tmp_path: Path, name: str, how: str
) -> None:
    alike = {re.sub(r"\d+", "#", array): array for array in read_model(models[name]).arrays}  # read by the same words
    refused = 0
    for array in alike.values():

        def change(manifest: Manifest, arrays: Arrays, array: str = array) -> None:
            changed = damaged_array(arrays.pop(array), how)
            if changed is not None:
                arrays[array] = changed

        with little_memory():
            refused += refused_or_works(tampered(models[name], tmp_path / "m", change))
    if how in ("lacking", "text"):
        assert refused == len(alike)


@pytest.mark.filterwarnings("ignore")
def test_every_number_of_the_codec_may_be_absurd(model: Path, tmp_path: Path) -> None:
    """Each whole number of the codec's manifest in turn made huge or negative: refused, or drawn within bounds."""
    columns = read_model(model).manifest["codec"]["columns"]
    places = [(i, key) for i, c in enumerate(columns) for key, v in c.items() if type(v) is int]
    assert places
    for i, key in places:
        for absurd in (10**9, 2**63 - 1, 10**30, -1):
            with little_memory():
                refused_or_works(tampered(model, tmp_path / "m", set_in("codec", "columns", i, key, to=absurd)))


# ---- writing ---------------------------------------------------------------------------------------------------------


def test_a_failed_write_leaves_the_old_file(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synth, path = lw.load(model), tmp_path / "m"
    path.write_bytes(b"old")

    def full(*args: Any, **kwargs: Any) -> None:
        with args[0].open("wb") as file:
            file.write(b"half a fi")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(lw.OutputError, match="disk is full"):
        synth.save(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_model_keeps_the_mode_of_the_file_it_replaces(model: Path, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"old")
    path.chmod(mode)
    lw.load(model).save(path)
    assert path.stat().st_mode & 0o777 == mode


def test_ctrl_c_while_saving_leaves_the_old_file(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synth, path = lw.load(model), tmp_path / "m"
    synth.save(path)
    before = path.read_bytes()

    def interrupt(*args: Any, **kwargs: Any) -> None:
        with args[0].open("wb") as file:
            file.write(b"half a fi")
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupt)
    with pytest.raises(KeyboardInterrupt):
        synth.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saving_where_nothing_can_be_is_an_output_error(model: Path, tmp_path: Path) -> None:
    synth = lw.load(model)
    for path in (tmp_path, tmp_path / "no folder" / "m"):
        with pytest.raises(lw.OutputError):
            synth.save(path)


def test_saving_replaces_an_older_model(model: Path, tmp_path: Path) -> None:
    path = tmp_path / "m"
    lw.Synthesizer(random_state=0, epochs=1).fit(pl.DataFrame({"a": [1, 2] * 20})).save(path)
    lw.load(model).save(path)
    assert path.read_bytes() == model.read_bytes()
