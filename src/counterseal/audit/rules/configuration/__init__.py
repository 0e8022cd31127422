"""Configuration: what is fit for development and not for production."""
