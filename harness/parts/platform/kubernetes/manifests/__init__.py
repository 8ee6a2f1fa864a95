"""Manifests: read with their lines, checked by the published schema and by rules that no schema says, and resolved."""
