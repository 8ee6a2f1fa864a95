"""What clients write and read: a pure machine for each way of using keys. Which is next: harness.witness.ledger."""
