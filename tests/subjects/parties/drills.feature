Feature: Systems of others

  Background:
    Given the application tells systems of others what happens
    And the application runs in two regions
    And steady state in the primary region

  Scenario: Lost
    When the ERP system is lost, black-holed
    Then over 60 seconds no more requests fail than the error budget allows
    When the fault heals
    Then the ERP system holds everything that clients wrote, once, within 300 seconds

  Scenario: Lies
    When the ERP system lies, for 60 seconds
    Then the ERP system holds everything that clients wrote, once, within 60 seconds

  Scenario: Failing
    When 100 % of the calls of the ERP system fail, for 60 seconds
    Then the ERP system holds everything that clients wrote, once, within 300 seconds
    And the ERP system was called at most 3 times for each record while it was in trouble
