"""Small real applications to audit."""

from __future__ import annotations

from pathlib import Path

FASTAPI = """\
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
import jwt

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="login")
SECRET_KEY = "a-hard-coded-signing-key-of-ours"


def current_user(token: str = Depends(scheme)) -> dict:
    try:
        return jwt.decode(token, SECRET_KEY, algorithms=["HS256"])
    except jwt.PyJWTError:
        raise HTTPException(status_code=401)


def admin(user: dict = Depends(current_user)) -> dict:
    if user["role"] != "admin":
        raise HTTPException(status_code=403)
    return user


@app.get("/open")
def open_to_all():
    return {"ok": True}


@app.get("/mine")
def mine(user: dict = Depends(current_user)):
    return {"name": user["sub"]}


@app.get("/all")
def everything(user: dict = Depends(admin)):
    return {"count": 3}
"""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write an application into ``folder`` and return the folder."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder
