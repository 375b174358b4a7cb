"""Findings of AWS Control Tower, cfn-lint and checkov in the templates."""
