"""This region's SQS: webhooks that were answered before the inbox had them, and what no third party will ever take.

A queue belongs to a region, and is lost with it for as long as that takes. So it is never the only place of anything
for good: a webhook in it is on its way into the inbox, and what a lost region had in there is learned from the shop by
whoever takes over; what is dead is in its row, too. Every call blocks, and raises CallFailed.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.log import say
from reference.settings import Settings
from reference.shopify_app.intake import Webhook

WEBHOOKS, DEAD_LETTERS = "shop-webhooks", "shop-dead-letters"
KEEPS_S = 1_209_600  # 14 days, the longest (SQS Developer Guide, "Amazon SQS quotas")
MESSAGE_MAX = 250_000  # of the 256 KB that every queue takes
HIDDEN_S = 10
BATCH_MAX = 10
CONNECTIONS = 32


class Buffer:
    """Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._client = Client(
            settings.region, service="sqs", timeout_s=settings.request_timeout_s, connections=CONNECTIONS
        )
        self._urls: dict[str, str] = {}

    def send(self, webhook: Webhook) -> bool:
        """Whether a webhook is in the queue; it may be too large for one."""
        body = base64.b64encode(gzip.compress(webhook.body, 1)).decode()
        said = {
            "id": webhook.id, "topic": webhook.topic, "event": webhook.event, "triggered_at": webhook.triggered_at,
            "body": body,
        }  # fmt: skip
        text = json.dumps(said)
        if len(text) > MESSAGE_MAX:
            return False
        self._call("send_message", WEBHOOKS, MessageBody=text)
        return True

    def receive(self) -> Iterator[tuple[str, Webhook]]:
        """Some of them, each with what it is deleted by; they come again unless they are."""
        found = self._call("receive_message", WEBHOOKS, MaxNumberOfMessages=BATCH_MAX, VisibilityTimeout=HIDDEN_S)
        for message in found.get("Messages", ()):
            try:
                webhook = _unpacked(message["Body"])
            except (ValueError, KeyError, TypeError, OSError, EOFError, zlib.error) as error:
                say("message not understood", level="alert", queue=WEBHOOKS, why=f"{type(error).__name__}: {error}")
                continue
            yield message["ReceiptHandle"], webhook

    def delete(self, receipt: str) -> None:
        """One of them is in the inbox."""
        self._call("delete_message", WEBHOOKS, ReceiptHandle=receipt)

    def bury(self, party: str, key: str, body: Mapping[str, object], why: str) -> None:
        """Something that a third party will never take: people look at it."""
        text = json.dumps({"party": party, "effect": key, "body": body, "why": why})
        self._call("send_message", DEAD_LETTERS, MessageBody=text)

    def _call(self, operation: str, queue: str, **arguments: Any) -> Mapping[str, Any]:
        if queue not in self._urls:
            keeps = {"MessageRetentionPeriod": str(KEEPS_S)}
            made = self._client.insist("create_queue", QueueName=queue, Attributes=keeps)
            self._urls[queue] = str(made["QueueUrl"])
        try:
            return self._client.call(operation, QueueUrl=self._urls[queue], **arguments)
        except CallFailed:
            self._urls.pop(queue, None)  # somebody may have deleted it
            raise

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()


def _unpacked(text: str) -> Webhook:
    said = json.loads(text)
    body = gzip.decompress(base64.b64decode(said["body"]))
    return Webhook(str(said["id"]), str(said["topic"]), str(said["event"]), str(said["triggered_at"]), body)
