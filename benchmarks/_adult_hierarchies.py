"""Hierarchies of the Adult census, as plain dictionaries: each value's labels from near to far, the last `*`."""

from __future__ import annotations

import polars as pl

_EDUCATION = {
    "basic": ("Preschool", "1st-4th", "5th-6th", "7th-8th", "9th", "10th", "11th", "12th", "HS-grad"),
    "college": ("Some-college", "Assoc-voc", "Assoc-acdm"),
    "degree": ("Bachelors", "Masters", "Prof-school", "Doctorate"),
}
_MARITAL = {
    "married": ("Married-civ-spouse", "Married-AF-spouse", "Married-spouse-absent"),
    "alone": ("Never-married", "Divorced", "Separated", "Widowed"),
}
_OCCUPATION = {
    "office": ("Exec-managerial", "Prof-specialty", "Adm-clerical", "Sales", "Tech-support"),
    "hands": ("Craft-repair", "Machine-op-inspct", "Handlers-cleaners", "Transport-moving", "Farming-fishing"),
    "service": ("Other-service", "Priv-house-serv", "Protective-serv", "Armed-Forces"),
    "unknown": ("?",),
}
_COUNTRY = {
    "North America": ("United-States", "Canada", "Outlying-US(Guam-USVI-etc)"),
    "Latin America": ("Mexico", "Puerto-Rico", "El-Salvador", "Cuba", "Jamaica", "Dominican-Republic", "Guatemala",
                      "Columbia", "Haiti", "Nicaragua", "Peru", "Ecuador", "Trinadad&Tobago", "Honduras"),
    "Europe": ("Germany", "England", "Italy", "Poland", "Portugal", "Greece", "France", "Ireland", "Yugoslavia",
               "Scotland", "Hungary", "Holand-Netherlands"),
    "Asia": ("Philippines", "India", "China", "South", "Vietnam", "Japan", "Taiwan", "Iran", "Hong", "Thailand",
             "Cambodia", "Laos"),
    "unknown": ("?",),
}  # fmt: skip
_WORK = {
    "private": ("Private",),
    "own": ("Self-emp-not-inc", "Self-emp-inc"),
    "state": ("Local-gov", "State-gov", "Federal-gov"),
    "other": ("Without-pay", "Never-worked", "?"),
}


def chains(frame: pl.DataFrame) -> dict[str, dict[object, list[str]]]:
    """column -> value -> labels, for the quasi-identifiers of Adult."""
    out: dict[str, dict[object, list[str]]] = {
        "age": {a: [*(f"[{a // w * w}, {a // w * w + w})" for w in (5, 10, 20, 40)), "*"] for a in range(120)}
    }
    groups = {
        "education": _EDUCATION, "marital-status": _MARITAL, "occupation": _OCCUPATION, "native-country": _COUNTRY,
        "workclass": _WORK,
    }  # fmt: skip
    for name, group in groups.items():
        out[name] = {value: [label, "*"] for label, values in group.items() for value in values}
    for name in ("sex", "race"):
        out[name] = {value: ["*"] for value in frame[name].unique().to_list()}
    return out
