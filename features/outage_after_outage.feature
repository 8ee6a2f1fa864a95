Feature: One outage after another
  A plan that works once may not work twice: what the first failover used up, forgot or left half done shows in the
  second. And when the side that took over is lost as well, there is nowhere to go, until one of the two comes back.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Second outage after failback
    There and back, and there again: the second failover is judged from the steady state before it.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Standby lost after failover
    The standby is lost while it serves for the primary. Whoever serves then serves from nowhere. The standby holds the
    newest data, so it is the one that returns first, and clients must be served by it again without anybody's help.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the standby region is lost, black-holed
    Then clients have nowhere to go
    When the standby region heals
    Then clients are served by the standby region within the recovery time objective
    When the primary region heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Standby lost soon after the takeover
    The primary is back, and has not caught up yet, when the standby that took over is lost. Clients must be served by
    the primary all the same, and what it lacks must come back with the standby.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the primary region heals
    And 10 seconds pass
    And the standby region is lost, black-holed
    Then clients are served by the primary region within the recovery time objective
    When the fault heals
    Then steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:normal
  Scenario: Many moves in a row
    Five times there and back are ten moves: what counts them needs a second digit, and what is left of each adds up.
    Given steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes
