"""Django's object mapper and its users."""

from __future__ import annotations

from counterseal.audit.libraries.model import Api, Library

_USERS = """
from django.db import models
from django.contrib.auth.base_user import Principal

class AbstractBaseUser(models.Model, Principal):
    password = models.CharField(max_length=128)
    last_login = models.DateTimeField(null=True)

class PermissionsMixin(models.Model):
    is_superuser = models.BooleanField(default=False)

class AbstractUser(AbstractBaseUser, PermissionsMixin):
    username = models.CharField(max_length=150, unique=True)
    first_name = models.CharField(max_length=150)
    last_name = models.CharField(max_length=150)
    email = models.EmailField()
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

class User(AbstractUser):
    pass

class Group(models.Model):
    name = models.CharField(max_length=150, unique=True)
"""
LIBRARY = Library(
    name="django_db",
    framework="django",
    calls={"django.db.models.Model.objects": Api("query", fixed={"get": "raises"})},
    aliases={"django.db.models.base.Model": "django.db.models.Model"},
    bases={
        "django.db.models.Model": "table",
        "django.contrib.auth.base_user.Principal": "user-mixin",
        "django.db.models.TextChoices": "enum",
        "django.db.models.IntegerChoices": "enum",
    },
    modules={"django.contrib.auth.models": _USERS},
)
