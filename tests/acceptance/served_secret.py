"""The bait: what must not leave."""

SECRET = "hunter2-of-the-database"
