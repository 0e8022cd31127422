"""Any signed-in user can do what only some roles should do.

Reported is a route that knows its caller but checks no role, although the policy asks for one, it lies on a path for
administrators, the other routes for the same records or of the same file check a role, it writes roles or permissions as the
request says, or it lists all accounts with their private data.

## Why it matters

Signing up is all that an attacker needs: the account of an ordinary customer deletes products, promotes itself to administrator,
or downloads the list of all users. Such a route is easily missed in a review because it *has* a guard, only the weaker one.

## Remedy

Check the role where the neighbouring routes check it, with the same dependency or decorator, and state the rule once in
`counterseal.toml`, so that a route added later is checked against it too:

```
[[routes]]
match = "/admin/**"
role = "admin"
```

## Examples

```python bad framework=fastapi
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    role: Mapped[str]


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class ProductIn(BaseModel):
    name: str


class RoleChange(BaseModel):
    role: str


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


def admin(user: User = Depends(current_user)) -> User:
    if user.role != "admin":
        raise HTTPException(403)
    return user


@app.post("/products", dependencies=[Depends(admin)])
def add_product(product: ProductIn, db: Session = Depends(get_db)):
    db.add(Product(name=product.name))
    db.commit()


@app.delete("/products/{product_id}", dependencies=[Depends(current_user)])  # finding
def delete_product(product_id: int, db: Session = Depends(get_db)):
    db.delete(db.get(Product, product_id))
    db.commit()


@app.put("/users/{user_id}/role", dependencies=[Depends(current_user)])  # finding
def set_role(user_id: int, change: RoleChange, db: Session = Depends(get_db)):
    user = db.get(User, user_id)
    user.role = change.role
    db.commit()
```

```python good framework=fastapi
import os

import jwt
from fastapi import APIRouter, Depends, FastAPI, HTTPException
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
scheme = OAuth2PasswordBearer(tokenUrl="/token")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
    role: Mapped[str]


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    stock: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))


class RoleChange(BaseModel):
    role: str


def get_db() -> Session: ...


def current_user(token: str = Depends(scheme), db: Session = Depends(get_db)) -> User:
    claims = jwt.decode(token, os.environ["JWT_KEY"], algorithms=["HS256"])
    user = db.get(User, claims["sub"])
    if user is None:
        raise HTTPException(401)
    return user


class Requires:
    def __init__(self, role: str) -> None:
        self.role = role

    def __call__(self, user: User = Depends(current_user)) -> User:
        if user.role != self.role:
            raise HTTPException(403)
        return user


admin = APIRouter(prefix="/admin", dependencies=[Depends(Requires("admin"))])


@admin.put("/users/{user_id}/role")
def set_role(user_id: int, change: RoleChange, db: Session = Depends(get_db)):
    user = db.get(User, user_id)
    user.role = change.role
    db.commit()


@admin.delete("/products/{product_id}")
def delete_product(product_id: int, db: Session = Depends(get_db)):
    db.delete(db.get(Product, product_id))
    db.commit()


@app.post("/orders")
def order(product_id: int, user: User = Depends(current_user), db: Session = Depends(get_db)):
    product = db.get(Product, product_id)
    product.stock = product.stock - 1
    db.add(Order(user_id=user.id, product_id=product.id))
    db.commit()


@app.get("/orders")
def my_orders(user: User = Depends(current_user), db: Session = Depends(get_db)):
    return db.scalars(select(Order).where(Order.user_id == user.id)).all()


app.include_router(admin)
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, UserMixin, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    email = db.Column(db.String(200))
    is_admin = db.Column(db.Boolean)


@app.get("/users")  # finding
@login_required
def users():
    return jsonify([{"id": user.id, "email": user.email} for user in User.query.all()])


@app.post("/admin/users/<int:number>/delete")  # finding
@login_required
def delete_user(number):
    db.session.delete(db.get_or_404(User, number))
    db.session.commit()
    return "", 204
```

```python good framework=flask
from functools import wraps

from flask import Flask, abort, jsonify
from flask_login import LoginManager, UserMixin, current_user, login_required
from flask_sqlalchemy import SQLAlchemy

app = Flask(__name__)
db = SQLAlchemy(app)
LoginManager(app)


class User(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80))
    email = db.Column(db.String(200))
    is_admin = db.Column(db.Boolean)


def admin_required(view):
    @wraps(view)
    @login_required
    def guarded(*args, **kwargs):
        if not current_user.is_admin:
            abort(403)
        return view(*args, **kwargs)

    return guarded


@app.get("/members")
@login_required
def members():
    return jsonify([{"id": user.id, "name": user.name} for user in User.query.limit(100).all()])


@app.get("/admin/users")
@admin_required
def users():
    return jsonify([{"id": user.id, "email": user.email} for user in User.query.all()])


@app.post("/admin/users/<int:number>/delete")
@login_required
def delete_user(number):
    if not current_user.is_admin:
        abort(403)
    db.session.delete(db.get_or_404(User, number))
    db.session.commit()
    return "", 204
```

```toml
roles = ["customer", "support", "admin"]

[[routes]]
match = "GET /reports/**"
role = "support"
```

```python bad framework=flask
from flask import Flask, jsonify
from flask_login import LoginManager, login_required

app = Flask(__name__)
LoginManager(app)


@app.get("/reports/sales")  # finding
@login_required
def sales():
    return jsonify(total=1)
```
"""

from __future__ import annotations

from collections.abc import Iterator

from counterseal.audit.findings import Confidence, Exposure, Hit, Related, Rule, Severity
from counterseal.audit.rules._shared.access_roles import Reason, role_reason
from counterseal.audit.rules._shared.access_routes import claimed, excused, handler_name, judged, role_unjudged
from counterseal.audit.surface.model import Route, Surface
from counterseal.guarantees import Guarantee
from counterseal.policy import Policy


def _check(surface: Surface, policy: Policy) -> Iterator[Hit]:
    for route in judged(surface):
        # Without any authentication the missing role is only a part of what is missing.
        if not claimed(route) or excused(route, policy, Guarantee.AUTHORIZED) or role_unjudged(route):
            continue
        found = role_reason(route, surface, policy)
        if found is not None:
            yield _hit(route, found)


def _hit(route: Route, found: Reason) -> Hit:
    role = found.role or "admin"
    return Hit(
        place=route.place,
        message=f"{route.name} {found.what}: it checks who is calling, but not what they may do",
        attack=f"Any signed-in user sends {route.name} and {found.gain}.",
        fix=_fix(route, role),
        subject=route.name,
        route=route.name,
        severity=found.severity,
        confidence=found.confidence,
        exposure=Exposure.USER,
        related=tuple(Related(place, text) for place, text in found.shown),
    )


def _fix(route: Route, role: str) -> str:
    name = handler_name(route)
    if route.framework == "fastapi":
        how = f'Let {name} depend on a check of the role, as in dependencies=[Depends(require_role("{role}"))]'
    else:
        how = f"In {name}, refuse with 403 unless the caller has the role {role}, with a decorator below the route decorator"
    return f'{how}, and state it in counterseal.toml: match = "{route.method} {route.path}", role = "{role}".'


RULE = Rule(
    id="missing-authorization",
    title="missing role check",
    cwe=(862, 285, 863),
    severity=Severity.HIGH,
    confidence=Confidence.HIGH,
    since="0.1.0",
    check=_check,
    owasp=("A01:2025", "API5:2023"),
    asvs=("v5.0.0-8.2.1", "v5.0.0-8.3.1"),
)
