Feature: DigitalOcean, and an intermediary that fails over
  Two data centres with a load balancer each, an A record that knows nothing of health, and an intermediary that rewrites
  it through the API. A data centre is lost and its database is not: the databases are in regions of their own.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Platform lost, black-holed
    The data centre vanishes: nothing refuses, nothing answers. Its database goes on.
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
  Scenario: Platform lost, refused
    The data centre refuses every connection at once.
    Given steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes
