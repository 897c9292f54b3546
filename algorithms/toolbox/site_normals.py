"""A site's own normals: the file that an environment variable names, as part of the version."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path

from dicom_node.domain.algorithm import AlgorithmCard
from dicom_node.domain.errors import ConfigError


def own_normals(variable: str) -> str | None:
    """Path that the variable names; None where there is none."""
    return os.environ.get(variable) or None


def card_with_normals(card: AlgorithmCard, variable: str, what: str) -> AlgorithmCard:
    """Card with the hash of the site's normals in its version, where they are configured.

    Parameters
    ----------
    what : begins the statement on training data, e.g. ``the reference range is``

    Raises
    ------
    ConfigError
        The file cannot be read.
    """
    own = own_normals(variable)
    if own is None:
        return card
    try:
        digest = hashlib.sha256(Path(own).read_bytes()).hexdigest()
    except OSError as cause:
        raise ConfigError(
            file=own, key=variable, value=own, allowed="a readable file of normals"
        ) from cause
    return replace(
        card,
        version=f"{card.version}+normals.{digest[:12]}",
        training_data=f"{card.training_data.split(';')[0]}; {what} the site's own",
    )
