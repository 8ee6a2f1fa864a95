"""A made-up steering method: an operator who looks at the primary every half second, and answers for it by DNS."""
