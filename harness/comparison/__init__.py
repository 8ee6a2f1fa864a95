"""Whether two tables hold the same: live tables and exports, item by item, at any size, by several engines that agree.

`canonical` says when two values are the same, `differences` what differs, `selection` which keys are looked at: pure.
`sources` reads tables and exports into canonical records, `store` keeps them on disk in buckets, `by_python`,
`by_duckdb` and `by_spark` compare. Imports nothing of a world, so that Spark's executors need this package alone.
"""
