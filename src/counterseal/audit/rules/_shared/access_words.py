"""Words by which programs name private data, privileges and public content.

They are hints, and used only together with where a value comes from and what is done with it.
"""

from __future__ import annotations

import re

from counterseal.policy import Policy


def _part(text: str) -> re.Pattern[str]:
    """A pattern for names in snake case of which one of the words is a part."""
    return re.compile(rf"(^|_)({'|'.join(text.split())})($|_)", re.IGNORECASE)


def _last(text: str) -> re.Pattern[str]:
    """A pattern for names in snake case that end in one of the words, or in its plural."""
    return re.compile(rf"(^|_)({'|'.join(text.split())})s?$", re.IGNORECASE)


def _whole(text: str) -> re.Pattern[str]:
    """A pattern for names that are one of the words."""
    return re.compile(rf"^({'|'.join(text.split())})$", re.IGNORECASE)


def _path(text: str) -> re.Pattern[str]:
    """A pattern for parts of paths and names of handlers."""
    return re.compile(rf"(?:^|[-_/. ])(?:{'|'.join(text.split())})(?=[-_/. ]|$)", re.IGNORECASE)


CREDENTIAL_FIELD = re.compile(
    r"(^|_)(pass(word|wd|phrase|code)?|pwd|pw)(_?(hash|digest|salt|enc|encrypted|\d))*$"
    r"|(hash|digest|salt|encrypted)(ed)?_?(pass|pwd|pw)|^(hash|salt)$"
    r"|(^|_)(secret|private_?key|api_?key|signing_?key|totp|otp|mfa|pin|cvv|cvc|cv2|security_answer)(_?(key|secret|code|hash|seed))?$"
    r"|(reset|verification|confirm(ation)?|activation|invite|remember|session|refresh|auth)_?(token|code|pin|password_code|key)(_hash)?$"
    r"|reset_password_(code|token)",
    re.IGNORECASE,
)
"""What only the application itself may know."""
FINANCIAL_FIELD = _part(
    "ccn cc_?number credit_?card.* card_?no card_?num card_?number pan iban bank_?account.* routing_?number ssn tax_?id"
)
CONTACT_FIELD = _part(
    "e_?mail phone mobile telephone address street zip zip_?code postal postcode date_of_birth birth_?day birth_?date dob "
    "passport national_id salary income balance diagnosis medical prescription allergies latitude longitude ip_?address "
    "emergency next_of_kin account_?no account_?number"
)
"""What is private to the person it is about."""
DEALING_FIELD = _part(
    "amount total subtotal paid final_price total_price payment invoice order_?no order_?number transaction shipping billing "
    "delivery balance limit currency due_?date appointment"
)
"""What belongs to dealings between the application and one person."""
DEALING_MODEL = _last(
    "order invoice payment transaction transfer loan account card cart basket booking reservation appointment message chat "
    "conversation notification document file attachment upload prescription record claim ticket subscription address addresse "
    "wallet coupon voucher session device api_?key token secret note task todo reminder expense budget medication vehicle bill "
    "statement payslip contract lead"
)
CONTENT_MODEL = _last(
    "post article blog story storie tweet comment reply replie review rating photo picture image video recipe question answer "
    "product listing event new page tag category categorie topic thread book movie song course lesson like follow follower "
    "following poll menu_?item profile"
)
CONTENT_FIELD = _whole(
    "slug published published_at published_on is_published is_public public visibility likes? likes?_count rating stars "
    "views? views?_count tagline excerpt"
)
PARTY_FIELD = _whole(
    "(from|to|src|source|dst|dest|destination|sender|recipient|receiver|payer|payee|debtor|creditor)_?"
    "(account|user|customer|wallet|member)(_?(id|no|number|name|email))?"
)
"""Fields that say between whom a record passed."""
IDENTIFYING_FIELD = re.compile(
    r"(^|_)(id|uid|uuid|guid|pk|user|username|login|e_?mail|phone|account|account_?(no|number)|number|no|slug|handle|reference|owner)$",
    re.IGNORECASE,
)
"""Columns that select single records, or those of one person."""
PRIVILEGE_FIELD = _whole(
    "(is_?)?(admin|administrator|superuser|super_user|staff|moderator|root|employee) "
    "(user_?|account_?)?(roles?|role_?(id|name)|groups?|permissions?|scopes?|privileges?|access_?level) user_?type account_?type"
)
"""Fields that say what somebody may do."""
VALUE_FIELD = _whole(
    "(account_?|current_?|wallet_?|available_?|card_?)?(balance|credits?|credit_?limit|points|card_?limit|spending_?limit) "
    "(is_?|e?_?mail_?|account_?|phone_?)*(verified|approved|confirmed|banned|suspended|locked|paid|premium|vip) "
    "hashed_?password password_?hash"
)
"""Fields that the application decides about, never the caller."""
STATIC_WORD = _path(
    "health healthz health[-_]?check livez readyz ping status version alive ready metrics favicon robots sitemap index home "
    "about privacy terms docs redoc openapi"
)
LEAVE_WORD = re.compile(r"(log|sign)[-_]?(out|off)|end[-_]?session", re.IGNORECASE)
ENTRY_WORD = _path(
    "log[-_]?in log[-_]?on sign[-_]?in sign[-_]?up register registration token authenticate auth oauth2? sso saml openid "
    "callback refresh refresh[-_]?token verify verification confirm confirmation activate activation forgot forgot[-_]?password "
    "reset reset[-_]?password recover recovery password[-_](reset|recovery|forgot) unsubscribe csrf"
)
SUBMISSION_WORD = _path(
    "contact contact[-_]us feedback newsletter subscribe waitlist inquiry inquiries enquiry enquiries survey track tracking "
    "analytics telemetry beacon csp[-_]?report pageview hits?"
)
ORDINARY_ROLES = frozenset(
    [
        "user",
        "users",
        "customer",
        "customers",
        "member",
        "members",
        "client",
        "patient",
        "student",
        "guest",
        "buyer",
        "subscriber",
        "basic",
        "normal",
        "regular",
        "anonymous",
        "default",
        "authenticated",
        "active",
        "is_active",
        "reader",
        "viewer",
    ]
)
"""Names of roles that everyone who signs up has."""
ADMIN_WORD = _path("admin administrator administration superuser superadmin sysadmin backoffice back-office moderation staff")


def is_secret_field(name: str, policy: Policy) -> bool:
    """Whether a field of this name must never leave the application."""
    if name in policy.not_sensitive:
        return False
    return policy.is_sensitive(name) or bool(CREDENTIAL_FIELD.search(name) or FINANCIAL_FIELD.search(name))


def is_credential_field(name: str, policy: Policy) -> bool:
    """Whether a field holds a password, key or code, however it is stored."""
    return name not in policy.not_sensitive and bool(CREDENTIAL_FIELD.search(name))


def is_privilege_field(name: str) -> bool:
    """Whether writing the field gives somebody rights, money or a standing that the application has to decide about."""
    return bool(PRIVILEGE_FIELD.match(name) or VALUE_FIELD.match(name))


def words(route_path: str, handler: str) -> str:
    """What a route calls itself: its path without parameters, and its handler's name."""
    return f"{re.sub(r'[{<][^}>]*[}>]', '', route_path)} {handler.rpartition('.')[2]}"
