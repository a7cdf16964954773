"""What people and machines ask for. No I/O: what they need comes in through `ports`."""
