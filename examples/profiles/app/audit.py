"""Audit trail for sensitive actions."""

from sqlalchemy.orm import Session

from app.models import AuditLog, User


def record(db: Session, actor: User, action: str, target: str) -> None:
    """Add an entry to the audit trail; it is committed with the change itself."""
    db.add(AuditLog(actor_id=actor.id, action=action, target=target))
