Feature: A backup that restores
  Shopify keeps the platform. The theme and the application's data are the merchant's to protect, and a backup that nobody
  has restored protects nobody. Here they are restored by the commands that an operator has, while clients are at work.

  Background:
    Given the application runs in two regions

  @severity:critical
  Scenario: Theme restored
    A bad deployment breaks the theme that shoppers see: files are changed, gone, and too many. The operator restores the
    backup of before, and every file must say again what it said; the application must not be touched by it.
    Given steady state in the primary region
    And the shop's theme and the application's table have been backed up
    When a bad deployment breaks the shop's theme
    And the theme is restored from the backup
    And the fault heals
    Then clients stay with the primary region
    And the theme is as it was when it was backed up, within 900 seconds

  @severity:critical
  Scenario: App database restored
    A bad deployment rewrites what clients have stored. There is no point in time to go back to, only the backup of a
    moment before: the operator restores it beside the table, and puts back from there what is corrupt.
    Given a recovery point objective of 900 seconds
    And steady state in the primary region
    And the shop's theme and the application's table have been backed up
    When a bad deployment corrupts 50 items in the primary region
    And the table of the primary region is restored from the backup
    And the fault heals
    Then clients stay with the primary region
    And the table is as it was before the corruption, within 900 seconds
