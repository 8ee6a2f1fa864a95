"""DynamoDB's exports to S3: their layout, and how they are read and written.

Developer Guide, "DynamoDB table export output format": full exports and incremental ones, as DynamoDB JSON.
"""
