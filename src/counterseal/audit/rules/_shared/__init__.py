"""What several rules need to know about a flow. Not an area: the name begins with an underscore."""
