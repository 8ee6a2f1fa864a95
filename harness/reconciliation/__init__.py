"""Making two tables the same again after both took writes: a plan that says who decides, and its application.

`deciding` decides (pure), `plan` is the file that people read and edit, `applying` writes, conditionally and once.
"""
