"""One TOML file, read strictly; what is wrong is told by file, key, value and what is allowed."""

import json
import tomllib
from pathlib import Path
from typing import TypeVar, get_args

from pydantic import BaseModel, ValidationError

from dicom_node.domain.errors import ConfigError

Model = TypeVar("Model", bound=BaseModel)


def read_file(path: Path, model: type[Model]) -> Model:
    """Tables of a file; an absent file means the defaults.

    Raises
    ------
    ConfigError
        Where the file is no TOML, or has a key or a value that the tables do not allow.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as cause:
        raise ConfigError(file=path.name, key="text", value=str(cause), allowed="TOML") from cause
    try:
        # By way of JSON: TOML's arrays then become tuples under strict rules, too.
        return model.model_validate_json(json.dumps(table, default=str))
    except ValidationError as cause:
        raise _named(path, model, cause) from cause


def _named(path: Path, model: type[BaseModel], cause: ValidationError) -> ConfigError:
    first = cause.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(top level)"
    if first["type"] == "extra_forbidden":
        value, allowed = "an unknown key", f"one of {_keys_beside(model, first['loc'])}"
    elif first["type"] == "missing":
        value, allowed = "absent", "a value; the key is required"
    else:
        value, allowed = first["input"], first["msg"].removeprefix("Value error, ")
        if key.endswith(".database"):
            value = "another text"  # it may hold a password
    return ConfigError(file=path.name, key=key, value=value, allowed=allowed)


def _keys_beside(model: type[BaseModel], place: tuple[str | int, ...]) -> list[str]:
    """Keys that the table at this place of the file may have."""
    for part in place[:-1]:
        if isinstance(part, str) and part in model.model_fields:
            models = _models_in(model.model_fields[part].annotation)
            model = models[0] if models else model
    return sorted(model.model_fields)


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]
