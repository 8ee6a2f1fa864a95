Feature: The database of a region is lost
  The region is up, its load balancer and its application answer, but DynamoDB does not. A health check that only
  asks whether the process is alive never notices.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Database lost in primary
    Given steady state in the primary region
    When DynamoDB is lost in the primary region, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Writes fail and reads work
    The database refuses every write with an error, and answers every read. Whoever only reads to see whether it lives
    sees nothing wrong.
    Given steady state in the primary region
    When writes to DynamoDB fail in the primary region
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:critical
  Scenario: Writes fail in the standby
    For a while nothing can be replicated, because the standby's database takes no writes. It must be tried again: the
    region is lost when all of it should have arrived.
    Given steady state in the primary region
    When writes to DynamoDB fail in the standby region, for 30 seconds
    Then clients stay with the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:critical
  Scenario: Database power-cycled
    The database's server ends in the middle of what it does, and comes back with what it had stored: whatever it has
    acknowledged must be there. A server that keeps nothing cannot show that.
    Given steady state in the primary region
    When the database of the primary region loses power
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data
