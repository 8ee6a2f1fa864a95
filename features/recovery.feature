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
    And the table is as it was before the corruption, within 900 seconds

  @severity:critical
  Scenario: Region gone, rebuilt
    A region's tables are gone for good, and the region with them. Clients go on in the other one. The operator rebuilds the
    tables from an export of that one and lets the region in again; what was written since the export must follow.
    Given point-in-time recovery is on in the standby region
    And steady state in the primary region
    When the tables of the primary region are deleted for good
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the primary region is rebuilt from the standby region
    And the faults heal
    Then service fails back to the primary region
    And steady state holds again
    And the primary region holds again what the standby region holds, within 1800 seconds
    And both regions hold the same data
    And at no time did both regions accept writes
