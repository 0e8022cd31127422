"""Cryptography: passwords, randomness, ciphers and comparisons."""
