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

  @severity:critical
  Scenario: Global table, replication paused
    The service stops replicating without anybody noticing, and then the region is lost. What is lost is as old as the
    pause; it comes back when the region heals.
    Given the tables are a global table with eventual consistency
    And steady state in the primary region
    When the replication service is paused
    And 50 seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the recovery point is at least as large as the stall
    When the faults heal
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:critical
  Scenario: Global table, both sides wrote
    Replication stands still while clients of both regions write the same items. When it goes on, the later write of
    each item must stand in both, and no write may have lost to one that was made before it.
    Given the tables are a global table with eventual consistency
    And both regions take writes at any time
    And steady state in the primary region
    When the replication service is paused for 60 seconds
    And 20 seconds pass
    Then both regions took writes of the same items while they were apart
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:critical
  Scenario: Both sides wrote, reconciled
    The replication service stands still and does not come back, and clients of both regions write the same items. The
    operator makes the tables the same by a plan: the later write of each item stands. How many items were in conflict,
    and what lost, is counted.
    Given the tables are a global table with eventual consistency
    And both regions take writes at any time
    And steady state in the primary region
    When the replication service is paused
    And 30 seconds pass
    Then both regions took writes of the same items while they were apart
    When the tables of both regions are reconciled by the newest written_ms
    And the faults heal
    Then the reconciliation left nothing different
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:blocker
  Scenario: Strong table, region lost
    Whatever was acknowledged is in another region, so that nothing may be missing there, not even for a moment.
    Given the tables are a global table with strong consistency
    And a recovery point objective of 0 items
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
