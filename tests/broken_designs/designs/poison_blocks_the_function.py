"""A record that nobody can apply makes the function fail, again and again, and everything behind it waits."""

ROWS = (43,)
ENVIRONMENT = "streams-lambda"
CAUGHT_BY = {"lambda-poison-record": ("missing",)}

CODE = """
from reference.replication_lambda import handler


def gave_up(self, bad):
    raise ValueError(bad.why)


handler.Function._gave_up = gave_up
handle = handler.handle
"""


def keeper() -> None:
    import io
    import zipfile

    from reference.replication_lambda import deployment

    honest = deployment.package

    def package():
        data = io.BytesIO(honest())
        with zipfile.ZipFile(data, "a") as archive:
            archive.writestr("broken.py", CODE)
        return data.getvalue()

    deployment.package = package
    deployment.HANDLER = "broken.handle"
    deployment.MAPPING = {**deployment.MAPPING, "MaximumRetryAttempts": -1, "BisectBatchOnFunctionError": False}
