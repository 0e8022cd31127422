"""Transport: which origins may call, and whether TLS is checked."""
