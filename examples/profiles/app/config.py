"""Application settings, read from the environment."""

import os

SECRET_KEY = os.getenv("SECRET_KEY", "dev-secret-key-change-me")
ALGORITHM = "HS256"

DATABASE_URL = os.getenv("DATABASE_URL", "sqlite:///./profiles.db")

APP_NAME = "Profiles API"
APP_VERSION = "1.0.0"
