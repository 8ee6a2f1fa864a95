Feature: DigitalOcean, and an intermediary that fails over
  Two data centres with a load balancer each, an A record that knows nothing of health, and an intermediary that rewrites
  it through the API. A data centre is lost and its database is not: the databases are in regions of their own.

  Background:
    Given clients are steered through a provider's API
    And the application runs in two regions

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

  @severity:blocker
  Scenario: Database region lost, endpoint switched
    DynamoDB is lost in the region near the primary, and the data centre is not. The application turns to the other
    region's database where it is; clients stay, and the DNS answer does not move.
    Given steady state in the primary region
    When DynamoDB is lost in the primary region, black-holed
    Then clients are served by the primary region within the recovery time objective
    And the database of the standby region takes the writes
    And clients stay with the primary region
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then the database of the primary region takes the writes
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes

  @severity:blocker
  Scenario: Platform and database lost
    The data centre and the database near it are lost together. Clients must be sent to the other one, and that must turn
    to the other database: two moves, made by two deciders that need not wait for each other.
    Given steady state in the primary region
    When DynamoDB is lost in the primary region, black-holed
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the database of the standby region takes the writes
    And no more is lost than the recovery point objective allows
    When the faults heal
    Then service fails back to the primary region
    And the database of the primary region takes the writes
    And steady state holds again
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Planned failback, uninterrupted
    The way back is planned, so nobody needs to be kept waiting: whichever data centre a client still reaches works on the
    database that is active. What is left is the moment in which nobody may write.
    Given a planned interruption objective of 2 seconds
    And steady state in the primary region
    When DynamoDB is lost in the primary region, refused
    And the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then the database of the primary region takes the writes
    And service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data
    And at no time did both regions accept writes

  @severity:blocker
  Scenario: Intermediary killed during failover
    The intermediary that leads dies at the moment of the outage. Another one must take over, and it must know that it may.
    Given the subject runs intermediary and intermediary-b
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the process intermediary.outside is killed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:blocker
  Scenario: Control, single intermediary killed
    Only one intermediary is left when the outage comes, and it dies then. Nobody rewrites the record: the drill must go
    red.
    Given as a control, the drill must be MISSED
    And the subject runs intermediary and intermediary-b
    And steady state in the primary region
    When the process intermediary-b.outside is killed
    And the primary region is lost, black-holed
    And the process intermediary.outside is killed
    Then clients are served by the standby region within the recovery time objective
    And the control holds

  @severity:critical
  Scenario: Provider API throttled during failover
    The API answers every call with "too many requests" while the failover is due. Whoever asks on and on stays throttled;
    whoever gives up never moves anybody.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    And the provider's API is throttled, for 60 seconds
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Stale intermediary wakes up
    The intermediary that leads stands still when the outage comes, and wakes after another one has moved the clients. In
    its picture of the world the lost data centre is well. It must not act upon that.
    Given the subject runs intermediary and intermediary-b
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the process intermediary.outside is frozen, for 150 seconds
    Then clients are served by the standby region within the recovery time objective
    And clients stay with the standby region
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Platform comes and goes
    The data centre is back for a moment, and lost again. Clients that were sent back at its first good answer would be
    lost with it, so nobody may be before it was well for the hold-down.
    Given steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the primary region heals
    And 75 seconds pass
    And the primary region is lost, refused
    Then clients stay with the standby region
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And at no time did both regions accept writes

  @severity:critical
  Scenario: Record replaced, NXDOMAIN
    Somebody replaces the record by deleting it and making it anew. Nothing else is wrong, and the name is gone for
    seconds; but whoever asks then may remember for 1800 seconds that it does not exist. The drill must go red.
    Given as a control, the drill must be MISSED
    And an error budget of 5 % of requests
    And steady state in the primary region
    When the record is deleted and made anew after 25 seconds
    Then over 300 seconds no more requests fail than the error budget allows
    And the control holds
