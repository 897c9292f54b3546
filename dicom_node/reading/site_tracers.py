"""Rules of a site for series whose header names no tracer, from ``config/tracers.toml``."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dicom_node.domain.errors import ConfigError
from dicom_node.reading.header import Header, named
from dicom_node.reading.tracer_table import TRACERS

_CONDITIONS = ("station_name", "manufacturer_contains", "series_description_contains")
_RULE_KEYS = ("tracer", "when")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteRule:
    """A tracer, and the conditions under which a series counts as made with it.

    All conditions that are given must hold; each is a list of which one must fit. Text is compared
    without case. An attribute that is absent is no match.
    """

    tracer: str
    station_name: tuple[str, ...] = ()
    manufacturer_contains: tuple[str, ...] = ()
    series_description_contains: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (
            self.station_name or self.manufacturer_contains or self.series_description_contains
        ):
            raise ValueError("a site rule needs a condition, or it would fit every series")

    def matches(self, header: Header) -> bool:
        """Whether every condition holds for the header."""
        station = (header.text("StationName") or "").lower()
        return (
            (not self.station_name or station in self.station_name)
            and _contains(header, "Manufacturer", self.manufacturer_contains)
            and _contains(header, "SeriesDescription", self.series_description_contains)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTracers:
    """The rules of a site, with the name of the file they come from."""

    rules: tuple[SiteRule, ...]
    file: str = ""

    def matching(self, header: Header) -> Iterator[tuple[str, str]]:
        """Tracer and name of every rule that fits the header, in the order of the file."""
        for number, rule in enumerate(self.rules, start=1):
            if rule.matches(header):
                seen = ", ".join(
                    named(keyword)
                    for keyword, asked in (
                        ("StationName", rule.station_name),
                        ("Manufacturer", rule.manufacturer_contains),
                        ("SeriesDescription", rule.series_description_contains),
                    )
                    if asked
                )
                yield rule.tracer, f"site rule {number} of {self.file} ({seen})"


NO_SITE_TRACERS = SiteTracers(rules=())


def read_site_tracers(path: Path) -> SiteTracers:
    """Rules of a TOML file: ``[[rules]]`` with ``tracer`` and ``when``; none where it is absent.

    Raises
    ------
    ConfigError
        Where the file cannot be read, is no TOML, has an unknown key, names an unknown tracer, or
        where a rule has no condition.
    """
    if not path.exists():
        return NO_SITE_TRACERS
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as cause:
        allowed = "a readable file"
        raise ConfigError(file=str(path), key="file", value=None, allowed=allowed) from cause
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(
            file=str(path), key="syntax", value=str(cause), allowed="TOML in UTF-8"
        ) from cause
    file = _File(path)
    file.only_keys("", document, ("rules",))
    rules = document.get("rules", [])
    if not isinstance(rules, list):
        raise file.error("rules", rules, "an array of tables, [[rules]]")
    return SiteTracers(
        rules=tuple(_rule(file, f"rules[{number}]", one) for number, one in enumerate(rules, 1)),
        file=path.name,
    )


@dataclass(frozen=True, slots=True)
class _File:
    """The file that is read, to name it in errors."""

    path: Path

    def error(self, key: str, value: object, allowed: str) -> ConfigError:
        return ConfigError(file=str(self.path), key=key, value=value, allowed=allowed)

    def only_keys(self, key: str, table: Mapping[str, object], known: tuple[str, ...]) -> None:
        for one in table:
            if one not in known:
                inner = f"{key}.{one}" if key else one
                raise self.error(inner, table[one], "no such key; known are " + ", ".join(known))


def _rule(file: _File, key: str, table: object) -> SiteRule:
    if not isinstance(table, dict):
        raise file.error(key, table, "a table")
    file.only_keys(key, table, _RULE_KEYS)
    tracer, when = table.get("tracer"), table.get("when")
    if not isinstance(tracer, str) or tracer not in TRACERS:
        raise file.error(f"{key}.tracer", tracer, ", ".join(TRACERS))
    if not isinstance(when, dict) or not when:
        raise file.error(f"{key}.when", when, "one or more of " + ", ".join(_CONDITIONS))
    file.only_keys(f"{key}.when", when, _CONDITIONS)
    conditions = {one: _texts(file, f"{key}.when.{one}", value) for one, value in when.items()}
    return SiteRule(tracer=tracer, **conditions)


def _texts(file: _File, key: str, value: object) -> tuple[str, ...]:
    several = value if isinstance(value, list) else [value]
    texts = tuple(one.strip().lower() for one in several if isinstance(one, str) and one.strip())
    if not texts or len(texts) != len(several):
        raise file.error(key, value, "a text, or a list of texts, none of them empty")
    return texts


def _contains(header: Header, keyword: str, parts: tuple[str, ...]) -> bool:
    text = " ".join(header.texts(keyword)).lower()
    return not parts or any(part in text for part in parts)
