"""Figures for Prometheus: counters made from the journal, gauges from the live floor, and the page for both."""
