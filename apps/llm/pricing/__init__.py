"""From what a call used to what it cost: pure rules and data, without database or network.

usage.py     the numbers as sent -> one convention
rates.py     prices x usage -> US dollars
tariffs.py   which prices held when
package.py   the list prices of genai-prices
overlay.py   our own corrections and additions, from data/
servers.py   which servers are somebody's own
finding.py   provider, model and address of a call -> tariff
quoting.py   the order of all these, and the answer with its reasons
"""
