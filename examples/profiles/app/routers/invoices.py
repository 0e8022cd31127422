"""Invoices: drafts, changes, sending."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, status
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit import record
from app.database import get_db
from app.limits import rate_limit
from app.models import Invoice, Notification, User
from app.schemas import InvoiceCreate, InvoiceOut, InvoiceUpdate
from app.security import CurrentUser

router = APIRouter(prefix="/invoices", tags=["invoices"])


def get_own_invoice(db: Session, invoice_id: int, user: User) -> Invoice:
    """Load an invoice that belongs to the given user, or fail with 404."""
    invoice = db.scalar(select(Invoice).where(Invoice.id == invoice_id, Invoice.owner_id == user.id))
    if invoice is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="Invoice not found")
    return invoice


@router.get("", response_model=list[InvoiceOut])
def list_invoices(
    current_user: CurrentUser,
    db: Annotated[Session, Depends(get_db)],
    customer: Annotated[str | None, Query(max_length=200)] = None,
):
    """List invoices, optionally only those of one customer."""
    query = select(Invoice).order_by(Invoice.id)
    if customer:
        query = query.where(Invoice.customer == customer)
    return db.scalars(query).all()


@router.post("", response_model=InvoiceOut, status_code=status.HTTP_201_CREATED)
def create_invoice(data: InvoiceCreate, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Create a draft invoice."""
    invoice = Invoice(owner_id=current_user.id, **data.model_dump())
    db.add(invoice)
    db.commit()
    db.refresh(invoice)
    return invoice


@router.get("/{invoice_id}", response_model=InvoiceOut)
def read_invoice(invoice_id: int, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Return a single invoice."""
    invoice = db.get(Invoice, invoice_id)
    if invoice is None:
        raise HTTPException(status_code=status.HTTP_404_NOT_FOUND, detail="Invoice not found")
    return invoice


@router.put("/{invoice_id}", response_model=InvoiceOut)
def update_invoice(
    invoice_id: int,
    data: InvoiceUpdate,
    current_user: CurrentUser,
    db: Annotated[Session, Depends(get_db)],
):
    """Change a draft invoice."""
    invoice = get_own_invoice(db, invoice_id, current_user)
    if invoice.status != "draft":
        raise HTTPException(status_code=status.HTTP_409_CONFLICT, detail="Only drafts can be changed")
    for field, value in data.model_dump(exclude_none=True).items():
        setattr(invoice, field, value)
    db.commit()
    return invoice


@router.delete("/{invoice_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_invoice(invoice_id: int, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Delete an invoice."""
    invoice = get_own_invoice(db, invoice_id, current_user)
    record(db, current_user, "invoice_deleted", f"invoice:{invoice.id}")
    db.delete(invoice)
    db.commit()


@router.post(
    "/{invoice_id}/send",
    response_model=InvoiceOut,
    dependencies=[Depends(rate_limit("send_invoice", "5/minute"))],
)
def send_invoice(invoice_id: int, current_user: CurrentUser, db: Annotated[Session, Depends(get_db)]):
    """Send an invoice to the customer."""
    invoice = get_own_invoice(db, invoice_id, current_user)
    invoice.status = "sent"
    db.add(Notification(user_id=current_user.id, text=f"Invoice {invoice.id} was sent to {invoice.customer}"))
    record(db, current_user, "invoice_sent", f"invoice:{invoice.id}")
    db.commit()
    return invoice
