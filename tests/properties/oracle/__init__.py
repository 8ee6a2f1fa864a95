"""Measurements and checkers one operation at a time, as plainly as they can be written.

They are what the ones on columns must agree with, result by result; nothing but tests and the benchmark uses them.
"""
