"""Table of findings, and a summary."""

from collections.abc import Sequence

from tools.preflight.finding import Finding, State


def table(findings: Sequence[Finding]) -> str:
    """Formats one line per finding, with the command below it if there is one, and a summary."""
    states = max(len(state) for state in State)
    names = max((len(finding.check) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:<{states}}  {finding.check:<{names}}  {finding.detail}")
        if finding.command and finding.state != State.OK:
            lines.append(f"{'':<{states}}  {'':<{names}}  → {finding.command}")
    counts = {state: sum(finding.state == state for finding in findings) for state in State}
    lines += ["", ", ".join(f"{count} {state}" for state, count in counts.items())]
    return "\n".join(lines)
