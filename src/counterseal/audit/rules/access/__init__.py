"""Access: who may call a route, which records it lets them touch, and which fields they may write."""
