"""What stands in for AWS and for the carriers when Message Center runs on one machine."""
