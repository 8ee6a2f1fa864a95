Feature: Whoever steers clients is what fails
  The provider's API is gone, or its health checks see nothing. The same drills run on every provider whose API and
  checks can be taken away here; what each of them then answers is by its own documented rules.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Control plane lost during failover
    The provider's API answers nobody when the region is lost, and stays so until the region is back. A failover that
    the provider's own health checks decide goes on without it; one that somebody has to call for does not come.
    Given steady state in the primary region
    When the provider's control plane is lost, silent
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the faults heal
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Provider health checks blind
    To the provider's checkers every place is lost, and none is. Clients must go on being served, and once the checkers
    see again, a region that is really lost must be left.
    Given an error budget of 5 % of requests
    And steady state in the primary region
    When the provider's health checks reach nothing
    Then over 120 seconds no more requests fail than the error budget allows
    And clients stay with the primary region
    When the fault heals
    Then steady state holds again
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:blocker
  Scenario: Control, health checks at a stop
    The provider's checkers stand still when the region is lost, and go on calling it healthy. Nobody leads clients away:
    the drill must go red.
    Given as a control, the drill must be MISSED
    And steady state in the primary region
    When the provider's health checks stand still
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the control holds
