"""The records in DynamoDB: pynamodb models and their mapping. Models never leave this package."""
