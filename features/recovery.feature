Feature: What was stored is wrong, and must be as it was
  No other region helps where the data itself is wrong: whatever copies it, copies that as well. What helps is a restore,
  and it brings back the past, so it has a recovery time and a recovery point of its own.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Table corrupted, restored
    A bad deployment rewrites many items while clients are at work. The operator restores the table to the last second
    before that, and puts back from there what is corrupt; what clients have written since must stay.
    Given point-in-time recovery is on in the primary region
    And steady state in the primary region
    When a bad deployment corrupts 100 items in the primary region
    And the table of the primary region is restored to the second before the corruption
    And the fault heals
    Then clients stay with the primary region
    And the table is as it was before the corruption
