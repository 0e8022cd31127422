"""User profiles."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Form, HTTPException, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.database import get_db
from app.models import User
from app.schemas import UserOut, UserUpdate
from app.security import CurrentUser

router = APIRouter(tags=["users"])


@router.get("/users/me")
def read_profile(current_user: CurrentUser):
    """Return the profile of the logged-in user."""
    return current_user


@router.put("/users/me", response_model=UserOut)
def replace_profile(data: UserUpdate, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Change name or email of the logged-in user."""
    if data.email and data.email != current_user.email:
        if db.scalar(select(User).where(User.email == data.email)):
            raise HTTPException(status_code=status.HTTP_409_CONFLICT, detail="This email cannot be used")
        current_user.email = data.email
    if data.name:
        current_user.name = data.name
    db.commit()
    return current_user


@router.post("/update_user_profile")
def update_user_profile(
    user_id: Annotated[int, Form()],
    email: Annotated[str, Form()],
    name: Annotated[str, Form()],
    db: Annotated[Session, Depends(get_db)],
):
    """Update the profile from the settings form."""
    user = db.get(User, user_id)
    if user is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="User not found")
    user.email = email
    user.name = name
    db.commit()
    return {"message": "Profile updated", "user_id": user.id}


@router.patch("/users/{user_id}", response_model=UserOut)
def patch_user(
    user_id: int,
    changes: Annotated[dict[str, Any], Body()],
    current_user: CurrentUser,
    db: Annotated[Session, Depends(get_db)],
):
    """Partially update a user."""
    user = db.get(User, user_id)
    if user is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="User not found")
    for field, value in changes.items():
        setattr(user, field, value)
    db.commit()
    return user
