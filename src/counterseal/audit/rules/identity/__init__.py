"""Identity: who is calling, who has an account, and when an identity ends."""
