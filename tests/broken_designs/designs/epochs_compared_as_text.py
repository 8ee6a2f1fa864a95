"""Epochs are stored as text, and text is compared letter by letter: the tenth comes before the second."""

ROWS = (38,)
CAUGHT_BY = {"many-moves-in-a-row": ("lost|never recovered|not served|differ|did not return",)}


def storefront() -> None:
    from reference.storefront import items

    honest = items._write

    def write(settings, item_id, epoch):
        arguments = honest(settings, item_id, epoch)
        arguments["ExpressionAttributeValues"][":epoch"] = {"S": str(epoch)}
        return arguments

    items._write = write


def replicator() -> None:
    from reference.replicator import apply, target

    honest = apply.request

    def version_of(item):
        if "epoch" not in item or "seq" not in item:
            return None
        try:
            return item["epoch"]["S"], int(item["seq"]["N"]), item["origin"]["S"]
        except (KeyError, TypeError) as error:
            raise ValueError(f"malformed version: {error!r}") from error

    def request(entry, route):
        operation, arguments = honest(entry, route)
        if entry.version is not None:
            arguments["ExpressionAttributeValues"][":epoch"] = {"S": entry.version[0]}
        return operation, arguments

    apply.version_of = version_of
    apply.request = target.request = request
