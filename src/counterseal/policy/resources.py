"""Objects that belong to someone."""

from __future__ import annotations

from pydantic import Field

from counterseal.policy.values import Dotted, Name, Reason, Section


class Resource(Section):
    """A kind of object, whom it belongs to, and who else may touch it."""

    model: Dotted = Field(description="The model class: its plain or dotted name.", examples=["Invoice", "app.models.Invoice"])
    owner: Dotted = Field(description="The field of the model that says whose it is.", examples=["user_id", "account.owner_id"])
    principal: Dotted = Field(
        default="id", description="The attribute of the caller that the owner must equal.", examples=["id", "organisation_id"]
    )
    also: tuple[Name, ...] = Field(
        default=(), description="Roles that may touch every such object, whoever owns it.", examples=[["support", "admin"]]
    )
    public_read: Reason | None = Field(
        default=None,
        description="Anyone may read it, for this reason. Changing it still takes its owner.",
        examples=["Published articles"],
    )

    def describes(self, model: str) -> bool:
        """Whether this is about the model class of that plain or dotted name."""
        return model == self.model or model.endswith(f".{self.model}") or self.model.endswith(f".{model}")
