"""Who may touch which record: the caller's identity takes part in the query or in a check before the use, or it does not."""

from __future__ import annotations

from textwrap import dedent

import pytest

from counterseal.guarantees import State
from tests.surface.apps import owned

FASTAPI = """
import os
import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from sqlalchemy import Column, ForeignKey, Integer, String, select, text
from sqlalchemy.orm import Session, declarative_base, relationship

Base = declarative_base()
oauth2 = OAuth2PasswordBearer(tokenUrl="token")
app = FastAPI(openapi_url=None)

class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String)
    password_hash = Column(String)
    role = Column(String)
    tasks = relationship("Task", back_populates="owner")

class Team(Base):
    __tablename__ = "teams"
    id = Column(Integer, primary_key=True)
    owner_id = Column(Integer, ForeignKey("users.id"))

class Member(Base):
    __tablename__ = "members"
    id = Column(Integer, primary_key=True)
    team_id = Column(Integer, ForeignKey("teams.id"))
    user_id = Column(Integer, ForeignKey("users.id"))

class Task(Base):
    __tablename__ = "tasks"
    id = Column(Integer, primary_key=True)
    owner_id = Column(Integer, ForeignKey("users.id"))
    team_id = Column(Integer, ForeignKey("teams.id"))
    title = Column(String)
    owner = relationship("User", back_populates="tasks")

def get_db():
    yield Session()

def me(token: str = Depends(oauth2), db: Session = Depends(get_db)):
    claims = jwt.decode(token, os.environ["SECRET"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(status_code=401)
    return user
"""

FLASK = """
import os
import sqlite3
from flask import Flask, abort, g, jsonify, request
from flask_login import current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)

class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String)
    password_hash = db.Column(db.String)
    role = db.Column(db.String)
    notes = db.relationship("Note", backref="owner")

class Note(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer, db.ForeignKey("user.id"))
    text = db.Column(db.String)

def connect():
    return sqlite3.connect("x.db")

def schema():
    connect().execute("CREATE TABLE accounts (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES user(id), balance INTEGER)")
"""

