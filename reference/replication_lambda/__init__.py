"""Pushes its own region's changes into the other one: a Lambda function fed by the table's stream, and its keeper."""
