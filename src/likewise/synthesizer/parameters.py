"""What a synthesizer is asked for: parameters held to what they may be, and the generator that they name."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from likewise.codecs.column import CodecOptions
from likewise.codecs.table import TableCodec
from likewise.dp.budget import Budget
from likewise.dp.entities import check_entities
from likewise.dp.ledger import DP
from likewise.errors import InputError, OptionError, nearest
from likewise.models import AUTO, MODELS, model_for, model_named
from likewise.models.base import Generator
from likewise.models.images import IMAGE_MODELS
from likewise.models.windows import WINDOW_MODELS
from likewise.schema.column import Schema
from likewise.synthesizer.histories import check_histories_within, check_time
from likewise.tables.frames import names_of

if TYPE_CHECKING:
    from likewise.synthesizer.estimator import Synthesizer

HOLDOUT = 0.1
"""Share of the rows kept from training, where none is asked for."""


def check_parameters(
    *, schema: Any, random_state: Any, holdout: Any, bounds: Any, only: Any, entity: Any, time: Any, static: Any,
    rules: Any, strict_rules: Any, privacy: Any, budget: Any, codec: CodecOptions | None, max_seconds: Any,
    progress: Any,
) -> None:  # fmt: skip
    """Hold the parameters of a synthesizer, each as it is called there, to what they may be.

    Raises:
        OptionError, PrivacyError: one is something else, or does not go with another.
    """
    if isinstance(holdout, bool) or not isinstance(holdout, int | float | np.number) or not 0 <= holdout < 1:
        raise OptionError(f"holdout must be a number in [0, 1), got {holdout!r}")
    if schema is not None and not isinstance(schema, Schema):
        raise OptionError(f"schema must be a likewise.Schema or None, got {type(schema).__name__}")
    if not isinstance(progress, bool | None) and not callable(progress):
        raise OptionError(f"progress must be a function, True, False or None, got {type(progress).__name__}")
    check_seed(random_state)
    if not isinstance(bounds, Mapping | None):
        raise OptionError(f"bounds must map columns to (low, high), got {type(bounds).__name__}")
    if not isinstance(only, Mapping | None):
        raise OptionError(f"only must map columns to conditions, got {type(only).__name__}")
    if rules is not None and (isinstance(rules, str) or not all(isinstance(rule, str) for rule in rules)):
        raise OptionError('rules must be a list of texts, such as ["start <= end"]')
    if entity is True or not isinstance(entity, str | bool | None):
        raise OptionError(f"entity must be the name of a column, False or None, got {entity!r}")
    _check_budget(privacy, budget, codec, holdout, only, strict_rules, max_seconds)
    check_time(time, static, only=only)
    if privacy is not None:
        check_entities(privacy, schema, entity)
        if time is not None:
            check_histories_within(privacy, rules, schema)


def _check_budget(
    privacy: Any, budget: Any, codec: CodecOptions | None, holdout: Any, only: Any, strict_rules: Any, max_seconds: Any
) -> None:  # fmt: skip
    """Hold what does not go with a budget of privacy."""
    if not isinstance(privacy, DP | None):
        raise OptionError(f"privacy must be a likewise.DP or None, got {type(privacy).__name__}")
    if not isinstance(budget, Budget | None):
        raise OptionError(f"budget must be a likewise.Budget or None, got {type(budget).__name__}")
    if privacy is None:
        if budget is not None:
            raise OptionError("a budget of all fits needs to know what this one may spend: give privacy=DP(...) too")
        return
    if codec is not None and codec.k_anonymous is not None:
        raise OptionError("privacy does not pay for k_anonymous, which reads all rows: take one of the two")
    if codec is not None and codec.text == "ngram":
        raise OptionError(
            "privacy does not pay for the words of texts: leave text at 'placeholder', and drop columns of texts"
        )
    if holdout not in (0, HOLDOUT):
        raise OptionError("holdout does not go with a budget of privacy: nothing stops early, so nothing is held out")
    if only:
        raise OptionError("privacy does not pay for counting a class: learn all rows, and draw the class with where=")
    if strict_rules:
        raise OptionError("strict_rules does not go with a budget of privacy: a refusal would tell of rows")
    if max_seconds is not None:
        raise OptionError(
            "max_seconds does not go with a budget of privacy: what is asked of the rows is settled before the first "
            "answer; of nets set epochs"
        )
    if codec is not None and (asked := [f.name for f in fields(codec) if getattr(codec, f.name) != f.default]):
        raise OptionError(
            f"{asked[0]} of the codec does not go with a budget of privacy: what is kept is what the schema declares, "
            "and of the rest what noisy answers tell; leave it out, and declare levels and bounds"
        )


def check_seed(random_state: object) -> None:
    """
    Raises:
        OptionError: it is no seed.
    """
    if random_state is not None and (isinstance(random_state, bool) or not is_count(random_state)):
        raise OptionError(f"random_state must be a whole number of 0 or more, or None, got {random_state!r}")


def is_count(value: object) -> bool:
    return isinstance(value, int | np.integer) and int(value) >= 0


def made_generator(synth: Synthesizer, kind: type[Generator] | None = None) -> Generator:
    """A fresh generator with a synthesizer's options.

    Args:
        kind: its class; None for whatever the model's name may mean, where the data is not known yet.

    Raises:
        OptionError: there is no such model, or it has no such option.
    """
    if isinstance(synth.model, Generator):
        if synth.model_options:
            raise OptionError("model options go to the generator itself when one is given")
        kind, options = type(synth.model), synth.model.options()
    elif isinstance(synth.model, str):
        kind, options = kind or _kind_by_name(synth, synth.model), dict(synth.model_options)
    else:
        raise OptionError(f"model must be a name or a generator, got {type(synth.model).__name__}")
    if isinstance(options.get("condition_on"), list | tuple):
        options["condition_on"] = names_of(options["condition_on"])
    known = list(inspect.signature(kind).parameters)
    for name in options:
        if name not in known:
            hint = nearest(name, known)
            raise OptionError(f"model {kind.name!r} has no option {name!r}{hint}; it has {', '.join(known)}")
    if synth.max_seconds is not None:
        if "max_seconds" not in known:
            raise OptionError(f"max_seconds does not go with model {kind.name!r}, which has no epochs: leave it out")
        options["max_seconds"] = synth.max_seconds
    return kind(**options)


def table_generator(synth: Synthesizer, schema: Schema) -> Generator:
    """A fresh generator for a table of these columns.

    Raises:
        InputError: the synthesizer's model learns images or windows.
    """
    if isinstance(synth.model, Generator) and type(synth.model) in (*IMAGE_MODELS.values(), *WINDOW_MODELS.values()):
        raise InputError(
            f"model {synth.model.name!r} learns images or windows, arrays of 3 or 4 dimensions; got a table"
        )
    return made_generator(synth, _table_kind(synth, synth.model, schema) if isinstance(synth.model, str) else None)


def _kind_by_name(synth: Synthesizer, name: str) -> type[Generator]:
    """The generator of that name; of tables, unless only the one of images or of windows has these options."""
    kinds = [kinds[name] for kinds in (MODELS, IMAGE_MODELS, WINDOW_MODELS) if name in kinds]
    fits = [kind for kind in kinds if set(synth.model_options) <= set(inspect.signature(kind).parameters)]
    return (fits or kinds or [_table_kind(synth, name)])[0]


def _table_kind(synth: Synthesizer, name: str, schema: Schema | None = None) -> type[Generator]:
    if name != AUTO:
        return model_named(name)
    n_columns = 0 if schema is None else len(schema.modelled)
    of_rows = synth.privacy is not None and synth.time is None and synth.privacy.root is None
    return model_for(private=of_rows, n_columns=n_columns)


def streams(synth: Synthesizer) -> Sequence[np.random.Generator]:
    """Of the split, of training and of drawing."""
    seed = synth.random_state
    if seed is None and getattr(made_generator(synth), "checkpoint", None) is not None:
        seed = 0  # a training that is taken up must find the rows split as they were
    return [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(3)]


def condition_fields(generator: Generator, codec: TableCodec) -> tuple[int, ...]:
    """The fields of the columns that a generator is to be told, as its option `condition_on` names them."""
    found: list[int] = []
    for name in getattr(generator, "condition_on", ()):
        if name not in codec.columns:
            raise OptionError(f"condition_on: no column {name!r}{nearest(name, list(codec.columns))}")
        of_column = codec.fields_of(name)
        if not of_column:
            raise OptionError(f"condition_on: column {name!r} is an id: ids are regenerated, never learnt")
        if all(codec.alphabet.fields[j].size < 2 for j in of_column):
            raise OptionError(f"condition_on: column {name!r} has one value only, so it tells nothing; leave it out")
        found += of_column
    return tuple(dict.fromkeys(found))
