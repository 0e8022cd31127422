"""What may come in, and what may go out. Contracts refuse every other field on the way in, and drop it on the way out."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, EmailStr, Field

Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(str.lower)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Password = Annotated[str, Field(min_length=10, max_length=256)]
Attempt = Annotated[str, Field(min_length=1, max_length=256)]
"""A password that somebody tries: what it looks like is nobody's business."""
Token = Annotated[str, Field(min_length=20, max_length=200)]


class SignUp(BaseModel):
    """Somebody wants an account. There is no field for a role."""

    email: Email
    name: Name
    password: Password


class Credentials(BaseModel):
    """Somebody says who they are."""

    email: Email
    password: Attempt


class Address(BaseModel):
    """Somebody has forgotten a password."""

    email: Email


class Confirmation(BaseModel):
    """The token from a mail."""

    token: Token


class PasswordReset(BaseModel):
    """The token from a mail, and what is to be the password."""

    token: Token
    password: Password


class PasswordChange(BaseModel):
    """The password, and what is to take its place."""

    current: Attempt
    password: Password


class Refresh(BaseModel):
    """A refresh token."""

    refresh_token: Token


class ProfileUpdate(BaseModel):
    """What people may change about themselves."""

    name: Name | None = None
    about: Annotated[str, Field(max_length=1000)] | None = None


class RoleChange(BaseModel):
    """What an administrator may make of somebody."""

    role: Literal["user", "admin"]


class PageOf(BaseModel):
    """A page of a list: what comes after an id."""

    after: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Profile(BaseModel):
    """What people see of themselves."""

    id: UUID
    email: str
    name: str
    about: str
    role: str


class Account(Profile):
    """What administrators see of somebody."""

    active: bool


class Tokens(BaseModel):
    """What a program gets instead of a cookie."""

    access_token: str
    refresh_token: str
    token_type: Literal["Bearer"] = "Bearer"


class Message(BaseModel):
    """A sentence."""

    message: str
