"""Copies the primary's changes to the secondary, one way.

Mistakes on purpose: it starts at the newest record and keeps no position; removals are ignored; whatever goes wrong
with a record, the record is skipped; nothing is conditional, so an old value replaces a new one.
"""

import os
import time

import boto3

primary, secondary = os.environ["PRIMARY_REGION"], os.environ["SECONDARY_REGION"]
source = boto3.client("dynamodb", region_name=primary)
streams = boto3.client("dynamodbstreams", region_name=primary)
target = boto3.client("dynamodb", region_name=secondary)


def open_stream() -> str:
    specification = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    table = source.describe_table(TableName="items")["Table"]
    if "LatestStreamArn" not in table:
        table = source.update_table(TableName="items", StreamSpecification=specification)["TableDescription"]
    arn = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    reply = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="LATEST")
    return reply["ShardIterator"]


iterator = open_stream()
while True:
    try:
        page = streams.get_records(ShardIterator=iterator)
    except Exception as error:  # noqa: BLE001 - one of the mistakes
        print("stream", error)
        continue
    iterator = page["NextShardIterator"]
    for record in page["Records"]:
        try:
            target.put_item(TableName="items", Item=record["dynamodb"]["NewImage"])
        except Exception as error:  # noqa: BLE001 - one of the mistakes
            print("skipped", record["eventID"], error)
    time.sleep(0.2)
