"""The drill vocabulary: steps that any feature file can use once this package is installed."""

MODULES = (
    "given", "when", "when_hosted", "when_reconciled", "when_replicated", "when_data", "then", "then_business",
    "given_shop", "when_shop",
)  # fmt: skip
"""Those that define them."""
