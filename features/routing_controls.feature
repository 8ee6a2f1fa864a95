Feature: Routing controls lead clients
  Health checks follow switches, and nobody looks at any endpoint. Whoever fails over switches them through the five
  endpoints of a cluster, some of which are away for maintenance at any time and one of which is lost with its region.
  A safety rule keeps them from being off all at once.

  Background:
    Given clients are led by routing controls
    And the application runs in two regions

  @severity:blocker
  Scenario: Routing control failover
    The region is lost, and with it the endpoint there; two more are away. One call to an endpoint that is left must turn
    the lost region off and the other one on, together, and once the region is well again another one back.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:blocker
  Scenario: Control, routing controls not switched
    Whoever would switch the routing controls is killed with the region. Nobody leads clients away: the drill must go red.
    Given as a control, the drill must be MISSED
    And the subject runs operator
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the process operator.outside is killed
    Then clients are served by the standby region within the recovery time objective
    And the control holds
