"""What a world is made of: seams between parts, and how parts are put together. No sockets, no processes."""
