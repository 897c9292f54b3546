"""A site's file of normals: JSON that people can read, of one format, and nothing in it is run."""

import json
from collections.abc import Callable, Mapping
from importlib.resources.abc import Traversable
from typing import TypeVar

from dicom_node.domain.errors import ConfigError

T = TypeVar("T")


def read_normals_file(
    path: Traversable,
    make: Callable[[Mapping[str, object]], T],
    *,
    needed: Mapping[str, object],
    what: str,
    keys: str,
) -> T:
    """What a file holds.

    Parameters
    ----------
    make : callable
        Out of its content; KeyError, TypeError or ValueError name what is wrong there.
    needed : mapping
        Values that it must have, such as its format and how its numbers were measured.
    what, keys : str
        Name of such a file and of its other content, for messages.

    Raises
    ------
    ConfigError
        The file is absent, is none of this kind, or is for numbers that are measured otherwise.
    """
    file = str(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        raise ConfigError(
            file=file, key="(file)", value=None, allowed=f"a readable file of {what}"
        ) from cause
    for key, allowed in needed.items():
        came = content.get(key) if isinstance(content, dict) else None
        if came != allowed:
            raise ConfigError(file=file, key=key, value=came, allowed=str(allowed))
    try:
        return make(content)
    except (KeyError, TypeError, ValueError) as cause:
        raise ConfigError(
            file=file, key=str(cause), value=None, allowed=f"{keys} as written"
        ) from cause
