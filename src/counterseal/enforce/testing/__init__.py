"""Testing applications under contract. `counterseal.testing` offers the names; only pytest can load them."""
