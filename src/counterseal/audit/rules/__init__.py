"""What the audit looks for: one rule, one file, in folders by area. The folder is the registry.

Beside the areas stand the machinery (`registry`), what a rule's file says about it (`docs`), and what rules share (`redact`).
"""
