"""Pulls the other region's changes into its own region."""
