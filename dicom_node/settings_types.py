"""What the tables of the configuration files are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


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
