"""Verdicts of AWS Control Tower, cfn-lint and checkov on the templates."""
