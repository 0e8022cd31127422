"""Who is calling: bearer tokens, sessions, API keys, or a function of your own."""
