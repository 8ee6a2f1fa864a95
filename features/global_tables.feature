Feature: Global tables
  The service replicates, and not the application. With eventual consistency a lost region takes along what had not
  been replicated, and nobody bounds how much that is; with strong consistency it takes nothing.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Global table, region lost
    What the lost region had acknowledged and not replicated arrives when it heals, and loses to what was written since.
    Given the tables are a global table with eventual consistency
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes
