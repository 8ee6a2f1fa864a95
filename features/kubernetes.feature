Feature: The application runs in pods
  What runs pods starts them again, takes them out of a Service and replaces them by itself. It must do that for the
  right reasons: for a pod that is sick, and not for a database that is.

  Background:
    Given the application runs in two regions
    And the application runs in pods

  @severity:critical
  Scenario: Pods of a place killed
    All pods of the primary region end at once, as when their nodes reboot. They are started again at once; nobody needs
    to be told.
    Given steady state in the primary region
    When all pods of the primary region are killed
    Then clients are served by the primary region within the recovery time objective
    When the fault heals
    Then steady state holds again
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Pod frozen
    One pod hangs. Its readiness probe takes it out of the Service, the others carry on, and nobody fails over.
    Given steady state in the primary region
    And an error budget of 25 % of requests
    When one pod of the primary region is frozen
    Then over 120 seconds no more requests fail than the error budget allows
    And clients stay with the primary region
    When the fault heals
    Then steady state holds again
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Bad deploy
    A version is rolled out whose pods never become ready. The old ones must go on serving until it is rolled back.
    Given steady state in the primary region
    And an error budget of 1 % of requests
    When a version that never gets ready is rolled out in the primary region
    Then clients stay with the primary region
    And over 300 seconds no more requests fail than the error budget allows
    When the fault heals
    Then steady state holds again
    And nothing that was acknowledged stays lost

  @severity:blocker
  Scenario: Liveness on database
    The database of the primary region is lost, and its pods are not. Restarting them would bring no database back, and
    recovery would have to wait for the crash-loop back-off.
    Given steady state in the primary region
    When DynamoDB is lost in the primary region, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And no pod was ended by its probes
    And nothing that was acknowledged stays lost

  @severity:blocker
  Scenario: Control, liveness on database
    The same outage with the article's liveness probe, which asks the database: every pod is restarted, again and again.
    Given as a control, liveness asks what readiness asks, so the drill must be MISSED
    And steady state in the primary region
    When DynamoDB is lost in the primary region, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And no pod was ended by its probes
    And the control holds
