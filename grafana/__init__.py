"""Scanyard's dashboards for Grafana, as code: `python -m grafana` writes them into the chart.

One file a dashboard; what they share is in board.py (variables, links, annotations), panels.py and
queries.py.
"""
