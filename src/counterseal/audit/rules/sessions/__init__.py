"""Sessions and cookies: what a browser keeps to say who it is."""
