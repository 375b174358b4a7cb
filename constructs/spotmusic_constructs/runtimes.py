"""Runtime of the platform's Lambda functions."""

from aws_cdk import aws_lambda as lambda_

PYTHON = lambda_.Runtime.PYTHON_3_14
"""Supported until the middle of 2029 (AWS Lambda developer guide, runtimes, read 2026-11). Handlers
also run on the Python of the tests."""
