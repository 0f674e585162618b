"""People in a model file: plain data and arrays, each checked as it is read.

Legend: m pairs of names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from likewise.errors import ModelFileError
from likewise.personal.crowd import Crowd
from likewise.personal.identities import IdentityForm
from likewise.personal.layouts import HEADS, LAYOUTS
from likewise.personal.mails import LOCALS, MailForm
from likewise.personal.names import NameForm, NamePool
from likewise.personal.numbers import KINDS, LONGEST, IbanForm, PhoneForm, own_width
from likewise.personal.people import FORMS, MADE, Beside, Form, People, Told
from likewise.personal.places import AddressForm
from likewise.personal.pools import Locale, Words, countries, languages
from likewise.personal.unseen import Unseen

Arrays = Mapping[str, npt.NDArray[Any]]

MOST_WORDS = 50_000
LONGEST_WORD = 200
MOST_FORMS = 1_000
"""Ways of writing anything: more would cost a drawing more time than any table warrants."""
_NAME = re.compile(r"(?:\{(?:first|last|f|l|m)\}|[ ,.]){1,12}")
_PLACE = re.compile(r"(?:\{(?:city|region|postcode|country|street|number|line)\}|[ ,.]){1,12}")
_PHONE = re.compile(r"(?:[#+ ()./\-]|\(0\)){1,60}")
_RANGE = re.compile(r"\d{1,3}#{3,14}")
_IDENTITY = re.compile(r"[# ./\-]{1,60}")
_HEAD = re.compile(r"[0-9A-Z]{0,8}")
_DOMAIN = re.compile(r"[a-z0-9\-]{1,40}\.(?:example|com|org|net)")


def to_state(people: People) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """JSON-able dict and named arrays."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    columns = []
    for i, (name, told) in enumerate(people.columns.items()):
        form, free = told.form, told.free or getattr(told.form, "free", None)
        data = form.to_dict() if not isinstance(form, AddressForm | NameForm) else _plain(form)
        if free is not None:
            arrays[f"free{i}"] = np.packbits(free.free)
        columns.append({
            "name": name, "semantic": told.semantic, "form": data, "remainders": 0 if free is None else len(free.free)
        })  # fmt: skip
    pools: list[NamePool] = []
    places = []
    for (locale, gender), pool in people.pools.items():
        if not any(pool is other for other in pools):
            arrays[f"pairs{len(pools)}"] = pool.pairs.astype(np.int32)
            pools.append(pool)
        places.append([locale, gender, next(i for i, other in enumerate(pools) if other is pool)])
    return {
        "columns": columns,
        "locales": [[locale.language, locale.country] for locale in people.locales],
        "pools": [pool.to_dict() for pool in pools],
        "places": places,
        "beside": vars(people.beside),
        "crowd": [list(pair) for pair in people.crowd.bins],
        "apart": sorted(people.apart),
        "holes": dict(people.holes),
        "females": people.females,
    }, arrays


def from_state(data: Mapping[str, Any], arrays: Arrays) -> People:
    """The inverse of `to_state`.

    Raises:
        ModelFileError: something is absent, or not as people are.
    """
    try:
        return _people(data, arrays)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise ModelFileError("codec: its people cannot be made so") from error


def _people(data: Mapping[str, Any], arrays: Arrays) -> People:
    locales = tuple(Locale(str(a), str(b)) for a, b in data["locales"])
    _check(0 < len(locales) <= len(countries()) + 1)
    _check(all(locale.language in languages() and locale.country in countries() for locale in locales))
    made = [_pool(each, arrays[f"pairs{i}"]) for i, each in enumerate(data["pools"])]
    pools = {(int(k), int(g)): made[int(i)] for k, g, i in data["places"]}
    _check(set(pools) == {(k, g) for k in range(len(locales)) for g in (0, 1)})
    columns = {str(each["name"]): _told(each, arrays, i) for i, each in enumerate(data["columns"])}
    _check(len(columns) == len(data["columns"]) > 0)
    bins = tuple((int(n), int(rows)) for n, rows in data["crowd"])
    _check(0 < len(bins) <= 64 and all(0 < n <= rows < 2**40 for n, rows in bins))
    beside = Beside(**data["beside"])
    _check(all(isinstance(name, str | None) for name in vars(beside).values()))
    holes = {str(pattern): _share(share) for pattern, share in data["holes"].items()}
    _check(
        all(re.fullmatch(rf"[+-]{{{len(columns)}}}", pattern) for pattern in holes)
        and (not holes or sum(holes.values()) > 0)
    )
    apart = frozenset(map(str, data["apart"]))
    _check(apart <= MADE)
    return People(columns, locales, pools, beside, Crowd(bins), apart, holes, _share(data["females"]))


def _check(holds: object) -> None:
    if not holds:
        raise ValueError


def _share(value: Any) -> float:
    _check(isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1)
    return float(value)


def _pool(data: Mapping[str, Any], pairs: npt.NDArray[Any]) -> NamePool:
    words = {name: _words(data[name]) for name in ("first", "last", "more")}
    _check(pairs.ndim == 1 and pairs.dtype.kind == "i" and len(pairs) and isinstance(data["glued"], bool))
    _check(pairs.min() >= 0 and pairs.max() < len(words["first"]) * len(words["last"]))
    return NamePool(words["first"], words["last"], words["more"], pairs.astype(np.int64), data["glued"])


