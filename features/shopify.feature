Feature: The Shopify side
  The shop sells whatever becomes of the merchant's application, and tells it of everything by webhooks: at least once,
  in any order, for four hours, and never again. The application must know of all of it in the end, do nothing twice,
  believe nobody but the shop, and ask for what it was not told.

  @severity:blocker
  Scenario: Webhook burst, region lost
    The region is lost in the middle of a sale. What it had acknowledged and not worked off must not be lost with it, and
    what is sent again to the other region must not be done twice.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the shop takes 40 orders within 100 seconds
    And 30 seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
    And the application knows of everything that happened in the shop
    And nothing was done twice because of one event
    And no older state took the place of a newer one

  @severity:critical
  Scenario: Webhooks twice and out of order
    Shopify promises neither once nor in order. The region is lost while messages overtake one another, so that the two
    copies of one may arrive in two regions.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When 40 % of the shop's messages come twice, each up to 80 seconds late
    And 50 seconds pass
    And the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And the application knows of everything that happened in the shop
    And nothing was done twice because of one event
    And no older state took the place of a newer one

  @severity:blocker
  Scenario: Forged webhooks
    Whoever knows the address can send messages that look like the shop's. They must be refused in both regions, also in
    the one that only waits, while the shop's own are taken.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When 21 forged messages are sent to each region
    And 50 seconds pass
    And the fault heals
    Then every forged message was refused
    And no genuine message was taken for a forged one
    And the application knows of everything that happened in the shop

  @severity:blocker
  Scenario: Subscription removed
    The shop stops telling the application of anything while a region is lost. The application must notice soon,
    subscribe again, and ask for what it was not told in between.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the shop removes the application's webhook subscriptions
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And over 50 seconds the shop tells the application of everything that happens
    And the application knows of everything that happened in the shop
    And the application knew of each change in the shop within 200 seconds
    And nothing was done twice because of one event

  @severity:blocker
  Scenario: Outage longer than retries
    Nobody takes the shop's messages until it has given them up, and its subscriptions with them. It will never tell of
    them again: only who asks the shop itself can know.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the primary region is lost, refused
    And the standby region is lost, refused
    Then clients have nowhere to go
    When the shop has given up what it could not tell
    And the faults heal
    Then service fails back to the primary region
    And the application knows of everything that happened in the shop
    And nothing was done twice because of one event
    And no older state took the place of a newer one

  @severity:critical
  Scenario: Secret rotated during failover
    The secret is rotated while a region is lost, and for up to an hour messages are signed with either. Whoever checks
    them with the new one alone refuses the shop.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the client secret is rotated
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And no genuine message was taken for a forged one
    And the application knows of everything that happened in the shop
    And nothing was done twice because of one event

  @severity:critical
  Scenario: Admin API throttled
    After the failover everything that was missed must be asked for at once, and the shop refuses calls as too many for a
    while. Whoever does not wait as it says, or gives up, misses something.
    Given the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the primary region is lost, black-holed
    And the shop removes the application's webhook subscriptions
    And only 20 points are left for calls to the shop, and none come back for 200 seconds
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And the application knows of everything that happened in the shop
    And nothing was done twice because of one event

  @severity:critical
  Scenario: Control, dedupe in lost region
    What has been seen is kept in the region that saw it, and is lost with it: what comes again is done again, and the
    drill must say so.
    Given as a control, shopify-app runs with DEDUPE=region, so the drill must be MISSED
    And the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When 60 % of the shop's messages come twice, each up to 100 seconds late
    And 50 seconds pass
    And the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And nothing was done twice because of one event
    And the control holds

  @severity:critical
  Scenario: Control, token expired on standby
    The standby's token ran out long ago, and nobody there asks for a new one: whatever it must ask the shop for, it
    cannot, and the drill must say so.
    Given as a control, shopify-app runs with TOKEN_RENEWAL=off, so the drill must be MISSED
    And the application runs in two regions
    And the shop sells 1 orders a second
    And steady state in the primary region
    When the shop's access tokens of the standby region expire
    And the primary region is lost, black-holed
    And the shop removes the application's webhook subscriptions
    Then clients are served by the standby region within the recovery time objective
    When 200 seconds pass
    And the faults heal
    Then service fails back to the primary region
    And the application knew of each change in the shop within 200 seconds
    And the control holds
