"""What the tables of the configuration files are made of."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator


class Strict(BaseModel):
    """Unknown keys and wrong types are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


AeTitle = Annotated[
    str, Field(min_length=1, max_length=16, pattern=r"^[^\\\x00-\x1f]*\S[^\\\x00-\x1f]*$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
Seconds = Annotated[float, Field(ge=0)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Text = Annotated[str, Field(min_length=1)]


def as_tuple(value: object) -> object:
    """A text as a tuple of one; what else comes is left to its type."""
    if isinstance(value, str):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


def _as_networks(value: object) -> tuple[IPv4Network | IPv6Network, ...]:
    several = as_tuple(value)
    if not isinstance(several, tuple) or not all(isinstance(one, str) for one in several):
        raise ValueError("an address or a network, or several")
    return tuple(ip_network(one) for one in several)


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], PlainValidator(_as_networks)]
