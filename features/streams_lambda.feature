Feature: Replication by functions that streams feed
  A table's stream feeds a function in its own region, and the function writes to the other one. The function lives where the
  data comes from: when that region is lost, it is lost with it, and what it had not copied yet is missing.

  @severity:blocker
  Scenario: Lambda replication, region lost
    The primary region goes away, with its functions. No more may be lost than they had not copied by then; when the
    region is back, they copy the rest.
    Given streams feed functions
    And the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:critical
  Scenario: Lambda, poison record
    Records that no function can apply lie in the stream for a while before the region is lost. They must not hold up what
    is behind them, and must not be dropped: they end in the queue.
    Given streams feed functions
    And the application runs in two regions
    And steady state in the primary region
    When 3 poison records are written in the primary region
    And 50 seconds pass
    And the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    When the fault heals
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost
    And both regions hold the same data

  @severity:blocker
  Scenario: Control, article handler
    The article's handler, word for word. It cannot even be loaded, and would swallow every error if it could: nothing is
    ever copied, and the drill must say so.
    Given as a control, functions run replication_lambda/article.py, so the drill must be MISSED
    And the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And no more is lost than the recovery point objective allows
    And the control holds
