"""An operator that switches routing controls knows one endpoint of the cluster: the one that is lost with a region."""

ENVIRONMENT = "route53-routing-controls"
ROWS = (61,)
CAUGHT_BY = {"routing-control-failover": ("never recovered|not served",)}


def intermediary() -> None:
    from reference.intermediary import switching

    made = switching.RoutingControls.__init__

    def knows_one(self, settings) -> None:
        made(self, settings)
        self._order = ["us-east-1"]

    switching.RoutingControls.__init__ = knows_one
