"""A monitor that means well.

Mistakes on purpose: it runs in the primary and keeps the active region in the primary's table alone; it checks one
region after the other, with the SDK's default time-outs and retries; its status writer uses a module that does not
exist, and swallows the error; its counters count every failure there ever was; it fails back at the first good check,
with nobody fenced and nothing copied.
"""

import os
import time

import boto3

REGIONS = [os.environ["PRIMARY_REGION"], os.environ["SECONDARY_REGION"]]
KEY = os.environ["HEALTH_CHECK_KEY"]
THRESHOLD = int(os.environ["FAILOVER_THRESHOLD"])
clients = {region: boto3.resource("dynamodb", region_name=region) for region in REGIONS}
tables = {region: clients[region].Table(os.environ["HEALTH_CHECK_TABLE"]) for region in REGIONS}


def create_tables() -> None:
    for region in REGIONS:
        try:
            clients[region].create_table(
                TableName=os.environ["HEALTH_CHECK_TABLE"],
                KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        except Exception as error:  # noqa: BLE001 - one of the mistakes
            print("table", region, error)
        tables[region].put_item(Item={KEY: region, "status": os.environ["HEALTH_CHECK_VALUE"]})


def healthy(region: str) -> bool:
    try:
        item = tables[region].get_item(Key={KEY: region}).get("Item")
    except Exception as error:  # noqa: BLE001 - one of the mistakes
        print("check", region, error)
        return False
    return bool(item) and item["status"] == os.environ["HEALTH_CHECK_VALUE"]


def activate(region: str) -> None:
    try:
        now = boto3.utils.datetime.datetime.utcnow().isoformat()
        tables[REGIONS[0]].put_item(Item={KEY: "active_region", "region": region, "last_updated": now})
        print("active:", region)
    except Exception as error:  # noqa: BLE001 - one of the mistakes
        print("could not activate", region, error)


def watch() -> None:
    failures = dict.fromkeys(REGIONS, 0)
    active = REGIONS[0]
    while True:
        for region in REGIONS:
            if not healthy(region):
                failures[region] += 1
            elif region == REGIONS[0] and active != region:
                active = region
                activate(region)
        if failures[active] >= THRESHOLD:
            active = REGIONS[1]
            activate(active)
        time.sleep(1)


create_tables()
watch()
