"""What a mistake in a configuration file is called: file, key, what came, what is allowed."""

from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError

from dicom_node.domain.errors import ConfigError


def named_fault(path: Path, model: type[BaseModel], cause: ValidationError) -> ConfigError:
    """Error that tells file and key of the first mistake, what came and what is allowed."""
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
