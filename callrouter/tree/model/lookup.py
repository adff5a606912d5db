"""The node that asks another program (a CRM, a service desk) over HTTP and reads its JSON answer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from callrouter.config.words import Name, Part
from callrouter.tree.address import check_address
from callrouter.tree.model.label import Labelled
from callrouter.tree.model.prompt import VARIABLE, Variable, Wording

Address = Annotated[
    str,
    Field(
        max_length=1000,
        pattern=r"^https?://",
        json_schema_extra={"x-words": "like https://crm.example.org/customers/{caller}?order={order}"},
    ),
    AfterValidator(check_address),
]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
HeaderValue = Annotated[
    str,
    Field(
        max_length=500,
        pattern=r"^[\x20-\x7e]*$",
        json_schema_extra={"x-words": 'like "Bearer {secret:crm_token}", where crm_token is one of `secrets`'},
    ),
]
Path = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$",
        max_length=200,
        json_schema_extra={"x-words": "keys and positions in the answer: like customer.orders.0.number"},
    ),
]
Sent = str | int | float | bool


class Answer(Part):
    """Where a variable's value stands in the answer."""

    path: Path
    type: Literal["text", "number", "bool"] = "text"
    otherwise: str | int | float | bool | None = Field(
        None, description="its value if the answer has none; without it the lookup has then failed"
    )


class Lookup(Labelled):
    """Asks over HTTP while the caller hears the filler or music; goes on with the answer in variables."""

    type: Literal["lookup"]
    url: Address
    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: dict[HeaderName, HeaderValue] = Field(default={})
    body: dict[str, Sent] = Field(
        default={}, description='sent as JSON; a text of one variable ("{order}") is its value'
    )
    timeout_s: float = Field(3, gt=0, le=30, description="the caller waits no longer, whatever the other side does")
    filler: Wording | None = Field(None, description="said meanwhile; without it the caller hears music")
    cache_s: float = Field(0, ge=0, le=86_400, description="an answer is good for so long; 0: never kept")
    into: dict[Variable, Path | Answer] = Field(default={}, description="variable → where its value is in the answer")
    ask_again: Name | None = Field(
        None, description="the collect node to return to when a secret it sends is not known any more"
    )
    next: Name
    failed: Name = Field(description="no answer in time, an error, or something missing in the answer")

    def answers(self) -> dict[str, Answer]:
        """The mapping with its short forms written out."""
        return {
            name: answer if isinstance(answer, Answer) else Answer(path=answer, otherwise=None)
            for name, answer in self.into.items()
        }


__all__ = ["VARIABLE", "Address", "Answer", "Lookup"]
