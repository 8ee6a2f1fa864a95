"""The client secret is read when the application starts: it goes on with the old one until somebody restarts it."""

ROWS = (60,)
ENVIRONMENT = "shopify"
CAUGHT_BY = {"secret-rotated-during-failover": ("genuine messages were refused as forged", "answered 401")}


def shopify_app() -> None:
    from reference.shopify_app import secrets_file

    look, looked = secrets_file.Secrets.read_again, []

    def once(self):
        if looked:
            return False
        looked.append(True)
        return look(self)

    secrets_file.Secrets.read_again = once
