Feature: A lost region heals
  The way back loses more data than the way there: the healed region must catch up, the other side must stop
  accepting writes, and only then may clients return.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Region heals, failback
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Failback with a long backlog
    The region heals, and what it missed does not arrive: replication stands still for longer than any client keeps a
    DNS answer. Clients must stay where the data is until the region that heals has all of it.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When replication between the regions is stalled for 30 seconds
    And the primary region heals
    And 100 seconds pass
    Then clients stay with the standby region
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes
