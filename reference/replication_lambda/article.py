# mypy: ignore-errors
# ruff: noqa
# fmt: off
"""The handler of the article "Disaster Recovery 101: Architecting Auto-Failovers for DynamoDB and Shopify Deployments on
DigitalOcean", word for word (section "Custom Replication with DynamoDB Streams and Lambda"). It is what the drill
`control-article-handler` runs, and must not be mended: handler.py is the corrected one.
"""
import json
import boto3
import os

SECONDARY_REGION = os.environ['SECONDARY_REGION']
SECONDARY_TABLE_NAME = os.environ['SECONDARY_TABLE_NAME']
HEALTH_CHECK_TABLE = os.environ.get("HEALTH_CHECK_TABLE", "app-health-status")
HEALTH_CHECK_KEY = os.environ.get("HEALTH_CHECK_KEY", "region_status")
HEALTH_CHECK_VALUE = os.environ.get("HEALTH_CHECK_VALUE", "operational")

dynamodb = boto3.resource('dynamodb')
secondary_table = dynamodb.Table(SECONDARY_TABLE_NAME, region_name=SECONDARY_REGION)

def lambda_handler(event, context):
    # Check if the primary region is healthy before replicating
    # This is a simplified check; a more robust solution would involve
    # a dedicated health check mechanism for the replication process itself.
    try:
        primary_dynamodb_client = boto3.client('dynamodb', region_name=os.environ['AWS_REGION']) # Lambda runs in a region
        health_table_primary = primary_dynamodb_client.Table(HEALTH_CHECK_TABLE)
        response = health_table_primary.get_item(Key={HEALTH_CHECK_KEY: os.environ['AWS_REGION']})
        item = response.get('Item')
        if not item or item.get('status') != HEALTH_CHECK_VALUE:
            print(f"Primary region {os.environ['AWS_REGION']} is not operational. Skipping replication.")
            return {'statusCode': 503, 'body': 'Primary region not operational'}
    except Exception as e:
        print(f"Error checking primary region health: {e}. Proceeding with replication cautiously.")
        # Decide whether to proceed or halt based on your risk tolerance.

    for record in event['Records']:
        if record['eventName'] == 'INSERT' or record['eventName'] == 'MODIFY':
            new_image = record['dynamodb']['NewImage']
            # Transform new_image to match secondary table schema if necessary
            # For simplicity, assuming schema is identical
            try:
                secondary_table.put_item(Item=new_image)
                print(f"Successfully replicated item: {new_image.get('id')}") # Assuming 'id' is a primary key
            except Exception as e:
                print(f"Error replicating item {new_image.get('id')}: {e}")
                # Implement retry logic or dead-letter queue for failed writes
        elif record['eventName'] == 'REMOVE':
            old_image = record['dynamodb']['OldImage']
            # Assuming 'id' is the primary key
            try:
                secondary_table.delete_item(Key={'id': old_image['id']})
                print(f"Successfully deleted item: {old_image.get('id')}")
            except Exception as e:
                print(f"Error deleting item {old_image.get('id')}: {e}")
                # Implement retry logic or dead-letter queue for failed deletes
    return {'statusCode': 200, 'body': 'Replication complete'}
