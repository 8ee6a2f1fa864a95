"""What a shop knows: its orders, customers, products, inventory, themes, and the app that is installed in it.

`Shop` is the whole of it, in memory. Every change goes through one of its methods, and each returns what changed, with
the body that a webhook of it carries. No sockets and no clock: the time is asked of whoever made the shop.
"""
