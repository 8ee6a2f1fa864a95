"""`python -m reference.shopify_reestablish`: see the package."""

import argparse
import json
import sys

from reference.process import leave
from reference.settings import SettingsError, load
from reference.shopify_app.settings import load_shop
from reference.shopify_reestablish.steps import Steps

parser = argparse.ArgumentParser(
    prog="run.py shopify_reestablish", description="Shop and third parties, in order again."
)
parser.add_argument("--check", action="store_true", help="look only, change nothing")
parser.add_argument("--json", action="store_true", help="the report as JSON")
parser.add_argument("--patience", type=float, default=60.0, metavar="SECONDS", help="how long queues may take to drain")
given = parser.parse_args()
try:
    settings, shop = load(), load_shop()
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    leave(2)
if shop is None:
    sys.stderr.write("there is no shop: SHOP_DOMAIN is not given\n")
    leave(2)
steps = Steps(settings, shop, given.patience)
report = steps.run(only_look=given.check)
steps.close()
sys.stdout.write(json.dumps(report.as_dict(), indent=2) + "\n" if given.json else report.as_text())
leave(0 if report.good else 1)
