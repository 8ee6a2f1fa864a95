Feature: A region is lost
  The primary region goes away. Clients must be served by the standby within the recovery time objective, no more
  may be lost than the recovery point objective allows, and afterwards everything must come back to normal.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Region lost, black-holed
    Packets into and out of the region vanish: nothing refuses, nothing answers, everything times out.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost

  @severity:blocker
  Scenario: Region lost, refused
    Every connection into the region is refused at once, as when its hosts are up and its services are down.
    Given steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Replication stalled, then region lost
    Replication stops without anybody noticing, and then the region is lost. The recovery point is as large as the
    stall, and the report must say so.
    Given steady state in the primary region
    When replication between the regions is stalled for 50 seconds
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the recovery point is at least as large as the stall
    When the faults heal
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
