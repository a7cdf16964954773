"""What fulfils the ports: DynamoDB, S3, KMS, Step Functions, secrets, clock, ids, passwords."""
