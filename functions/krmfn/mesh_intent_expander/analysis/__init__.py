"""Istio's analysis messages, and checks that istioctl does not have."""
