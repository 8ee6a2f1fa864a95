Feature: Audience
  Users do not all come back when the answer changes: some of them are behind caches that keep the old one, or hold on to
  connections that lead nowhere. How many are back after how long is what an outage is remembered by.

  @severity:critical
  Scenario: Audience comes back
    A region vanishes. Nearly everybody must be back soon after the answer has changed, and everybody within the longest
    time that any of their caches keeps an answer.
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And at least 50 % of the audience is back within 120 seconds
    And at least 95 % of the audience is back within 170 seconds
    And at least 100 % of the audience is back within 450 seconds
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