def _words(data: Any) -> Words:
    texts, latin = data
    _check(0 < len(texts) == len(latin) <= MOST_WORDS)
    _check(all(isinstance(text, str) and len(text) <= LONGEST_WORD for text in (*texts, *latin)))
    return Words(tuple(texts), tuple(latin))


def _told(data: Mapping[str, Any], arrays: Arrays, at: int) -> Told:
    semantic, n, free = data["semantic"], data["remainders"], None
    _check(semantic in MADE and isinstance(n, int) and n >= 0)
    if n:
        packed = arrays[f"free{at}"]
        _check(packed.dtype == np.uint8 and packed.shape == (-(-n // 8),))
        free = Unseen(np.unpackbits(packed, count=n).astype(bool))
        _check(free.free.any())
    form = _READERS[FORMS.get(semantic, AddressForm)](data["form"], free)
    return Told(semantic, form, None if hasattr(form, "free") else free)


def _plain(form: NameForm | AddressForm) -> dict[str, Any]:
    if isinstance(form, AddressForm):
        return {"template": form.template}
    return {
        "styles": list(form.styles), "shares": list(form.shares), "upper": form.upper,
        "titles": [list(title) for title in form.titles],
    }  # fmt: skip


def _name_form(data: Mapping[str, Any], _: Unseen | None) -> NameForm:
    styles, shares = tuple(data["styles"]), tuple(map(_share, data["shares"]))
    _check(0 < len(styles) == len(shares) <= MOST_FORMS and sum(shares) > 0)
    _check(all(_NAME.fullmatch(style) for style in styles))
    titles = tuple((str(text), _share(share), str(whose)) for text, share, whose in data["titles"])
    _check(len(titles) <= MOST_FORMS and all(len(text) <= LONGEST_WORD for text, *_ in titles))
    return NameForm(styles, shares, _share(data["upper"]), titles)


def _mail_form(data: Mapping[str, Any], free: Unseen | None) -> MailForm:
    styles, digits, domains = (tuple((a, _share(b)) for a, b in data[k]) for k in ("styles", "digits", "domains"))
    _check(max(map(len, (styles, digits, domains))) <= MOST_FORMS)
    _check(styles and all(style in LOCALS for style, _ in styles))
    _check(digits and all(isinstance(width, int) and 0 <= width <= 6 for width, _ in digits))
    _check(all(_DOMAIN.fullmatch(domain) for domain, _ in domains) and isinstance(data["upper"], bool))
    return MailForm(styles, digits, domains, data["upper"], free)


def _phone_form(data: Mapping[str, Any], free: Unseen | None) -> PhoneForm:
    styles = tuple((c, kind, template, _share(share)) for c, kind, template, share in data["styles"])
    _check(styles)
    _check(len(styles) <= MOST_FORMS)
    _check(all(c in countries() and kind in KINDS and _PHONE.fullmatch(template) for c, kind, template, _ in styles))
    _check(all(0 < own_width(countries()[c], kind, template) <= LONGEST for c, kind, template, _ in styles))
    ranges = {c: {form: _share(share) for form, share in forms.items()} for c, forms in data["ranges"].items()}
    _check(all(c in countries() and len(forms) <= MOST_FORMS for c, forms in ranges.items()))
    _check(
        all(form in countries()[c].phones or _RANGE.fullmatch(form) for c, forms in ranges.items() for form in forms)
    )
    return PhoneForm(styles, ranges, free)


def _iban_form(data: Mapping[str, Any], free: Unseen | None) -> IbanForm:
    of = tuple((c, _share(share)) for c, share in data["countries"])
    _check(0 < len(of) <= MOST_FORMS and all("iban" in countries()[c].data for c, _ in of))
    _check(data["mark"] in ("", " ", "-") and isinstance(data["lower"], bool))
    return IbanForm(of, data["mark"], data["lower"], free)


def _address_form(data: Mapping[str, Any], _: Unseen | None) -> AddressForm:
    _check(_PLACE.fullmatch(data["template"]))
    return AddressForm(data["template"])


def _identity_form(data: Mapping[str, Any], _: Unseen | None) -> IdentityForm:
    word, styles = data["word"], tuple((str(style), _share(share)) for style, share in data["styles"])
    _check(word in LAYOUTS and 0 < len(styles) <= MOST_FORMS and sum(share for _, share in styles) > 0)
    _check(all(_IDENTITY.fullmatch(style) and style.count("#") in LAYOUTS[word][1] for style, _ in styles))
    heads = {width: {head: _share(share) for head, share in found.items()} for width, found in data["heads"]}
    _check(set(heads) <= {style.count("#") for style, _ in styles})
    for found in heads.values():
        _check(0 < len(found) <= MOST_FORMS and sum(found.values()) > 0)
        _check(all(_HEAD.fullmatch(head) and len(head) <= HEADS.get(word, 0) for head in found))
    _check(isinstance(data["lower"], bool) and isinstance(data["digits"], bool))
    return IdentityForm(word, styles, heads, data["lower"], data["digits"])


_READERS: dict[Any, Callable[[Mapping[str, Any], Unseen | None], Form]] = {
    NameForm: _name_form, MailForm: _mail_form, PhoneForm: _phone_form, IbanForm: _iban_form,
    IdentityForm: _identity_form, AddressForm: _address_form,
}  # fmt: skip
