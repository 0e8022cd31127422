"""Rate limiting."""

from collections.abc import Callable

from fastapi import HTTPException, status
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from slowapi import Limiter
from slowapi.util import get_remote_address

from app.models import User
from app.security import CurrentUser

# Default limit for every endpoint, per client address.
limiter = Limiter(key_func=get_remote_address, default_limits=["100/minute"])

_windows = MovingWindowRateLimiter(MemoryStorage())


def rate_limit(action: str, amount: str) -> Callable[[User], None]:
    """Dependency factory: limit how often one user may perform an action."""
    item = parse(amount)

    def check(current_user: CurrentUser) -> None:
        if not _windows.hit(item, action, str(current_user.id)):
            raise HTTPException(status_code=status.HTTP_429_TOO_MANY_REQUESTS, detail="Too many requests, try again later")

    return check
