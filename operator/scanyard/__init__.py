"""Scanyard: a scan queue for Kubernetes."""
