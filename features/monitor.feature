Feature: Whoever decides is hit as well
  The monitor is a program too: it dies, stands still and loses its network, and rarely at a quiet time. What it had
  begun must be finished, and nothing that it decided long ago may take effect late.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Monitor restarted in the middle of a failover
    The monitor dies between noticing the loss and acting upon it. The one that follows knows nothing of either.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    And 15 seconds pass
    And the monitor is killed, for 5 seconds
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Monitor paused in the middle of a failover
    The monitor stands still, and wakes with a picture of the world that is old. It must not act upon that.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    And 15 seconds pass
    And the monitor is frozen, for 20 seconds
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Network of the monitor lost
    The monitor sees nobody, and everybody is well: it must not take its own blindness for the loss of a region. The
    real outage after it proves that it sees again.
    Given steady state in the primary region
    When the monitor is cut off, refused, for 18 seconds
    Then clients stay with the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Monitor cut off from the primary
    Only the monitor's way to the primary is lost; clients reach it. Whatever the monitor decides, clients must be
    served within the objective, and never by both regions at once.
    Given steady state in the primary region
    When the monitor is cut off from the primary region, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes
