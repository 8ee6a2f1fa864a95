"""The drill vocabulary: steps that any feature file can use once this package is installed."""

MODULES = (
    "given", "given_shop", "when", "when_hosted", "when_reconciled", "when_replicated", "when_data", "when_shop",
    "when_parties", "when_dns", "then", "then_audience", "then_business", "then_journeys", "then_parties",
)  # fmt: skip
"""Those that define them."""
