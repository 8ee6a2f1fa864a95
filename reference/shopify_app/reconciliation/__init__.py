"""Learning from the shop itself what webhooks have not told."""
