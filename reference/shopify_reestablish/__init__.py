"""After a disaster: is everything there that the shop and the third parties need of this region, and what was replayed?

`python run.py shopify_reestablish [--check] [--json] [--patience SECONDS]`, with the environment of the application in
the region that serves from now on. It may run beside the application: all that both do comes about once. --check: look
only, change nothing; before a failover, in the region that stands by.
"""
