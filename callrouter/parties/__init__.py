"""Simulated callers, agents and outside parties with real SIP and RTP; they play stories and tell what was heard."""
