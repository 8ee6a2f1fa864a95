"""A two-region application with automatic failover and deliberate failback: the subject that ships with the drills.

It is a client of nothing but DynamoDB and its environment variables. The design and its bounds are explained in
docs/REFERENCE_DESIGN.md.
"""
