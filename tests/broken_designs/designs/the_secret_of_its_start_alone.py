"""Webhooks are checked with the secret that the process was started with, and the shop has got another one since."""

ENVIRONMENT = "shopify"
ROWS = (55,)
CAUGHT_BY = {"secret-rotated-during-failover": ("genuine messages were refused as forged",)}


def app() -> None:
    from reference.shopify_app import secrets_file

    def read_again(self):
        return False

    secrets_file.Secrets.read_again = read_again
