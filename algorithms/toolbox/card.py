"""The model card of an algorithm: the TOML block that opens MODEL_CARD.md, read strictly.

The card is the one place where name, version and parameters stand: people read it, and the code
runs on what it says, so that the two cannot differ.
"""

import math
import re
import tomllib
from collections.abc import Mapping
from importlib.resources.abc import Traversable

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.coding import Code
from dicom_node.domain.errors import ConfigError

FILE_NAME = "MODEL_CARD.md"
FRONT_MATTER = re.compile(r"\A```toml\n(?P<toml>.*?)^```$", re.DOTALL | re.MULTILINE)
REQUIRED = ("name", "version", "title", "summary", "training_data", "family")
OPTIONAL = ("weights_sha256", "parameters")
TEXT = re.compile(r"\S(.*\S)?", re.DOTALL)
SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "name": (re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*"), "lower-case words joined by hyphens"),
    "version": (re.compile(r"\d+\.\d+\.\d+"), "a semantic version such as 1.0.0"),
    "weights_sha256": (re.compile(r"[0-9a-f]{64}"), "64 lower-case hexadecimal digits"),
}
# Algorithm Name and Version (0066,0036) and (0066,0031) are LO, PS3.5 6.2.
LONGEST = 64


def read_card(path: Traversable) -> AlgorithmCard:
    """Card of an algorithm from its MODEL_CARD.md.

    Parameters
    ----------
    path : Traversable
        E.g. ``importlib.resources.files(__name__) / FILE_NAME``, which works from a wheel as well.

    Raises
    ------
    ConfigError
        The file is absent, does not open with a TOML block, lacks a key, has an unknown one, or a
        value is not as the key needs it. The message names file and key.
    """
    file = str(path)
    values = _front_matter(path, file)
    _check_keys(values, required=REQUIRED, optional=OPTIONAL, file=file, prefix="")
    texts = {key: _text(values, key, file) for key in REQUIRED if key != "family"}
    weights = _text(values, "weights_sha256", file) if "weights_sha256" in values else None
    return AlgorithmCard(
        name=texts["name"],
        version=texts["version"],
        title=texts["title"],
        summary=texts["summary"],
        training_data=texts["training_data"],
        weights_sha256=weights,
        family=_family(values["family"], file),
        parameters=_parameters(values.get("parameters", {}), file),
    )


def numbers(card: AlgorithmCard, allowed: Mapping[str, tuple[float, float]]) -> Mapping[str, float]:
    """Parameters of a card as numbers, each within its ``(low, high]``.

    Raises
    ------
    ConfigError
        A parameter is missing, unknown, no number or out of its range.
    """
    file = f"{FILE_NAME} of {card.name}"
    _check_keys(
        card.parameters, required=tuple(allowed), optional=(), file=file, prefix="parameters."
    )
    return {key: _number(card.parameters[key], key, allowed[key], file) for key in allowed}


def _number(text: str, key: str, ends: tuple[float, float], file: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not ends[0] < value <= ends[1]:
        told = f"a number above {ends[0]:g}, at most {ends[1]:g}"
        raise ConfigError(file=file, key=f"parameters.{key}", value=text, allowed=told)
    return value


def _front_matter(path: Traversable, file: str) -> dict[str, object]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            file=file, key="(file)", value=None, allowed="a readable model card"
        ) from error
    block = FRONT_MATTER.match(text)
    if block is None:
        raise ConfigError(
            file=file,
            key="(first line)",
            value=text[:20],
            allowed="a fenced block: ```toml ... ```",
        )
    try:
        return tomllib.loads(block["toml"])
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            file=file, key="(first block)", value=str(error), allowed="valid TOML"
        ) from error


def _check_keys(
    table: Mapping[str, object],
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...],
    file: str,
    prefix: str,
) -> None:
    for key in required:
        if key not in table:
            raise ConfigError(file=file, key=prefix + key, value=None, allowed="this key is needed")
    for key, value in table.items():
        if key not in required + optional:
            allowed = "no such key; known are " + ", ".join(required + optional)
            raise ConfigError(file=file, key=prefix + key, value=value, allowed=allowed)


def _text(table: Mapping[str, object], key: str, file: str, prefix: str = "") -> str:
    value = table[key]
    pattern, allowed = SHAPES.get(key, (TEXT, "text that is not empty"))
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ConfigError(file=file, key=prefix + key, value=value, allowed=allowed)
    if key in ("name", "version") and len(value) > LONGEST:
        raise ConfigError(
            file=file, key=prefix + key, value=value, allowed=f"at most {LONGEST} characters"
        )
    return value


def _family(table: object, file: str) -> Code:
    if not isinstance(table, dict):
        allowed = "a table with value, scheme, meaning (PS3.16 CID 7162)"
        raise ConfigError(file=file, key="family", value=table, allowed=allowed)
    keys = ("value", "scheme", "meaning")
    _check_keys(table, required=keys, optional=(), file=file, prefix="family.")
    value, scheme, meaning = (_text(table, key, file, "family.") for key in keys)
    return Code(value, scheme, meaning)


def _parameters(table: object, file: str) -> Mapping[str, str]:
    allowed = "a table of texts, numbers and booleans"
    if not isinstance(table, dict):
        raise ConfigError(file=file, key="parameters", value=table, allowed=allowed)
    for key, value in table.items():
        if not isinstance(value, str | int | float):
            raise ConfigError(file=file, key=f"parameters.{key}", value=value, allowed=allowed)
    return {key: str(value) for key, value in table.items()}