CASES: dict[str, tuple[str, str, str]] = {
    "narrowed query": (
        FASTAPI,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            return db.query(Task).filter(Task.id == task_id, Task.owner_id == user.id).first()
        """,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            return db.query(Task).filter(Task.id == task_id).first()
        """,
    ),
    "narrowed by AND, widened by OR": (
        FASTAPI,
        """
        from sqlalchemy import and_

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            return db.scalars(select(Task).where(and_(Task.id == task_id, Task.owner_id == user.id))).one()
        """,
        """
        from sqlalchemy import or_

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            return db.scalars(select(Task).where(or_(Task.id == task_id, Task.owner_id == user.id))).one()
        """,
    ),
    "checked after loading": (
        FASTAPI,
        """
        @app.delete("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if task is None or task.owner_id != user.id:
                raise HTTPException(status_code=404)
            db.delete(task)
            db.commit()
        """,
        """
        @app.delete("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if task is None or task.owner_id != task_id:
                raise HTTPException(status_code=404)
            db.delete(task)
            db.commit()
        """,
    ),
    "checked too late": (
        FASTAPI,
        """
        @app.delete("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if task.owner_id != user.id:
                raise HTTPException(status_code=403)
            db.delete(task)
            return {"done": True}
        """,
        """
        @app.delete("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            db.delete(task)
            if task.owner_id != user.id:
                raise HTTPException(status_code=403)
            return {"done": True}
        """,
    ),
    "helper that raises": (
        FASTAPI,
        """
        def must_own(task, user):
            if task.owner_id != user.id:
                raise HTTPException(status_code=403)

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            must_own(task, user)
            return task
        """,
        """
        def must_own(task, user):
            if task.owner_id != user.id:
                return HTTPException(status_code=403)

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            must_own(task, user)
            return task
        """,
    ),
    "helper that answers": (
        FASTAPI,
        """
        def owns(task, user):
            return task.owner_id == user.id

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if not owns(task, user):
                raise HTTPException(status_code=403)
            return task
        """,
        """
        def owns(task, user):
            return task.owner_id == user.id

        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            owns(task, user)
            return task
        """,
    ),
    "dependency that loads": (
        FASTAPI,
        """
        def own_task(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.query(Task).filter_by(id=task_id, owner_id=user.id).first()
            if not task:
                raise HTTPException(status_code=404)
            return task

        @app.get("/tasks/{task_id}")
        def x(task: Task = Depends(own_task)):
            return task
        """,
        """
        def any_task(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.query(Task).filter_by(id=task_id).first()
            if not task:
                raise HTTPException(status_code=404)
            return task

        @app.get("/tasks/{task_id}")
        def x(task: Task = Depends(any_task)):
            return task
        """,
    ),
    "membership": (
        FASTAPI,
        """
        def is_member(db, team_id, user_id) -> bool:
            return db.query(Member).filter_by(team_id=team_id, user_id=user_id).first() is not None

        @app.get("/teams/{team_id}")
        def x(team_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            if not is_member(db, team_id, user.id):
                raise HTTPException(status_code=403)
            return db.get(Team, team_id)
        """,
        """
        def is_member(db, team_id, user_id) -> bool:
            return db.query(Member).filter_by(team_id=team_id, user_id=user_id).first() is not None

        @app.get("/teams/{team_id}")
        def x(team_id: int, user_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            if not is_member(db, team_id, user_id):
                raise HTTPException(status_code=403)
            return db.get(Team, team_id)
        """,
    ),
    "administrators may": (
        FASTAPI,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if task.owner_id != user.id and user.role != "admin":
                raise HTTPException(status_code=403)
            return task
        """,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, admin: bool = False, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, task_id)
            if task.owner_id != user.id and not admin:
                raise HTTPException(status_code=403)
            return task
        """,
    ),
    "nested route": (
        FASTAPI,
        """
        @app.get("/teams/{team_id}/tasks/{task_id}")
        def x(team_id: int, task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            member = db.query(Member).filter(Member.team_id == team_id, Member.user_id == user.id).first()
            if member is None:
                raise HTTPException(status_code=403)
            task = db.query(Task).filter(Task.id == task_id, Task.team_id == team_id).first()
            return task
        """,
        """
        @app.get("/teams/{team_id}/tasks/{task_id}")
        def x(team_id: int, task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            member = db.query(Member).filter(Member.team_id == team_id, Member.user_id == user.id).first()
            if member is None:
                raise HTTPException(status_code=403)
            task = db.query(Task).filter(Task.id == task_id).first()
            return task
        """,
    ),
    "joined": (
        FASTAPI,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            query = select(Task).join(Member, Member.team_id == Task.team_id)
            return db.scalars(query.where(Task.id == task_id, Member.user_id == user.id)).first()
        """,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            query = select(Task).join(Member, Member.team_id == Task.team_id)
            return db.scalars(query.where(Task.id == task_id)).first()
        """,
    ),
    "built step by step": (
        FASTAPI,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            query = db.query(Task)
            query = query.filter(Task.owner_id == user.id)
            return query.filter(Task.id == task_id).first()
        """,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, mine: bool = False, user: User = Depends(me), db: Session = Depends(get_db)):
            query = db.query(Task)
            if mine:
                query = query.filter(Task.owner_id == user.id)
            return query.filter(Task.id == task_id).first()
        """,
    ),
    "raw SQL with parameters": (
        FASTAPI,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            found = db.execute(
                text("SELECT * FROM tasks WHERE id = :id AND owner_id = :owner"), {"id": task_id, "owner": user.id}
            )
            return found.fetchone()
        """,
        """
        @app.get("/tasks/{task_id}")
        def x(task_id: int, user: User = Depends(me), db: Session = Depends(get_db)):
            found = db.execute(text("SELECT * FROM tasks WHERE id = :id"), {"id": task_id})
            return found.fetchone()
        """,
    ),
    "get_or_404": (
        FLASK,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            note = Note.query.get_or_404(note_id)
            if note.user_id != current_user.id:
                abort(403)
            return jsonify(text=note.text)
        """,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            note = Note.query.get_or_404(note_id)
            return jsonify(text=note.text)
        """,
    ),
    "relationship of the record": (
        FLASK,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            note = db.session.get(Note, note_id)
            if note.owner != current_user:
                abort(403)
            return jsonify(text=note.text)
        """,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            note = db.session.get(Note, note_id)
            if not note.owner:
                abort(403)
            return jsonify(text=note.text)
        """,
    ),
    "raw SQL by position": (
        FLASK,
        """
        @app.get("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            cursor = connect().cursor()
            cursor.execute("SELECT * FROM accounts WHERE id = ? AND user_id = ?", (account_id, current_user.id))
            return jsonify(cursor.fetchone())
        """,
        """
        @app.get("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            cursor = connect().cursor()
            cursor.execute("SELECT * FROM accounts WHERE id = ?", (account_id,))
            return jsonify(cursor.fetchone())
        """,
    ),
    "raw SQL in f-strings": (
        FLASK,
        """
        @app.get("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            query = f"SELECT balance FROM accounts WHERE id = {account_id} AND user_id = {current_user.id}"
            return jsonify(connect().execute(query).fetchone())
        """,
        """
        @app.get("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            query = f"SELECT balance FROM accounts WHERE id = {account_id} AND user_id = {request.args['user_id']}"
            return jsonify(connect().execute(query).fetchone())
        """,
    ),
    "update in raw SQL": (
        FLASK,
        """
        @app.post("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            connect().execute(
                "UPDATE accounts SET balance = ? WHERE id = ? AND user_id = ?", (1, account_id, current_user.id)
            )
            return "ok"
        """,
        """
        @app.post("/accounts/<int:account_id>")
        @login_required
        def x(account_id):
            connect().execute("UPDATE accounts SET balance = ? WHERE id = ?", (1, account_id))
            return "ok"
        """,
    ),
    "keywords in a dictionary": (
        FLASK,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            wanted = {"id": note_id, "user_id": current_user.id}
            return jsonify(text=Note.query.filter_by(**wanted).first_or_404().text)
        """,
        """
        @app.get("/notes/<int:note_id>")
        @login_required
        def x(note_id):
            wanted = {"id": note_id}
            return jsonify(text=Note.query.filter_by(**wanted).first_or_404().text)
        """,
    ),
    "decorator that loads": (
        FLASK,
        """
        from functools import wraps

        def own_note(view):
            @wraps(view)
            def inner(note_id, *args, **kwargs):
                note = Note.query.filter_by(id=note_id, user_id=current_user.id).first()
                if note is None:
                    abort(404)
                return view(note, *args, **kwargs)
            return inner

        @app.get("/notes/<int:note_id>")
        @login_required
        @own_note
        def x(note):
            return jsonify(text=note.text)
        """,
        """
        from functools import wraps

        def own_note(view):
            @wraps(view)
            def inner(note_id, *args, **kwargs):
                note = Note.query.filter_by(id=note_id).first()
                if note is None:
                    abort(404)
                return view(note, *args, **kwargs)
            return inner

        @app.get("/notes/<int:note_id>")
        @login_required
        @own_note
        def x(note):
            return jsonify(text=note.text)
        """,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_caller_takes_part(name: str) -> None:
    head, good, _ = CASES[name]
    assert list(owned(head + dedent(good)).values()) == [State.FOUND]


@pytest.mark.parametrize("name", CASES)
def test_in_its_twin_the_caller_does_not(name: str) -> None:
    head, _, bad = CASES[name]
    assert list(owned(head + dedent(bad)).values()) == [State.MISSING]


def test_what_is_walked_from_the_caller_belongs_to_the_caller() -> None:
    source = FLASK + dedent(
        """
        @app.get("/notes")
        @login_required
        def x():
            return jsonify([note.text for note in current_user.notes])
        """
    )
    assert State.MISSING not in owned(source).values()


def test_a_record_of_the_callers_own_choice_in_the_body() -> None:
    source = FASTAPI + dedent(
        """
        from pydantic import BaseModel

        class Change(BaseModel):
            task_id: int
            title: str

        @app.post("/rename")
        def x(change: Change, user: User = Depends(me), db: Session = Depends(get_db)):
            task = db.get(Task, change.task_id)
            task.title = change.title
            db.commit()
            return {"done": True}
        """
    )
    assert owned(source) == {"/rename": State.MISSING}
