"""What a contract costs, beside the same endpoint written by hand."""
