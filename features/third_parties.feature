Feature: Systems of others
  An ERP, a CRM, whoever fulfils the orders: they belong to others, and are away for minutes or for days. Shoppers must not
  notice, and in the end each of them must hold everything that happened, once.

  @severity:critical
  Scenario: Third party lost
    The ERP is gone. Checkout goes on, what it must be told waits, and when it is back it is told all of it: every order,
    and none twice.
    Given the application tells systems of others what happens
    And the application runs in two regions
    And the shop sells 4 orders a second
    And steady state in the primary region
    When the ERP system is lost, black-holed
    Then over 100 seconds no more requests fail than the error budget allows
    And shoppers can still browse, add to cart, pay and track
    When the fault heals
    Then the ERP system holds every order, once, within 600 seconds
    And the ERP system was told in order
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Third party lies
    The ERP says that it has taken each order, and has stored none of them. Whoever believes that finds out at the end of
    the year.
    Given the application tells systems of others what happens
    And the application runs in two regions
    And the shop sells 4 orders a second
    And steady state in the primary region
    When the ERP system lies, for 100 seconds
    Then the ERP system holds every order, once, within 600 seconds
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Third party in maintenance
    The ERP is closed for two days, and says so. Nobody may give up meanwhile, and nobody may storm it: whoever asks again
    and again keeps it from coming back.
    Given the application tells systems of others what happens
    And the application runs in two regions
    And the shop sells 2 orders a second
    And steady state in the primary region
    When the ERP system is in maintenance for 2 days
    Then the ERP system holds every order, once, within 900 seconds
    And the ERP system was called at most 2 times for each record while it was in trouble

  @severity:blocker
  Scenario: Third party fails, region lost
    What waits for the ERP waits in a region, and that region is lost. It must not be lost with it, nor be told twice by
    the other one.
    Given the application tells systems of others what happens
    And the application runs in two regions
    And the shop sells 2 orders a second
    And steady state in the primary region
    When 100 % of the calls of the ERP system fail
    And 30 seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And the ERP system holds every order, once, within 900 seconds
