Feature: The drill itself
  A drill that cannot fail proves nothing. Each control breaks the drill on purpose and holds when the drill says so.

  Background:
    Given the application runs in two regions

  @severity:blocker
  Scenario: Control, failover disabled
    With failover disabled nobody may recover: the drill must go red.
    Given as a control, failover is disabled, so the drill must be MISSED
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the control holds

  @severity:blocker
  Scenario: Control, fault never applied
    A fault that never bit proves nothing about recovery: the drill must be INVALID, never a pass.
    Given as a control, the fault is never applied, so the drill must be INVALID
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then the control holds
