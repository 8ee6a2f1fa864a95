"""The drill vocabulary: steps that any feature file can use once this package is installed."""
