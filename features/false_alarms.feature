Feature: Small faults
  A failover is itself an interruption: a fault that is over before anybody could be moved must not cause one, and a
  fault that never quite fails must not go unnoticed.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Short blip, no failover
    The blip is shorter than the failover threshold. The real outage after it proves that the detector was alive.
    Given steady state in the primary region
    When the primary region is lost, refused, for 8 seconds
    Then clients stay with the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Repeated blips, no failover
    Each blip is over before anybody could be moved, and long after the one before it. A counter that is never reset
    adds them up. The real outage after them proves that the detector was alive.
    Given steady state in the primary region
    When the primary region is lost, refused, for 8 seconds
    Then clients stay with the primary region
    When the primary region is lost, refused, for 8 seconds
    Then clients stay with the primary region
    When the primary region is lost, refused, for 8 seconds
    Then clients stay with the primary region
    When the primary region is lost, refused, for 8 seconds
    Then clients stay with the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Gray failure
    Requests to the primary's DynamoDB fail one by one, and most of them do not: no three checks in a row need fail.
    Given steady state in the primary region
    And an error budget of 25 % of requests
    When 35 % of DynamoDB requests fail in the primary region
    Then over 450 seconds no more requests fail than the error budget allows
    When the fault heals
    Then nothing that was acknowledged stays lost
