Feature: DNS itself fails
  Failover by DNS rests on DNS: clients ask a resolver, and resolvers ask the zone's name servers. One of each may be gone
  and nobody may notice; and one answer that is false for a moment is remembered for much longer than that.

  Background:
    Given names are asked for over links of their own
    And the application runs in two regions

  @severity:critical
  Scenario: Resolver lost
    The resolver that every client asks first answers nothing. Clients wait for it at every lookup and ask the next one; and
    when the region is lost as well, they must still learn of the other.
    Given an error budget of 5 % of requests
    And steady state in the primary region
    When the resolver resolver-1 is lost, black-holed
    Then over 150 seconds no more requests fail than the error budget allows
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: Name server lost
    One of the zone's two name servers answers nothing. Resolvers must find out and ask the other one.
    Given an error budget of 5 % of requests
    And steady state in the primary region
    When the name server ns-1 is lost, black-holed
    Then over 150 seconds no more requests fail than the error budget allows
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the faults heal
    Then service fails back to the primary region
    And nothing that was acknowledged stays lost

  @severity:critical
  Scenario: NXDOMAIN blink
    For some seconds the name servers say that the name does not exist, as when a zone is replaced or a delegation is
    mended. Whoever asks then remembers it for as long as the SOA says: min(its TTL, its MINIMUM). Short enough, it costs
    little.
    Given an error budget of 25 % of requests
    And steady state in the primary region
    When the DNS answers of the name servers are denied, for 35 seconds
    Then over 300 seconds no more requests fail than the error budget allows
    And clients stay with the primary region
    And steady state holds again
    And nothing that was acknowledged stays lost
