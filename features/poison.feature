Feature: Records that nobody expects
  Whoever follows a table's changes meets records that no version of the application ever wrote: of an older release, a
  migration, a repair by hand. One of them must neither stop the ones behind it nor take the ones beside it along.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Poison records
    Poison lies in the primary's table for a while before the region is lost: what is acknowledged after it must be
    at the standby all the same.
    Given steady state in the primary region
    When 3 poison records are written in the primary region
    And 50 seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data
