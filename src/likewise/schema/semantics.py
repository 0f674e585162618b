"""What a column tells of somebody, whatever its kind: a name, an e-mail address, a city."""

from __future__ import annotations

from enum import StrEnum


class Semantic(StrEnum):
    """What the values of a column are, in the life of those whom the rows are of."""

    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    USERNAME = "username"
    EMAIL = "email"
    PHONE = "phone"
    STREET = "street"
    HOUSE_NUMBER = "house_number"
    ADDRESS = "address"  # a whole line
    POSTCODE = "postcode"
    CITY = "city"
    REGION = "region"
    COUNTRY = "country"
    COMPANY = "company"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"
    IP = "ip"
    MAC = "mac"
    IMEI = "imei"
    DEVICE = "device"
    URL = "url"
    UUID = "uuid"
    BIRTH_DATE = "birth_date"
    GENDER = "gender"
    LATITUDE = "latitude"
    LONGITUDE = "longitude"
    NONE = "none"  # a person's word that it is none of these

    @property
    def words(self) -> str:
        """As it is said in a sentence: "house number"."""
        return self.value.replace("_", " ")


NAMES = (Semantic.NAME, Semantic.FIRST_NAME, Semantic.LAST_NAME)
"""Names of people, whole or in part."""

SINGLES_OUT = frozenset(Semantic(word) for word in (
    "name", "first_name", "last_name", "username", "email", "phone", "street", "address", "iban", "card", "national_id",
    "ip", "mac", "imei", "device", "url", "uuid",
))  # fmt: skip
"""Those of which a value may be one person's alone: a column that is told, or said, to hold one is made anew and never
learnt, unless its kind is said too."""

WHERE = frozenset(map(Semantic, ("house_number", "postcode", "city", "region", "country", "company")))
"""What is learnt where its levels repeat, and made where texts mostly differ: their pattern makes no words."""

LEARNT = frozenset(map(Semantic, ("birth_date", "gender", "latitude", "longitude", "none")))
"""Those whose columns are learnt: where somebody says so of a column, it is taken for no other's name or number."""

WORDED = frozenset(map(Semantic, (
    "name", "first_name", "last_name", "email", "street", "address", "city", "region", "country", "company", "iban",
    "ip", "mac", "url",
)))  # fmt: skip
"""Those that are no numbers, however they are written: none can be made for a column that is stored as such."""

WHYS = BY_NAME, BY_VALUES, BY_BOTH = "by its name", "by its values", "by its name and its values"
"""By what a semantic was told: the end of a note on a column that is learnt all the same."""

LOCALE = r"^(?:[a-z]{2,3}_)?[A-Z]{2}$"
"""A language and a country, or a country."""

_COUNTRIES = {
    "it_cf": "IT", "uk_nino": "GB", "es_dni": "ES", "cn_id": "CN", "cn_uscc": "CN", "ch_ahv": "CH", "fr_nir": "FR",
    "br_cpf": "BR", "br_cnpj": "BR", "de_idnr": "DE", "pl_pesel": "PL", "be_nrn": "BE", "in_aadhaar": "IN",
    "nl_bsn": "NL", "us_ssn": "US", "jp_my": "JP", "se_pnr": "SE",
}  # fmt: skip
_WRITTEN = {"ipv4": Semantic.IP, "ipv6": Semantic.IP}


def of_form(word: str) -> tuple[Semantic, str | None] | None:
    """The semantic and the country of a form of identifiers, by its word; None for no such word.

    Schemas of before there were semantics have these words as an id's format.

    Example:
        >>> of_form("it_cf"), of_form("%Y-%m-%d")
        ((<Semantic.NATIONAL_ID: 'national_id'>, 'IT'), None)
    """
    if word in _COUNTRIES:
        return Semantic.NATIONAL_ID, _COUNTRIES[word]
    known = _WRITTEN.get(word) or next((s for s in Semantic if s == word), None)
    return None if known is None else (known, None)
