"""What machines ask: is it alive, is it ready, how is it doing. Answered before sessions, hosts and logins come in."""
